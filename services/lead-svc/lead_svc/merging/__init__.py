"""Records that turn out to be the same: one survives with what both had, and within some weeks that can be undone."""
