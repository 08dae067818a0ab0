"""Computing the projection again: the cells from the facts, and everything from the log."""
