"""Open work over all services: the list, and somebody's day."""
