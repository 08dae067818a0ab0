"""Which contact belongs to which account, as lead-svc tells: committees are made of the contacts of the deal's account."""
