"""Deadlines whatever happens to them, in any order, on a database: the row, what is told and what figures count are the same."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from clinch.run.postgres import Postgres
from metrics_svc.counting.times import Calendar
from metrics_svc.facts.deadline import TIMED_RECORD, DeadlineFact, TimedRecord, derive
from shared.db.outbox import Told
from shared.db.tx import Tx
from shared.deadlines import rules
from shared.deadlines.commands import following, move, of_records
from shared.deadlines.record import Clocks, Deadline, DeadlineState
from shared.deadlines.record import Running as Timed
from shared.deadlines.timers import deadline_timers
from shared.events import deadlines as events
from shared.events.contract import (
    ContractDeadlineMet,
    ContractDeadlineMissed,
    ContractDeadlinePaused,
    ContractDeadlineStarted,
    ContractDeadlineStopped,
    ContractDeadlineWarned,
)
from shared.events.envelope import Envelope, Event, decode, headers
from shared.ids import new_id
from tests.harness import Running, running
from tests.machines import driven, hold
from tests.shared.notes_service import NOTES, Note, NoteEdited, NoteEvent, NoteWritten
from tests.shared.notes_service import service as notes_svc


class NoteDropped(NoteEvent, type="note.dropped"):
    pass


class NotePaused(NoteEvent, type="note.paused"):
    pass


class NoteResumed(NoteEvent, type="note.resumed"):
    pass


def _due(_tx: Tx, told: Told) -> datetime:
    """As many days after it was written as it says."""
    assert isinstance(told.event, NoteWritten)
    return told.time + timedelta(days=int(told.event.text))


_CONTRACT: dict[str, Any] = {
    "deal_id": UUID(int=1),
    "quote_id": UUID(int=2),
    "number": "1",
    "revision": 1,
    "total": {"amount": "1", "currency": "CNY"},
    "fx": "1",
}
"""What the events of a contract's deadlines say besides."""
OF_NOTES = Clocks(
    of=NOTES,
    tells=lambda event, note, **more: event.of(note, **_CONTRACT, contract_id=note.id, **more),
    started=ContractDeadlineStarted,
    warned=ContractDeadlineWarned,
    missed=ContractDeadlineMissed,
    met=ContractDeadlineMet,
    paused=ContractDeadlinePaused,
    stopped=ContractDeadlineStopped,
)
_EVERY: dict[str, Any] = {
    "clocks": OF_NOTES,
    "starts": {NoteWritten: _due},
    "meets": (NoteEdited,),
    "stops": (NoteDropped,),
    "pauses": (NotePaused,),
    "resumes": (NoteResumed,),
}
ANSWER = Deadline(name="answer", **_EVERY, warns=lambda tx, started_at, due_at: due_at - timedelta(days=2))
REPAIR = Deadline(name="repair", **_EVERY, working=True)
DEADLINES = (ANSWER, REPAIR)
service = replace(notes_svc, follows=[following(DEADLINES)], timers=deadline_timers(DEADLINES))
ago = st.integers(0, 30).map(lambda days: timedelta(days=days))


class Waiting(RuleBasedStateMachine):
    """One note with two deadlines. What starts, meets, stops and pauses them is told when it happens or later, and time goes by."""

    def __init__(self, svc: Running, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.svc, self.loop, self.note, self.version = svc, loop, new_id(), 0
        self._do(self._begin())

    def _do(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(what)

    async def _begin(self) -> None:
        async with self.svc.transaction() as tx:
            await tx.add(NOTES, Note(self.note, 0, "", tx.now))

    def _tell(self, event: Event, before: timedelta) -> None:
        self.version += 1
        self._do(self._told(event, self.svc.clock() - before))

    async def _told(self, event: Event, at: datetime) -> None:
        async with self.svc.transaction() as tx:
            await tx.save(NOTES, await tx.load(NOTES, self.note), event, at=at)

    @rule(days=st.integers(0, 20), before=ago | st.just(timedelta(days=100)))
    def start(self, days: int, before: timedelta) -> None:
        self._tell(NoteWritten(text=str(days)), before)

    @rule(event=st.sampled_from([NoteEdited(text="met"), NoteDropped()]), before=ago)
    def end(self, event: Event, before: timedelta) -> None:
        self._tell(event, before)

    @rule(event=st.sampled_from([NotePaused(), NoteResumed()]), before=ago)
    def wait_for_the_customer(self, event: Event, before: timedelta) -> None:
        self._tell(event, before)

    @rule(deadline=st.sampled_from(DEADLINES), days=st.integers(-5, 20))
    def move(self, deadline: Deadline, days: int) -> None:
        self._do(self._move(deadline, self.svc.clock() + timedelta(days=days)))

    async def _move(self, deadline: Deadline, due_at: datetime) -> None:
        async with self.svc.transaction() as tx:
            await tx.load(NOTES, self.note)
            await move(tx, deadline, self.note, due_at)

    @rule(days=st.integers(0, 12), looks=st.integers(0, 2))
    def wait(self, days: int, looks: int) -> None:
        """Time goes by, and the worker looks: not at all, once, or twice."""
        self.svc.clock.advance(days=days)
        for _ in range(looks):
            self._do(self.svc.fire_due())
        for deadline in self._do(self._rows()) if looks else []:
            look = rules.next_look(deadline)
            assert look is None or look > self.svc.clock(), "all that time does is done"

    async def _rows(self) -> list[Timed]:
        async with self.svc.db.read() as db:
            return (await of_records(db, [self.note])).get(self.note, [])

    @invariant()
    def rows_events_timers_and_figures_say_the_same(self) -> None:
        self._do(self._hold())

    async def _hold(self) -> None:
        rows = await self._rows()
        assert len({row.name for row in rows}) == len(rows)
        async with self.svc.db.read() as db:
            assert (await db.get(NOTES, self.note)).version == self.version, "a deadline has a version of its own"
            for row in rows:
                found = [_read(record) for record in await db.rows("SELECT * FROM event WHERE subject = $1 ORDER BY version", row.id)]
                assert [e.version for e in found] == list(range(1, row.version + 1))
                _told_once_and_as_the_row_is(found, row)
                _figures_are_as_the_row_is(found, row)
                look = rules.next_look(row)
                assert [timer["due_at"] for timer in await db.rows(_OPEN, row.id)] == ([] if look is None else [look])


_OPEN = "SELECT due_at FROM timer WHERE kind = 'deadline' AND fired_at IS NULL AND cancelled_at IS NULL AND subject = $1"


def _read(record: Any) -> Envelope[Any]:
    of_event = {name: record[name] for name in ("id", "type", "subject", "version", "time", "traceparent")}
    event = decode(headers(**of_event), record["data"])
    assert event is not None
    return event


def _told_once_and_as_the_row_is(told: list[Envelope[Any]], row: Timed) -> None:
    state: DeadlineState | None = None
    said: set[tuple[str, datetime]] = set()
    for e in told:
        data = e.data
        match data:
            case events.DeadlineStarted():
                assert data.why == "started" or state is (DeadlineState.PAUSED if data.why == "resumed" else DeadlineState.RUNNING)
                said = set() if data.why == "started" else said
                state = DeadlineState.RUNNING
            case events.DeadlineWarned() | events.DeadlineMissed():
                assert state is DeadlineState.RUNNING, "nothing is told of what waits, was met or stopped"
                assert (e.type, data.due_at) not in said, "nothing is told twice"
                said.add((e.type, data.due_at))
                assert e.time == data.due_at if isinstance(data, events.DeadlineMissed) else e.time < data.due_at
                assert e.time <= data.recorded_at
            case events.DeadlineMet():
                assert data.in_time == (state is DeadlineState.PAUSED or data.met_at < data.due_at)
                state = DeadlineState.MET
            case events.DeadlinePaused():
                assert (state, e.time < data.due_at) == (DeadlineState.RUNNING, True)
                state = DeadlineState.PAUSED
            case events.DeadlineStopped():
                state = DeadlineState.STOPPED
    assert (state, told[-1].data.due_at) == (row.state, row.due_at)


def _figures_are_as_the_row_is(told: list[Envelope[Any]], row: Timed) -> None:
    began = max(n for n, e in enumerate(told) if isinstance(e.data, events.DeadlineStarted) and e.data.why == "started")
    of_this = _ends(told)[len(_ends(told[: began + 1])) :]
    found = [(end.at, end.in_time) for end in of_this]
    if row.missed_at is not None:
        assert found == [(row.due_at, False)] == [(row.missed_at, False)]
    else:
        assert found == ([(row.met_at, True)] if row.state is DeadlineState.MET else [])


def _ends(told: list[Envelope[Any]]) -> list[DeadlineFact]:
    row = TimedRecord(UUID(int=1))
    for e in told:
        TIMED_RECORD.hears[type(e.data)](row, e, Calendar(UTC, UTC))
    return derive(row)


def test_whatever_happens_in_any_order(postgres: Postgres) -> None:
    with driven(service, postgres) as (svc, loop):
        hold(lambda: Waiting(svc, loop), examples=25, steps=15)


async def test_a_deadline_that_starts_anew_for_the_same_time_is_told_again(postgres: Postgres) -> None:
    async with running(service, postgres) as svc:
        note = new_id()
        async with svc.transaction() as tx:
            await tx.add(NOTES, Note(note, 0, "", tx.now), NoteWritten(text="10"))
        began = svc.clock()
        svc.clock.advance(days=11)
        await svc.fire_due()
        for text in ("20", "10"):
            async with svc.transaction() as tx:
                await tx.save(NOTES, await tx.load(NOTES, note), NoteWritten(text=text), at=began)
        await svc.fire_due()
        missed = await svc.told(ContractDeadlineMissed)
        assert [e.time for e in missed] == [began + timedelta(days=10)] * 4, "twice for each deadline"
