"""The tables of contract-svc: the plumbing that every service has, and what its features add."""

from shared.db.tables import service_metadata

metadata = service_metadata()
