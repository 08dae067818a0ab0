"""The tables of deal-svc: the plumbing that every service has, and what its features add."""

from shared.names import known_name
from shared.tables import service_metadata

metadata = service_metadata()
known_name(metadata)
