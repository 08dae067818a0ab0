from sqlalchemy import Index

from lead_svc.consent.record import Consent
from lead_svc.metadata import metadata
from shared.db.record import SILENT, table

CONSENT = table(
    "consent",
    metadata,
    Consent,
    Index("ix_consent_keys", "keys", postgresql_using="gin"),
    info=SILENT,
    comment="append-only; proof and reason may name people, so they are in no event",
)
