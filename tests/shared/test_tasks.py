"""Tasks whatever happens to them, in any order, on a database: what is told is what the rows say, once, and at its time."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from clinch.run.postgres import Postgres
from shared.acts import Act, Subject
from shared.db.tx import Tx
from shared.errors import Unmet
from shared.events.deal import DealTaskDone, DealTaskDropped, DealTaskDue, DealTaskSet
from shared.events.envelope import Event
from shared.ids import new_id
from shared.tasks.commands import following, put
from shared.tasks.record import Task, TaskKind, Tasks, ToDo
from shared.tasks.timers import task_timers
from tests.harness import Running
from tests.machines import driven, hold
from tests.shared.notes_service import NOTES, Note, NoteEdited, NoteWritten
from tests.shared.notes_service import service as notes_svc

HISTORY = timedelta(days=90)
OF_NOTES = Tasks(of=NOTES, record="deal_id", set=DealTaskSet, due=DealTaskDue, done=DealTaskDone, dropped=DealTaskDropped)
NOTE: Subject[Note, None] = Subject(name="note", label="note", owner=lambda *_: None, not_owner=Unmet("not_owner", "It is not yours."))
EDIT: Act[Note, None] = Act(of=NOTE, name="edit", tells=(NoteEdited,))
CALL = TaskKind(name="call", about=OF_NOTES, done_by=(EDIT,), over_when=(NoteWritten,), lasts=lambda note: note.text == "open")
VISIT = TaskKind(name="visit", about=OF_NOTES, over_when=(NoteWritten, NoteEdited))
WAKE = TaskKind(name="wake", about=OF_NOTES, done_by=(EDIT,))
KINDS = (CALL, VISIT, WAKE)


async def _wake(tx: Tx, task: Task) -> None:
    """Does by itself what it asks for."""
    await tx.save(NOTES, await tx.load(NOTES, task.record_id), NoteEdited(text="awake"), at=task.due_at)


service = replace(notes_svc, follows=[following(KINDS)], timers=task_timers(KINDS, {"wake": _wake}))


@dataclass
class Expected:
    """A task as it should be: what it has told, with the due time that it said and when that was; how it ended."""

    why: str
    due_at: datetime
    told: list[tuple[type[Event], datetime, datetime]]
    reminded: bool = False
    state: str = "open"

    @property
    def row(self) -> tuple[str, str, datetime, datetime | None]:
        return self.state, self.why, self.due_at, self.due_at if self.reminded else None


@dataclass
class Subjected:
    """A note, how many events it has, and its tasks by kind, oldest first."""

    id: UUID
    version: int = 1
    tasks: dict[str, list[Expected]] = field(default_factory=lambda: {kind.name: [] for kind in KINDS})

    def open(self, kind: str) -> Expected | None:
        last = self.tasks[kind][-1:]
        return last[0] if last and last[0].state == "open" else None

    def ends(self, kind: str, state: str, at: datetime) -> None:
        if (task := self.open(kind)) is not None:
            task.state = state
            task.told.append((DealTaskDone if state == "done" else DealTaskDropped, task.due_at, at))

    def edited(self, at: datetime) -> None:
        self.version += 1
        for kind, state in (("call", "done"), ("visit", "over"), ("wake", "done")):
            self.ends(kind, state, at)


notes = st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True)
kinds = st.sampled_from(KINDS)
ago = st.integers(0, 120).map(lambda days: timedelta(days=days))


class Working(RuleBasedStateMachine):
    """Three notes. Several of them at once get tasks, are changed, now or as of a past day, and time goes by."""

    def __init__(self, svc: Running, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.svc, self.loop, self.start = svc, loop, svc.clock()
        self.notes = [Subjected(new_id()) for _ in range(3)]
        self._do(self._begin())

    def _do(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(what)

    async def _begin(self) -> None:
        async with self.svc.transaction() as tx:
            for note in self.notes:
                await tx.add(NOTES, Note(note.id, 0, "open", tx.now), NoteWritten(text="open"))

    @rule(
        which=notes, kind=kinds, why=st.sampled_from("ab"), day=st.integers(-3, 12), said=ago, imported=st.booleans(), asked=st.booleans()
    )
    def put(self, which: list[int], kind: TaskKind, why: str, day: int, said: timedelta, imported: bool, asked: bool) -> None:
        now, at = self.svc.clock(), self.svc.clock() - said
        due_at = self.start + timedelta(days=5 * day, minutes=KINDS.index(kind))  # no two of a note at once
        starts = asked or not (imported or (at < now - HISTORY and due_at <= now))
        for note in (self.notes[n] for n in which):
            task = note.open(kind.name)
            if task is not None and task.why == why:
                if task.due_at != due_at:
                    task.due_at, task.reminded = due_at, False
                    task.told.append((DealTaskSet, due_at, at))
                continue
            note.ends(kind.name, "done", at)
            if starts:
                note.tasks[kind.name].append(Expected(why, due_at, [(DealTaskSet, due_at, at)]))
        self._do(self._put(kind, [ToDo(self.notes[n].id, due_at, why, at) for n in which], imported, asked))

    async def _put(self, kind: TaskKind, wanted: list[ToDo], imported: bool, asked: bool) -> None:
        async with self.svc.transaction() as tx:
            await tx.load_many(NOTES, [one.record_id for one in wanted])
            await put(tx, kind, wanted, imported=imported, asked=asked)

    @rule(which=notes, before=ago)
    def edit(self, which: list[int], before: timedelta) -> None:
        """What does the one task, and is past the other; dated back, it may lie before the task itself."""
        at = self.svc.clock() - before
        for n in which:
            self.notes[n].edited(at)
        self._do(self._tell(which, "edited", NoteEdited(text="edited"), at))

    @rule(which=notes, text=st.sampled_from(["open", "closed"]), before=ago)
    def write(self, which: list[int], text: str, before: timedelta) -> None:
        at = self.svc.clock() - before
        for note in (self.notes[n] for n in which):
            note.version += 1
            note.ends("visit", "over", at)
            if text == "closed":
                note.ends("call", "over", at)
        self._do(self._tell(which, text, NoteWritten(text=text), at))

    async def _tell(self, which: list[int], text: str, event: Event, at: datetime) -> None:
        async with self.svc.transaction() as tx:
            found = await tx.load_many(NOTES, [self.notes[n].id for n in which])
            await tx.save_many(NOTES, [(replace(note, text=text), [(event, at)]) for note in found.values()])

    @rule(days=st.integers(0, 30), looks=st.integers(1, 2))
    def wait(self, days: int, looks: int) -> None:
        """Time goes by, and the worker looks, perhaps twice."""
        self.svc.clock.advance(days=days)
        for note in self.notes:
            while due := [(t.due_at, k) for k in note.tasks if (t := note.open(k)) and not t.reminded and t.due_at <= self.svc.clock()]:
                due_at, kind = min(due)
                task = note.tasks[kind][-1]
                task.reminded = True
                task.told.append((DealTaskDue, due_at, due_at))
                if kind == "wake":
                    note.edited(due_at)
        for _ in range(looks):
            self._do(self.svc.fire_due())

    @invariant()
    def rows_events_and_timers_say_the_same(self) -> None:
        self._do(self._hold())

    async def _hold(self) -> None:
        async with self.svc.db.read() as db:
            rows = await db.rows("SELECT * FROM task WHERE record_id = ANY($1::uuid[])", [note.id for note in self.notes])
            ids = [row["id"] for row in rows]
            versions = {note.id: note.version for note in await db.all(NOTES.get_many, ids=[note.id for note in self.notes])}
            timers = await db.rows(_WAITING, ids)
            events = await db.rows(_TOLD, ids)
        told: dict[UUID, list[tuple[str, datetime, datetime]]] = {id: [] for id in ids}
        for row in events:
            told[row["subject"]].append((row["type"], datetime.fromisoformat(row["due_at"]), row["time"]))
        for note in self.notes:
            assert versions[note.id] == note.version, "a task has a version of its own"
            for kind, expected in note.tasks.items():
                found = [row for row in rows if (row["record_id"], row["kind"]) == (note.id, kind)]
                assert sum(row["state"] == "open" for row in found) <= 1
                _same([(row["state"], row["why"], row["due_at"], row["reminded_at"]) for row in found], [task.row for task in expected])
                _same([told[row["id"]] for row in found], [[(e.type, *times) for e, *times in task.told] for task in expected])
        assert all(row["version"] == len(told[row["id"]]) for row in rows)
        _same([tuple(t) for t in timers], [(r["id"], r["due_at"]) for r in rows if r["state"] == "open" and r["reminded_at"] is None])


_WAITING = """
SELECT subject, due_at FROM timer
WHERE kind = 'task' AND fired_at IS NULL AND cancelled_at IS NULL AND subject = ANY($1::uuid[])
"""
_TOLD = "SELECT subject, type, time, data->>'due_at' AS due_at FROM event WHERE subject = ANY($1::uuid[]) ORDER BY subject, version"


def _same(found: list[Any], expected: list[Any]) -> None:
    assert sorted(found, key=repr) == sorted(expected, key=repr)


def test_whatever_happens_in_any_order(postgres: Postgres) -> None:
    with driven(service, postgres) as (svc, loop):
        hold(lambda: Working(svc, loop), examples=25, steps=15)
