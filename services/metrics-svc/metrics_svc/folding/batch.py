"""A batch of events, folded in memory and written with one statement per table.

What is counted is derived from all that is known of a lead, a deal or a payment, before the batch and after it; cells change by the
difference. So the order in which the events of different aggregates arrive does not matter, and a correction corrects everything.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from metrics_svc.cells.changes import CellChanges, Change
from metrics_svc.cells.commands import add
from metrics_svc.counting.times import Calendar
from metrics_svc.folding.table import TABLES
from metrics_svc.folding.touched import Touched, facts_of, told_of
from metrics_svc.past.queries import in_todays_currency, past_of
from metrics_svc.staging import BulkWrite
from shared.db.tx import Tx
from shared.events.envelope import Envelope, Event


async def apply(tx: Tx, touching: Callable[[Calendar], Touched], events: Sequence[Envelope[Event]]) -> None:
    """Apply a batch of events, from which the caller has removed duplicates."""
    past = await past_of(tx)
    events = await in_todays_currency(tx, past, events)
    touched = touching(Calendar(tx.settings.zone, past.first_zone))
    await touched.load(tx, events)
    told = {table.into: table for table in told_of(touched.lane)}
    before = {key: told[key[0]].copy(fact) if key[0] in told else fact for key, fact in touched.derive().items()}
    for event in events:
        touched.hear(event)
    after = touched.derive()
    touched.warn()
    changed = [(fact, after.get(key)) for key, fact in before.items() if after.get(key) != fact]
    changed += [(None, fact) for key, fact in after.items() if key not in before]
    if changed:
        await _write(tx, touched.lane, changed)


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
