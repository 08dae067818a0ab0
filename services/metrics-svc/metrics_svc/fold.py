"""The projection: a batch of events, folded in memory, written with one statement per table.

What is counted is derived from all that is known of a lead, a deal or a payment, before the batch and after it; cells change by the
difference. So the order in which the events of different aggregates arrive does not matter, and a correction corrects everything.

Each lane is a consumer of its own: it reads no row of another and changes no cell of another's measures, so lanes fold side by side.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from metrics_svc.cells.changes import CellChanges, Change
from metrics_svc.cells.commands import add
from metrics_svc.counting.fact import FACTS, SALES
from metrics_svc.counting.times import Calendar
from metrics_svc.facts.interaction import LANE as ACTIVITY_LANE
from metrics_svc.folding.activity import Activity
from metrics_svc.folding.sales import ACTIVITY, Sales
from metrics_svc.folding.table import TABLES
from metrics_svc.folding.touched import Touched, facts_of, hearers_of, told_of
from metrics_svc.past.queries import in_todays_currency, past_of
from metrics_svc.staging import BulkWrite
from shared.db.tx import Tx
from shared.events.envelope import REGISTRY, Envelope, Event, topic
from shared.log.reactions import Fold
from shared.log.readers import Reader

_PARENTS_FIRST = ("lead", "deal", "contract", "milestone", "payment")
"""In this order a log that is read again costs least: a deal that comes before its lead is derived twice."""

_NO_WAIT = "SET LOCAL synchronous_commit = off"
"""A fold need not wait for the disk. If it is lost, so is its offset, and the consumer reads those events again."""

_INSTEAD = "its figures are built again from the log, see docs/operations/upgrades.md."
"""What is done in place of a replay, which would count twice."""

_OF_THEIR_OWN: dict[str, type[Touched]] = {SALES: Sales, ACTIVITY_LANE: Activity}
"""How a lane is folded whose facts need each other."""


@dataclass(frozen=True)
class Lane:
    """Facts that are derived from each other, and from none of another lane."""

    name: str

    @property
    def consumer(self) -> str:
        return "metrics" if self.name == SALES else f"metrics-{self.name}"

    @property
    def turn(self) -> str:
        """The lock of the lane. Its folds change the same cells: side by side they would wait for each other, or deadlock."""
        return f"SELECT pg_advisory_xact_lock(4710001, hashtext('{self.name}'))"

    @cached_property
    def fold(self) -> Fold:
        """How a batch of events changes what is counted."""
        begins = [event for table in told_of(self.name) for event in table.fact.begins]
        return Fold(self._fold, [*hearers_of(self.name), *begins, *(ACTIVITY if self.name == SALES else ())])

    @cached_property
    def topics(self) -> list[str]:
        heard = {REGISTRY[type].aggregate for type in self.fold.types}
        return [topic(aggregate) for aggregate in sorted(heard, key=_rank)]

    @property
    def reader(self) -> Reader:
        return Reader(self.consumer, self.fold, self.topics, instead=_INSTEAD)

    def touched(self, calendar: Calendar) -> Touched:
        return _OF_THEIR_OWN.get(self.name, Touched)(self.name, calendar)

    async def _fold(self, tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        await _apply(tx, self, events)


def _rank(aggregate: str) -> tuple[int, str]:
    return (_PARENTS_FIRST.index(aggregate) if aggregate in _PARENTS_FIRST else len(_PARENTS_FIRST)), aggregate


LANES = {name: Lane(name) for name in sorted({fact.lane for fact in FACTS.values()})}

EVERY_TURN = "; ".join(lane.turn for lane in LANES.values())
"""All lanes wait."""


async def _apply(tx: Tx, lane: Lane, events: Sequence[Envelope[Event]]) -> None:
    """Apply a batch of events, from which the caller has removed duplicates."""
    await tx.execute(f"{_NO_WAIT}; {lane.turn}")
    past = await past_of(tx)
    events = await in_todays_currency(tx, past, events)
    touched = lane.touched(Calendar(tx.settings.zone, past.first_zone))
    await touched.load(tx, events)
    told = {table.into: table for table in told_of(lane.name)}
    before = {key: told[key[0]].copy(fact) if key[0] in told else fact for key, fact in touched.derive().items()}
    for event in events:
        touched.hear(event)
    after = touched.derive()
    touched.warn()
    changed = [(fact, after.get(key)) for key, fact in before.items() if after.get(key) != fact]
    changed += [(None, fact) for key, fact in after.items() if key not in before]
    if changed:
        await _write(tx, touched.lane, changed)
    await touched.note(tx)


async def write_facts(tx: Tx, facts: Iterable[Any]) -> None:
    """Insert these facts, or replace those that are there. The cells stay as they are."""
    of_kind: dict[type[Any], list[Any]] = {}
    for fact in facts:
        of_kind.setdefault(type(fact), []).append(fact)
    writing = BulkWrite(tx)
    await writing.begin()
    for kind, found in of_kind.items():
        await TABLES[kind].put(writing, found)
    await writing.finish()


async def _write(tx: Tx, lane: str, changed: Sequence[Change]) -> None:
    writing = BulkWrite(tx)
    await writing.begin()
    for table in facts_of(lane):
        await table.drop(tx, [old for old, new in changed if new is None and type(old) is table.into])
        await table.put(writing, [new for _, new in changed if type(new) is table.into])
    taking_over = asyncio.create_task(writing.finish())
    try:
        await asyncio.sleep(0)  # the statement is sent: Postgres merges the facts while the cells are counted here
        changes = CellChanges(tx.settings.zone)
        changes.take(changed)
    finally:
        await taking_over
    await add(writing, changes)
    await writing.finish()
