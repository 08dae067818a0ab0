"""Deals and buying committees name accounts and contacts: they follow when these are merged, and when that is undone."""
