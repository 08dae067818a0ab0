"""What counted things are declared with."""
