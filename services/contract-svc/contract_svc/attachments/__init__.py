"""Files that are attached to contracts."""
