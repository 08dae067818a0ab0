"""Deals and buying committees name accounts, contacts and leads: they follow when these are merged, and when that is undone."""
