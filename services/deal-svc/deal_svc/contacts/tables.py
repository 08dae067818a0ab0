"""Contacts and their accounts."""

from deal_svc.contacts.record import AccountContact
from deal_svc.metadata import metadata
from shared.db.record import table

ACCOUNT_CONTACT = table(
    "account_contact",
    metadata,
    AccountContact,
    key=("contact_id",),
    comment="which contact belongs to which account, as lead-svc, the party master, tells; ids only",
)
