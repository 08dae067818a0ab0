"""Which contact belongs to which account, as lead-svc tells it from the beginning of the log on."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from deal_svc.contacts.commands import keep
from deal_svc.contacts.record import AccountContact
from shared.db.tx import Tx
from shared.events.envelope import Envelope
from shared.events.party import ContactAbsorbed, ContactCreated, ContactMerged, ContactRestored, ContactUnmerged, ContactUpdated
from shared.log.readers import folding

KINDS = (ContactCreated, ContactUpdated, ContactMerged, ContactUnmerged, ContactAbsorbed, ContactRestored)


async def hear(tx: Tx, events: Sequence[Envelope[Any]]) -> None:
    """Keeps which contact belongs to which account: only those of its account are on the committee of a deal.

    The last that a batch tells of each contact counts, in the order of their ids; what is older than what is kept changes nothing. One
    that was merged into another belongs to no account.
    """
    last: dict[UUID, AccountContact] = {}
    for e in events:
        if e.subject not in last or e.version > last[e.subject].told_version:
            account_id = None if isinstance(e.data, ContactAbsorbed) else e.data.account_id
            last[e.subject] = AccountContact(e.subject, e.version, account_id)
    await keep(tx, [last[id] for id in sorted(last)])


READER = folding("contacts-of-accounts", hear, KINDS)
