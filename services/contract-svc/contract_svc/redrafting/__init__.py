"""Another contract for an accepted quote whose contract fell."""
