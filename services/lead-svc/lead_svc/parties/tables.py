from sqlalchemy import Index

from lead_svc.metadata import metadata
from lead_svc.parties import keys
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
Index("ix_account_letters", keys.letters(ACCOUNT.c.compared).label("letters"), postgresql_ops={"letters": "text_pattern_ops"})
Index("ix_contact_email_newest", keys.email_key(CONTACT.c.email), CONTACT.c.created_at, postgresql_where=CONTACT.c.email.is_not(None))
Index("ix_contact_phone_newest", keys.phone_key(CONTACT.c.phone), CONTACT.c.created_at, postgresql_where=CONTACT.c.phone.is_not(None))
Index("ix_contact_name_newest", CONTACT.c.account_id, keys.name_key(CONTACT.c.name), CONTACT.c.created_at)

ACCOUNTS = Aggregate(ACCOUNT, Account, "account")
CONTACTS = Aggregate(CONTACT, Contact, "contact")
