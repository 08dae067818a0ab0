"""Keeping which contact belongs to which account."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from deal_svc.contacts.record import AccountContact
from deal_svc.contacts.tables import ACCOUNT_CONTACT
from shared.db.query import Query, columns, rows_param
from shared.db.tx import Tx

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


async def named(tx: Tx, contact_ids: Sequence[UUID], account_id: UUID) -> None:
    """Keep contacts that a converted lead names: lead-svc makes a new one, and tells of it, when the deal is open. What is known stays."""
    await keep(tx, [AccountContact(id, 0, account_id) for id in sorted(contact_ids)])


async def keep(tx: Tx, contacts: Sequence[AccountContact]) -> None:
    if contacts:
        await tx.run(_KEEP, **columns(contacts, _NAMES))
