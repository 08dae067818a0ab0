"""Deals from files: each row carries the deal's own history, and the figures follow its times."""
