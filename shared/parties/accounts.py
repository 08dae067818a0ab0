"""The accounts of the directory: name, region, owner and tier. An account is in the team that its owner is in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.query import Query, is_in, rows_param
from shared.db.tables import PARTY_ACCOUNT, ROSTER
from shared.db.tx import Reader, Tx
from shared.events.envelope import Envelope
from shared.events.party import AccountTold

_KEPT = ("id", "version", *AccountTold.model_fields)
_given = rows_param(PARTY_ACCOUNT, *_KEPT)
_put = insert(PARTY_ACCOUNT).from_select(_KEPT, select(*[_given.c[n] for n in _KEPT]))
_KEEP = Query(
    _put.on_conflict_do_update(
        index_elements=[PARTY_ACCOUNT.c.id],
        set_={n: _put.excluded[n] for n in _KEPT if n != "id"},
        where=PARTY_ACCOUNT.c.version < _put.excluded.version,
    ),
    UUID,
)
_named = rows_param(PARTY_ACCOUNT, "id", "name")
_NAME = Query(
    insert(PARTY_ACCOUNT)
    .from_select(["id", "name"], select(_named.c.id, _named.c.name))
    .on_conflict_do_nothing(index_elements=[PARTY_ACCOUNT.c.id]),
    UUID,
)
_LEVELS = Query(
    select(PARTY_ACCOUNT.c.id, PARTY_ACCOUNT.c.tier).where(is_in(PARTY_ACCOUNT.c.id, "ids"), PARTY_ACCOUNT.c.tier.is_not(None)), tuple
)
_NAMES = Query(select(PARTY_ACCOUNT.c.id, PARTY_ACCOUNT.c.name).where(is_in(PARTY_ACCOUNT.c.id, "ids")), tuple)


@dataclass(frozen=True, slots=True)
class Account:
    """What the directory knows of an account. `version` is that of its last event, 0 while only an import has named it."""

    id: UUID
    version: int
    name: str
    owner_id: UUID | None
    region: str | None
    tier: str | None
    team_id: UUID | None


_of_owner = PARTY_ACCOUNT.outerjoin(ROSTER, ROSTER.c.person_id == PARTY_ACCOUNT.c.owner_id)
_FIND = Query(
    select(*[PARTY_ACCOUNT.c[n] for n in Account.__slots__ if n != "team_id"], ROSTER.c.team_id)
    .select_from(_of_owner)
    .where(PARTY_ACCOUNT.c.id == bindparam("id")),
    Account,
)


async def find(db: Reader, id: UUID) -> Account | None:
    """The account; None for one unknown so far."""
    return await db.first(_FIND, id=id)


async def names_of(db: Reader, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names of those of these accounts that are known so far."""
    return {row["id"]: row["name"] for row in await db.records(_NAMES, ids=list(ids))} if ids else {}


async def levels_of(db: Reader, ids: Collection[UUID | None]) -> dict[UUID | None, str]:
    """The tiers of those of these accounts that have one."""
    named = [id for id in ids if id]
    return {row["id"]: row["tier"] for row in await db.records(_LEVELS, ids=named)} if named else {}


async def name(tx: Tx, given: Mapping[UUID, str]) -> None:
    """Keep the names of accounts that an import has named, until lead-svc tells of them; what is known stays."""
    if given:
        ids = sorted(given)
        await tx.run(_NAME, id=ids, name=[given[id] for id in ids])


async def hear(tx: Tx, events: Sequence[Envelope[Any]]) -> None:
    """Keeps what accounts are called, and who owns them.

    The last that a batch tells of each account counts, in the order of their ids; what is older than what is kept changes nothing.
    """
    last = {e.subject: e for e in sorted(events, key=lambda e: e.version) if isinstance(e.data, AccountTold)}
    if last:
        ids = sorted(last)
        said = {n: [getattr(last[id].data, n) for id in ids] for n in AccountTold.model_fields}
        await tx.run(_KEEP, id=ids, version=[last[id].version for id in ids], **said)
