from sqlalchemy import Index

from lead_svc.metadata import metadata
from lead_svc.parties.record import Account, Contact
from shared.db.query import Aggregate
from shared.db.record import table

ACCOUNT = table(
    "account",
    metadata,
    Account,
    Index("ix_account_created", "created_at", "id"),
    Index("ix_account_owner", "owner_id", "created_at", "id"),
    Index("ix_account_name", "name", "id"),
    Index("ix_account_compared", "compared"),
)
CONTACT = table(
    "contact",
    metadata,
    Contact,
    Index("ix_contact_created", "created_at", "id"),
    Index("ix_contact_account", "account_id", "created_at", "id"),
    comment="personal data: never in events",
)

ACCOUNTS = Aggregate(ACCOUNT, Account, "account")
CONTACTS = Aggregate(CONTACT, Contact, "contact")
