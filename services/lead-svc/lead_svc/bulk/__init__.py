"""Acts that are done with many leads at once."""
