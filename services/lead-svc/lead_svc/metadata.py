"""The tables of lead-svc: the plumbing that every service has, and what the features add by importing this."""

from shared.names import known_name
from shared.tables import service_metadata

metadata = service_metadata()
known_name(metadata)
