from sqlalchemy import Index, text

from lead_svc.metadata import metadata
from lead_svc.signals.record import Signal, Visitor
from shared.db.query import Aggregate
from shared.db.record import table

SIGNAL = table(
    "signal",
    metadata,
    Signal,
    Index("ix_signal_lead", "lead_id", "at", "id", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_signal_visitor", "visitor", postgresql_where=text("visitor IS NOT NULL")),
    comment="what leads and visitors did; rows are only added, until a visitor is forgotten",
)
VISITOR = table(
    "visitor",
    metadata,
    Visitor,
    Index("ix_visitor_lead", "lead_id", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_visitor_seen", "seen_at"),
    comment="who signals come from that do not name a lead",
)

SIGNALS = Aggregate(SIGNAL, Signal, "signal")
