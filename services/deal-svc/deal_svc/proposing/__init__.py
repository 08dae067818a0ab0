"""A package proposed from the needs of a deal and the prices that hold for it; nothing of it is kept."""
