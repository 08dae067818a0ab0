"""Campaigns: what is planned, what it may cost, what was spent on it, and the leads that it brought."""
