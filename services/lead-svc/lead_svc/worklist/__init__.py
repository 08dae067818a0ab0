"""What is to be done about leads, of all features."""
