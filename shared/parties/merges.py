"""Records that lead-svc has merged: what names the absorbed one names the survivor, and goes back when that is undone.

Accounts, contacts, and leads, which imports name by their keys.

Events of different parties come in any order, and records that name a party are made at any time. So what belongs together is found again
and again: what still names an absorbed party is moved by one merge to its survivor, and by the next one further, and each merge keeps
what it has moved.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select, true, update

from shared.auth import SYSTEM
from shared.clock import Clock, moved_by
from shared.db.context import Context
from shared.db.database import Database
from shared.db.query import Aggregate, Query, is_in
from shared.db.tx import Reader, Tx
from shared.events.envelope import Envelope, Event
from shared.events.lead import LeadAbsorbed, LeadRestored
from shared.events.party import AccountAbsorbed, AccountRestored, ContactAbsorbed, ContactRestored
from shared.log.reactions import Reaction
from shared.log.readers import Reader as LogReader
from shared.log.readers import reacting
from shared.process.outage import Outage, every
from shared.process.settings import Settings

SECONDS = 20.0


class Naming(Protocol):
    """Records of a service that name a party. `part` is what they are called among what a merge has moved."""

    @property
    def party(self) -> str: ...
    @property
    def part(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def column(self) -> str: ...
    @property
    def comes_back(self) -> bool:
        """Whether they name the absorbed one again when the merge is undone."""
        ...

    async def move(self, tx: Tx, of: UUID, to: UUID, only: Sequence[str] | None = None) -> list[str]:
        """Let them name another party; `only`: those of these that do. Which ones they were."""
        ...


async def _nothing(_db: Reader, _to: UUID) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Names:
    """A column of an aggregate that names an account or a contact. `told` makes the event of a record that has changed.

    `more`: what else changes of it by that.
    """

    party: str
    of: Aggregate[Any]
    column: str
    told: Callable[[Any], Event]
    more: Callable[[Reader, UUID], Awaitable[Mapping[str, Any]]] = _nothing
    comes_back: bool = True

    @property
    def table(self) -> str:
        return self.of.table.name

    @property
    def part(self) -> str:
        return f"{self.table}.{self.column}"

    @cached_property
    def _all(self) -> Query[Any]:
        return self._query(true())

    @cached_property
    def _some(self) -> Query[Any]:
        return self._query(is_in(self.of.table.c.id, "only"))

    def _query(self, which: ColumnElement[bool]) -> Query[Any]:
        c = self.of.table.c
        rows = select(*[c[n] for n in self.of.names]).where(c[self.column] == bindparam("party"), which)
        return Query(rows.order_by(c.id).with_for_update(), self.of.into)

    async def move(self, tx: Tx, of: UUID, to: UUID, only: Sequence[str] | None = None) -> list[str]:
        asked = {"party": of} | ({} if only is None else {"only": [UUID(id) for id in only]})
        rows = await tx.all(self._all if only is None else self._some, **asked)
        if rows:
            changes: dict[str, Any] = {self.column: to, "updated_at": tx.now, **await self.more(tx, to)}
            for row in rows:
                tx.tell(row.id, row.version + 1, self.told(replace(row, **changes)))
            # Not `save_many`: only these columns change, and they change alike.
            table = self.of.table
            same = update(table).where(is_in(table.c.id, "ids")).values({n: bindparam(n, type_=table.c[n].type) for n in changes})
            await tx.run(Query(same.values(version=table.c.version + 1), self.of.into), ids=[row.id for row in rows], **changes)
        return [str(row.id) for row in rows]


# -- What a service keeps of merges --------------------------------------------------------------------------------------------

_KEEP = """
INSERT INTO party_merge (id, party, survivor_id, absorbed_id, moved, undone) VALUES ($1, $2, $3, $4, '{}', false) ON CONFLICT DO NOTHING
"""
_LOCK = "SELECT id, party, survivor_id, absorbed_id, moved, undone FROM party_merge WHERE id = $1 FOR UPDATE"
_MOVED = "UPDATE party_merge SET moved = $2 WHERE id = $1"
_UNDO = "UPDATE party_merge SET undone = true WHERE id = $1"
_FURTHER = """
WITH RECURSIVE way AS (
  SELECT $1::uuid AS id UNION SELECT m.survivor_id FROM way JOIN party_merge m ON m.absorbed_id = way.id AND NOT m.undone
)
SELECT id FROM way
"""


_NOW = """
WITH RECURSIVE way AS (
  SELECT absorbed_id AS of, survivor_id AS id, 1 AS far FROM party_merge WHERE party = $1 AND NOT undone AND absorbed_id = ANY($2::uuid[])
  UNION ALL
  SELECT way.of, m.survivor_id, far + 1 FROM way JOIN party_merge m ON m.absorbed_id = way.id AND NOT m.undone AND m.party = $1
  WHERE far < $3 AND m.survivor_id <> way.of
)
SELECT DISTINCT ON (of) of, id FROM way ORDER BY of, far DESC
"""
_FARTHEST = 100
"""Merges on the way from one record. Until the undoing of one of them is heard of, a way may lead round and round."""


async def survivors(db: Reader, party: str, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The record that each of these is now, for those that were merged as far as this service has heard."""
    return {row["of"]: row["id"] for row in await db.rows(_NOW, party, list(ids), _FARTHEST)} if ids else {}


async def absorbed(tx: Tx, named: Sequence[Naming], merge_id: UUID, party: str, survivor_id: UUID, absorbed_id: UUID) -> bool:
    """Keep a merge, and move what names the absorbed party; again, what has come since. Whether there was any."""
    await tx.execute(_KEEP, merge_id, party, survivor_id, absorbed_id)
    merge = await tx.row(_LOCK, merge_id)
    # Where the survivor leads to the absorbed one, a merge on that way was undone, which has not been heard of yet.
    if merge["undone"] or absorbed_id in await _places(tx, survivor_id):
        return False
    moved = await take_over(tx, [one for one in named if one.party == party], merge["moved"], absorbed_id, survivor_id)
    if moved == merge["moved"]:
        return False
    await tx.execute(_MOVED, merge_id, moved)
    return True


async def restored(tx: Tx, named: Sequence[Naming], merge_id: UUID) -> None:
    """Give back what a merge has moved, wherever later merges have moved it since."""
    merge = await tx.row(_LOCK, merge_id)
    if merge is not None and not merge["undone"]:
        await tx.execute(_UNDO, merge_id)
        places = await _places(tx, merge["survivor_id"])
        await give_back(tx, [one for one in named if one.party == merge["party"]], merge["moved"], merge["absorbed_id"], places)


async def _places(tx: Tx, id: UUID) -> list[UUID]:
    """The party, and those that it was merged into since."""
    return [row["id"] for row in await tx.rows(_FURTHER, id)]


async def take_over(
    tx: Tx, named: Sequence[Naming], before: Mapping[str, Sequence[str]], absorbed_id: UUID, survivor_id: UUID
) -> dict[str, list[str]]:
    """Move all that names the absorbed party; what has moved so far, by part."""
    moved = {part: list(ids) for part, ids in before.items()}
    for one in named:
        if ids := await one.move(tx, absorbed_id, survivor_id):
            moved[one.part] = [*moved.get(one.part, []), *ids]
    return moved


async def give_back(tx: Tx, named: Sequence[Naming], moved: Mapping[str, Sequence[str]], absorbed_id: UUID, places: Sequence[UUID]) -> None:
    """What came from the absorbed party, and is in one of these places still."""
    for one in named:
        for place in places if one.comes_back and moved.get(one.part) else ():
            await one.move(tx, place, absorbed_id, moved[one.part])


def reader(*named: Naming) -> LogReader:
    """The reader of a service whose records name parties."""

    kinds = {
        "account": (AccountAbsorbed, AccountRestored),
        "contact": (ContactAbsorbed, ContactRestored),
        "lead": (LeadAbsorbed, LeadRestored),
    }
    party_of = {gone: party for party, (gone, _) in kinds.items()}

    async def merged(tx: Tx, e: Envelope[AccountAbsorbed | ContactAbsorbed | LeadAbsorbed]) -> None:
        """Lets records that name a merged account, contact or lead name the survivor. Each tells of it."""
        await absorbed(tx, named, e.data.merge_id, party_of[type(e.data)], e.data.survivor_id, e.subject)

    async def unmerged(tx: Tx, e: Envelope[AccountRestored | ContactRestored | LeadRestored]) -> None:
        """Lets records that a merge had moved name the account or contact of before. Each tells of it."""
        await restored(tx, named, e.data.merge_id)

    heard: list[Reaction[Any]] = []
    for party in dict.fromkeys(one.party for one in named):
        gone, back = kinds[party]
        heard += [Reaction(gone, merged), Reaction(back, unmerged)]
    return reacting("merges", *heard)


# -- What was made meanwhile ---------------------------------------------------------------------------------------------------


async def sweep(db: Database, service: str, named: Sequence[Naming], clock: Clock) -> bool:
    """Move what names parties that were merged before; whether there was any. Of each merge in a transaction of its own."""
    asked = " UNION ".join(
        f"SELECT m.id, m.party, m.survivor_id, m.absorbed_id FROM party_merge m WHERE NOT m.undone AND m.party = '{one.party}' "
        f"AND EXISTS (SELECT FROM {one.table} x WHERE x.{one.column} = m.absorbed_id)"
        for one in named
    )
    async with db.read() as reader:
        merges = await reader.rows(asked)
    moved = False
    for merge in merges:
        async with db.begin(Context(service, SYSTEM, clock(), "merges", moved=moved_by(clock))) as tx:
            moved |= await absorbed(tx, named, merge["id"], merge["party"], merge["survivor_id"], merge["absorbed_id"])
    return moved


def stragglers(service: str, *named: Naming) -> Callable[..., Any]:
    """The job of a worker that moves what was made with an absorbed party after it was merged, as by an import or from a lead."""

    async def run(db: Database, _settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
        async def turn() -> None:
            while not stop.is_set() and await sweep(db, service, named, clock):
                pass

        await every(SECONDS, turn, stop, Outage("merges", service=service))

    return run
