from sqlalchemy import Index

from lead_svc.dealings.record import Known
from lead_svc.metadata import metadata
from shared.db.record import table

DEALING = table(
    "dealing",
    metadata,
    Known,
    Index("ix_dealing_account", "account_id"),
    Index("ix_dealing_owner", "owner_id", "kind", "account_id"),
    Index("ix_dealing_deal", "deal_id"),
    comment="deals and contracts of accounts: who sees one sees its account",
)
