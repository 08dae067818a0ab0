"""How a batch of events changes what is counted."""
