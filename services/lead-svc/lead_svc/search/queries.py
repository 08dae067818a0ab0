"""Finding records by a text, within the reader's reach.

How a kind is looked through depends on how common the words are in it, which its newest records tell. Rare ones are looked up by their
pieces. For common ones the newest records are read one by one, which soon gives enough of them; who sees few records has those read.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import FromClause, Integer, Select, bindparam, select

from lead_svc.index import rules
from lead_svc.index.queries import common, has_pieces, has_words, of, said
from lead_svc.index.record import Entry, Found
from lead_svc.index.rules import Asked, Hit
from lead_svc.index.tables import ENTRY
from lead_svc.search.kinds import SOUGHT, Own, Sought
from shared.access.kinds import reach, unmasked
from shared.auth import Actor
from shared.db.query import Query, is_in
from shared.db.tx import Reader

RANKED = 1000
"""So many of the newest that have the words are put in order, of all kinds that are asked for."""
NEWEST = 20_000
"""So many of the newest are read one by one for common words."""
ENOUGH = 50
"""With fewer found among the newest, all that somebody sees is read instead."""

Path = Literal["pieces", "newest", "seen"]


class _Candidate(NamedTuple):
    id: UUID
    created_at: datetime
    said: str


@dataclass(frozen=True, slots=True)
class Match:
    """A record that was found, and by which of its values."""

    id: UUID
    kind: Found
    values: tuple[str, ...]


DETAILS = Query(select(*[ENTRY.c[name] for name in Entry.__slots__]).where(is_in(ENTRY.c.id, "ids")), Entry)


class _Statements:
    """The statements that look through a kind, compiled once for each way and for all who see as far."""

    def __init__(self, sought: Sought) -> None:
        self._sought = sought
        self._query = lru_cache(maxsize=64)(self._compile)

    def of(self, path: Path, masked: bool, actor: Actor) -> Query[_Candidate]:
        return self._query(path, masked, self._sought.key(actor), _Any(actor))

    def _compile(self, path: Path, masked: bool, key: tuple[Any, ...], by: "_Any") -> Query[_Candidate]:
        kind, newest_first = of(self._sought.kind), (ENTRY.c.created_at.desc(), ENTRY.c.id.desc())
        every, has = select(ENTRY), has_words(said(ENTRY, masked))
        found: FromClause
        if path == "seen":
            seen = every.where(kind, has, self._sought.by_ids(by.actor)).order_by(*newest_first).limit(bindparam("most", type_=Integer))
            return _candidates(select(found := seen.subquery("found")), found, masked)
        if path == "pieces":
            those = every.where(kind, has_pieces(), has).order_by(*newest_first).cte("found")
            found = those.prefix_with("MATERIALIZED", dialect="postgresql")  # so that it goes by the pieces, whatever else is asked
            rows = select(found)
        else:
            found = every.where(kind).order_by(*newest_first).limit(NEWEST).subquery("newest")
            rows = select(found).where(has_words(said(found, masked)))
        return _candidates(rows.where(self._sought.visible(by.actor, found)).limit(bindparam("most", type_=Integer)), found, masked)


def _candidates(rows: Select[Any], found: FromClause, masked: bool) -> Query[_Candidate]:
    return Query(rows.with_only_columns(found.c.id, found.c.created_at, said(found, masked).label("said")), _Candidate)


class _Any:
    """An actor that does not count in a cache's key: all that matters of it is in the key already."""

    __slots__ = ("actor",)

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Any)

    def __hash__(self) -> int:
        return 0


_STATEMENTS = {kind: _Statements(sought) for kind, sought in SOUGHT.items()}


async def find(db: Reader, actor: Actor, question: Asked, kinds: Collection[Found], limit: int) -> list[Match]:
    """The best first: what is so called, begins so, has words that begin so, has the words; of equals the newest first."""
    frequent = await common(db, question, kinds)
    found: list[tuple[Hit, datetime, UUID, Sought, bool]] = []
    for kind in kinds:
        sought = SOUGHT[kind]
        masked = not unmasked(sought.access, actor)
        for one in await _candidates_of(db, actor, question, sought, masked, kind in frequent, RANKED // len(kinds)):
            found.append((rules.hit(one.said, question), one.created_at, one.id, sought, masked))
    found.sort(key=lambda one: one[1], reverse=True)
    best = [found[n] for n in rules.by_place([one[0] for one in found])[:limit]]
    return [Match(id, sought.kind, _named(hit, sought)) for hit, _, id, sought, _ in best]


async def _candidates_of(
    db: Reader, actor: Actor, question: Asked, of: Sought, masked: bool, frequent: bool, most: int
) -> list[_Candidate]:
    statements, params = _STATEMENTS[of.kind], {"words": question.patterns, "most": most, **of.params(actor)}

    async def read(path: Path, **more: Any) -> list[_Candidate]:
        return [_Candidate(*record) for record in await db.records(statements.of(path, masked, actor), **params, **more)]

    if not frequent:
        return await read("pieces", pieces=question.pieces)
    how_far = reach(of.access, actor)
    if how_far.everything or how_far.tree:
        found = await read("newest")
        if how_far.everything or len(found) >= ENOUGH:
            return found
    return await read("seen")


def _named(hit: Hit, sought: Sought) -> tuple[str, ...]:
    names = (*sought.public, *sought.personal)
    return tuple(names[n] for n in hit.lines)


async def rows_of(db: Reader, matches: Sequence[Match]) -> dict[UUID, Any]:
    """The records that were found, as they are now; of other services what was told of them."""
    rows: dict[UUID, Any] = {}
    for kind in Found:
        if ids := [one.id for one in matches if one.kind is kind]:
            sought = SOUGHT[kind]
            read: Query[Any] = sought.of.get_many if isinstance(sought, Own) else DETAILS
            rows |= {row.id: row for row in await db.all(read, ids=ids)}
    return rows
