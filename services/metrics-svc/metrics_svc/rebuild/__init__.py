"""Computing the projection anew: the cells from the facts, and everything from the log."""
