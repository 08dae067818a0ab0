"""A kind of record of which two may be the same, and how those are found: declared once for leads, accounts and contacts each."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Generic
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    union,
)

from lead_svc.duplicates.policy import DuplicatePolicy
from lead_svc.duplicates.record import Certainty, DuplicateState, Match, P, Said
from lead_svc.duplicates.rules import PairActs
from shared.access.kinds import Kind as AccessKind
from shared.access.rows import Seen
from shared.access.scoped import Scoped
from shared.auth.actor import Actor
from shared.db.outbox import Told
from shared.db.query import Aggregate, Query, is_in
from shared.db.tx import Reader
from shared.events.envelope import Event
from shared.http.listing import Listing

MOST_ALIKE = 20
"""Records that are looked at for each thing in common: what more of them share, such as a switchboard, tells nothing of one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as it is compared. `owner_id`: whose leader is asked by those who may not see it."""

    id: UUID
    record: Any
    said: Said
    owner_id: UUID | None
    is_open: bool
    is_merged: bool


@dataclass(frozen=True, slots=True)
class Shared:
    """Another record that has something in common with one of those that were asked for. `by`: what; `place`: 1 is looked at first."""

    record_id: UUID
    other_id: UUID
    by: str
    place: int


def _subject(told: Told) -> UUID | None:
    return told.subject


@dataclass(frozen=True, slots=True)
class Heard:
    """An event after which a record is compared. `fields`: only if one of these has changed. `of`: which record, if not its subject."""

    fields: frozenset[str] | None = None
    of: Callable[[Told], UUID | None] = _subject
    is_new: bool = False
    """The record was not there before, so nothing is known of it yet."""

    def ids(self, told: Sequence[Told]) -> Iterable[UUID | None]:
        return (self.of(one) for one in told if self.fields is None or not self.fields.isdisjoint(getattr(one.event, "changed", ())))


class _Both:
    """Pairs of which one sees both records."""

    def __init__(self, *each: Seen) -> None:
        self._each = each
        self._condition = lru_cache(maxsize=64)(and_)

    def listed(self, actor: Actor) -> ColumnElement[bool]:
        return self._condition(*(one.listed(actor) for one in self._each))

    def params(self, actor: Actor) -> dict[str, Any]:
        return self._each[0].params(actor)


class PairItem(BaseModel):
    """A pair. `state`: suspected, dismissed (they are not the same) or cleared (they were changed)."""

    id: UUID
    other_id: UUID
    state: DuplicateState
    certainty: Certainty
    points: int
    decided_by: UUID | None
    decided_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Kind(Generic[P]):
    """How records of a kind are compared.

    `entries` reads them as they are compared, `sharing` finds others that have something in common with them, both in a few statements
    for any number. `one_by_one` waits for whoever else enters the same. `seen_by_column`: who sees the record that a column names.
    """

    of: Aggregate[Any]
    pairs: Aggregate[P]
    seen: Scoped[Any]
    seen_by_column: Callable[[ColumnElement[Any]], Seen]
    access: AccessKind
    acts: PairActs[P]
    suspected: type[Any]
    dismissed: type[Any]
    cleared: type[Any]
    heard: Mapping[type[Event], Heard]
    weights: Callable[[DuplicatePolicy], Mapping[Match, int]]
    entries: Callable[[Reader, Sequence[UUID]], Awaitable[dict[UUID, Entry]]]
    sharing: Callable[[Reader, Sequence[UUID]], Awaitable[Sequence[Shared]]]
    one_by_one: Query[Any]

    @property
    def name(self) -> str:
        return self.pairs.into.kind

    @property
    def _ids(self) -> tuple[ColumnElement[UUID], ColumnElement[UUID]]:
        return self.pairs.table.c[f"{self.name}_id"], self.pairs.table.c.other_id

    @cached_property
    def _of_records(self) -> Select[Any]:
        c = self.pairs.table.c
        named = or_(*(is_in(one, "ids") for one in self._ids))
        return select(*[c[name] for name in self.pairs.names]).where(named).order_by(c.id)

    @cached_property
    def known(self) -> Query[P]:
        """The pairs of some records."""
        return Query(self._of_records, self.pairs.into)

    @cached_property
    def lock_known(self) -> Query[P]:
        return Query(self._of_records.with_for_update(), self.pairs.into)

    @cached_property
    def _pairs_seen(self) -> _Both:
        return _Both(*(self.seen_by_column(one) for one in self._ids))

    @cached_property
    def _merged(self) -> ColumnElement[bool]:
        """One of the pair was merged: the two are one, or it is the survivor that may be the same as the other."""
        c = self.of.table.c
        return exists().where(or_(*(c.id == one for one in self._ids)), c.merged_into.is_not(None))

    @cached_property
    def _of_two(self) -> Callable[[ColumnElement[bool]], ColumnElement[bool]]:
        # The same object each time: by that a compiled statement is found again.
        return lru_cache(maxsize=64)(lambda seen: ~self._merged & seen)

    def listed(self, actor: Actor) -> ColumnElement[bool]:
        """Pairs of which the actor sees both, and of which none was merged; to run with `params(actor)`."""
        return self._of_two(self._pairs_seen.listed(actor))

    def params(self, actor: Actor) -> dict[str, Any]:
        return self._pairs_seen.params(actor)

    @cached_property
    def among(self) -> Callable[[ColumnElement[bool]], Query[UUID]]:
        """Those of some records that meet a condition."""
        id = self.of.table.c.id
        return lru_cache(maxsize=16)(lambda visible: Query(select(id).where(is_in(id, "ids"), visible), UUID))

    def listing(self, item: type[PairItem]) -> Listing[Any]:
        c = self.pairs.table.c
        names = ("state", "certainty", "points", f"{self.name}_id", "other_id", "created_at")
        return Listing(self.pairs.table, item, filters={n: c[n] for n in names}, sorts=("created_at",), default="-created_at")


def newest(other: FromClause, given: FromClause, by: Match, *same: ColumnElement[bool]) -> Select[Any]:
    """Others that have this in common with `given`, the newest first, and one more than are looked at: by that one knows that there are
    more."""
    order = (other.c.created_at.desc(), other.c.id.desc())
    place = func.row_number().over(order_by=order).label("place")
    found = select(other.c.id, literal_column(f"'{by}'").label("by"), place)
    found = found.where(*same, other.c.id != given.c.id, other.c.merged_into.is_(None))
    return found.order_by(*order).limit(bindparam("most", type_=Integer)).correlate(given)


def waiting(of: FromClause, namespace: str, *keys: ColumnElement[Any]) -> Query[Any]:
    """Waits for whoever else enters one of these keys of some records: of two at once, the second sees the first."""
    # The records first: planned while there were few of them, Postgres would make the keys of all.
    named = select(*[key.label(f"key{n}") for n, key in enumerate(keys)]).where(is_in(of.c.id, "ids"))
    those = named.cte("named").prefix_with("MATERIALIZED", dialect="postgresql")
    each = union(*[select(key.label("key")).where(key.is_not(None)) for key in those.c]).subquery()
    in_order = select(each.c.key).order_by(each.c.key).subquery()
    return Query(select(func.pg_advisory_xact_lock(func.hashtextextended(literal(namespace) + in_order.c.key, 0))), type(None))
