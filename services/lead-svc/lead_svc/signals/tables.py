from sqlalchemy import CheckConstraint, Index, text

from lead_svc.metadata import metadata
from lead_svc.signals.record import Signal, Visitor
from shared.db.query import Aggregate
from shared.db.record import SILENT, table

SIGNAL = table(
    "signal",
    metadata,
    Signal,
    CheckConstraint("(lead_id IS NULL) = (visitor IS NOT NULL)", name="known_or_waits"),
    Index("ix_signal_lead", "lead_id", "at", "id", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_signal_at", "at", "id", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_signal_campaign", "campaign", "lead_id", postgresql_where=text("campaign IS NOT NULL AND lead_id IS NOT NULL")),
    Index("ix_signal_visitor", "visitor", postgresql_where=text("visitor IS NOT NULL")),
    info=SILENT,
    comment="what leads and visitors did; those of visitors wait until it is known whose they are",
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
