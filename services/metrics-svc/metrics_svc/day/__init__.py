"""Somebody's day: what is to be done, what is wrong, and what became of yesterday."""
