"""The metadata of metrics-svc: the plumbing tables, and the features' own."""

from shared.db.tables import service_metadata

metadata = service_metadata()
