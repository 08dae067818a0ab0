"""Files that are attached to deals."""
