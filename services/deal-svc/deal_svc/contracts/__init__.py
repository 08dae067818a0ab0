"""The contracts of deals, as contract-svc tells of them."""
