from sqlalchemy import ARRAY, Column, Index, Integer, text

from lead_svc.index.record import Entry, Filling, Found
from lead_svc.metadata import metadata
from shared.db.record import table

ENTRY = table(
    "search_entry",
    metadata,
    Entry,
    Column("pieces", ARRAY(Integer), nullable=False, comment="pieces of the texts, as numbers"),
    Index("ix_search_entry_newest", "kind", "created_at", "id"),
    Index("ix_search_entry_deal", "deal_id", postgresql_where=text("deal_id IS NOT NULL")),
    Index("ix_search_entry_account", "account_id", postgresql_where=text("account_id IS NOT NULL")),
    Index("ix_search_entry_owner", "owner_id", postgresql_where=text("owner_id IS NOT NULL")),
    comment="what of each record is searched",
)
for kind in Found:
    # One for each kind: a word that is common in one of them costs the others nothing.
    Index(f"ix_search_entry_pieces_{kind}", ENTRY.c.pieces, postgresql_using="gin", postgresql_where=text(f"kind = '{kind}'"))

FILLING = table(
    "search_filling",
    metadata,
    Filling,
    key=("kind",),
    comment="kinds of records of which those from before are entered into the index",
)
