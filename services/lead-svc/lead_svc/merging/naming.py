"""What of this service names accounts and contacts: it moves when these are merged, each record with its event."""

from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from lead_svc.parties.record import Contact
from lead_svc.parties.tables import CONTACTS
from shared.events.lead import LeadUpdated
from shared.events.party import ContactUpdated
from shared.parties.merges import Names, stragglers


def _lead(column: str) -> Names:
    def told(lead: Lead) -> LeadUpdated:
        return LeadUpdated.of(lead, changed=[column])

    return Names(party="contact" if column == "contact_id" else "account", of=LEADS, column=column, told=told)


def _contact(contact: Contact) -> ContactUpdated:
    return ContactUpdated.of(contact, changed=["account_id"])


NAMED = (
    Names(party="account", of=CONTACTS, column="account_id", told=_contact),
    _lead("account_id"),
    _lead("referrer_account_id"),
    _lead("contact_id"),
)
sweep = stragglers("lead-svc", *NAMED)
"""Moves what was made with an absorbed account or contact meanwhile."""
