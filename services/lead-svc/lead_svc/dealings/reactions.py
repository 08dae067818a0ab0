"""The reader that keeps which deals and contracts accounts have, who owns them, and who has a part in the deals.

It reads the log from its beginning, so what was told before there was this table counts too.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from lead_svc.dealings.record import Known
from lead_svc.dealings.tables import DEALING
from shared.access import members
from shared.access.kinds import CONTRACTS, DEALS
from shared.access.members import Part
from shared.db.query import Query, columns, rows_param
from shared.db.tx import Tx
from shared.events.contract import ContractChanged, ContractDrafted
from shared.events.deal import DealHistoryCorrected, DealMemberAdded, DealMemberRemoved, DealOpened, DealUpdated
from shared.events.envelope import Envelope, Event
from shared.log.reactions import Take
from shared.log.readers import Reader, folding
from shared.parties.references import told_id

_KINDS = (DealOpened, DealUpdated, DealHistoryCorrected, ContractDrafted, ContractChanged)
_FIELDS = tuple(Known.__slots__)
_given = rows_param(DEALING, *_FIELDS)
_put = insert(DEALING).from_select(_FIELDS, select(*[_given.c[name] for name in _FIELDS]))
_KEEP = Query(
    _put.on_conflict_do_update(
        index_elements=[DEALING.c.id],
        set_={
            "account_id": func.coalesce(_put.excluded.account_id, DEALING.c.account_id),  # older releases named it at the opening only
            "owner_id": _put.excluded.owner_id,
            "heard": _put.excluded.heard,
        },
        where=DEALING.c.heard < _put.excluded.heard,
    ),
    UUID,
)


def reader(*also: Take) -> Reader:
    """`also` is done with the same events when that is kept."""
    return folding("dealings", _hear, (*_KINDS, DealMemberAdded, DealMemberRemoved), *also)


async def _hear(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
    """Keeps whose deals and contracts an account has, and who is in a deal's team.
    Who sees one sees the account.
    """
    known: dict[UUID, Known] = {}
    for event in events:
        if (told := _told(event)) is not None:
            before = known.get(told.id, told)
            known[told.id] = replace(told, account_id=told.account_id or before.account_id)
    if known:
        await tx.run(_KEEP, **columns(list(known.values()), _FIELDS))
    for event in events:
        data = event.data
        if isinstance(data, DealOpened) and data.actor and data.actor.type == "person" and data.actor.id != data.owner_id:
            await members.add(tx, event.subject, data.actor.id, Part.creator)
    await members.hear(tx, events)


def _told(event: Envelope[Event]) -> Known | None:
    data, id = event.data, event.subject
    if isinstance(data, DealOpened | DealHistoryCorrected):
        account_id = told_id("account", data.account_id, data.account_external_id, data.account_name)
        owner_id = told_id("person", data.owner_id, data.owner_external_id)
        return Known(id, DEALS.name, account_id, id, owner_id, event.version)
    if isinstance(data, DealUpdated):
        return Known(id, DEALS.name, data.account_id, id, data.owner_id, event.version)
    if isinstance(data, ContractDrafted | ContractChanged):
        return Known(id, CONTRACTS.name, data.account_id, data.deal_id, data.owner_id, event.version)
    return None
