"""Acts that are done with many deals at once."""
