"""What customers did by links. Rows are only added."""

from sqlalchemy import Index, text

from deal_svc.customer.record import Evidence
from deal_svc.metadata import metadata
from shared.db.record import table

EVIDENCE = table(
    "quote_evidence",
    metadata,
    Evidence,
    Index(None, "quote_id", "at"),
    Index("uq_quote_evidence_viewed", "link_id", unique=True, postgresql_where=text("did = 'viewed'")),
)
