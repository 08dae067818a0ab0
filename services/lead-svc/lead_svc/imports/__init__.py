"""Leads from files: lists of a trade show, another system's history. Each row carries its own past times."""
