"""The whole embedded system in one checked file, and back."""
