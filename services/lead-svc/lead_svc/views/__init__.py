"""Saved views: how somebody looks at a list, kept under a name."""
