"""The tables of deal-svc: the plumbing that every service has, and what its features add."""

from shared.db.tables import service_metadata
from shared.parties.references import known_name

metadata = service_metadata()
known_name(metadata)
