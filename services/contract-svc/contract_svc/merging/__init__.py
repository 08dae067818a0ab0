"""Contracts name accounts: they follow when these are merged, and when that is undone."""
