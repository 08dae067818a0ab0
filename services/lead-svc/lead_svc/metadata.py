"""The tables of lead-svc: the plumbing that every service has, and what the features add by importing this."""

from shared.db.tables import service_metadata
from shared.parties.references import known_name

metadata = service_metadata()
known_name(metadata)
