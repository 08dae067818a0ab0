"""Signals: what leads and visitors do that shows interest, and what brought them to us."""
