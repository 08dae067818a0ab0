"""Files that are attached to leads."""
