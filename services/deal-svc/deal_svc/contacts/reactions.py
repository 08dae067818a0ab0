"""Keeping which contact belongs to which account, as lead-svc tells it from the beginning of the log on."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from deal_svc.contacts.record import AccountContact
from deal_svc.contacts.tables import ACCOUNT_CONTACT
from shared.db.query import Query, columns, rows_param
from shared.db.tx import Tx
from shared.events.envelope import Envelope
from shared.events.party import ContactAbsorbed, ContactCreated, ContactMerged, ContactRestored, ContactUnmerged, ContactUpdated
from shared.log.readers import folding

KINDS = (ContactCreated, ContactUpdated, ContactMerged, ContactUnmerged, ContactAbsorbed, ContactRestored)

_NAMES = tuple(AccountContact.__dataclass_fields__)
_given = rows_param(ACCOUNT_CONTACT, *_NAMES)
_put = insert(ACCOUNT_CONTACT).from_select(_NAMES, select(*[_given.c[n] for n in _NAMES]))
_KEEP = Query(
    _put.on_conflict_do_update(
        index_elements=[ACCOUNT_CONTACT.c.contact_id],
        set_={n: _put.excluded[n] for n in _NAMES if n != "contact_id"},
        where=ACCOUNT_CONTACT.c.told_version < _put.excluded.told_version,
    ),
    UUID,
)


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
    await _keep(tx, [last[id] for id in sorted(last)])


async def named(tx: Tx, contact_ids: Sequence[UUID], account_id: UUID) -> None:
    """Keep contacts that a converted lead names: lead-svc makes a new one, and tells of it, when the deal is open. What is known stays."""
    await _keep(tx, [AccountContact(id, 0, account_id) for id in sorted(contact_ids)])


async def _keep(tx: Tx, contacts: Sequence[AccountContact]) -> None:
    if contacts:
        await tx.run(_KEEP, **columns(contacts, _NAMES))


READER = folding("contacts-of-accounts", hear, KINDS)
