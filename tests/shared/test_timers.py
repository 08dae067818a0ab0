"""Timers on a real Postgres: each takes effect once, those that fail hold nobody, and what is cancelled never happens."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from clinch.run.postgres import Postgres
from shared import timers
from shared.db.tx import Tx
from shared.errors import Invalid
from shared.ids import new_id
from shared.timers import Handler, Timer, cancel_timers, fire_due, set_timer
from tests.harness import Running, running
from tests.shared.notes_service import NOTES, Note, NoteEdited, NoteWritten, service
from tests.shared.until import until

HOUR = timedelta(hours=1)


@pytest.fixture
async def notes(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres, pool_size=20) as started:
        async with started.db.connection() as conn:
            await conn.execute("CREATE TABLE effect (n bigint GENERATED ALWAYS AS IDENTITY, kind text, subject uuid, at timestamptz)")
        yield started


async def note_effect(tx: Tx, timer: Timer) -> None:
    await tx.execute("INSERT INTO effect (kind, subject, at) VALUES ($1, $2, $3)", timer.kind, timer.subject, tx.now)


async def effects(notes: Running) -> list[UUID]:
    async with notes.db.connection() as conn:
        return [r["subject"] for r in await conn.fetch("SELECT subject FROM effect ORDER BY n")]


async def rows(notes: Running) -> list[Any]:
    async with notes.db.connection() as conn:
        return list(await conn.fetch("SELECT * FROM timer ORDER BY due_at"))


async def set_for(notes: Running, after: timedelta, subject: UUID | None = None, kind: str = "remind") -> UUID:
    subject = subject or new_id()
    async with notes.transaction() as tx:
        await set_timer(tx, kind, subject, notes.clock() + after, {"n": 1})
    return subject


async def fire(notes: Running, handler: Handler = note_effect, kind: str = "remind") -> int:
    return await fire_due(notes.db, {kind: handler}, notes.clock, service="note-svc")


async def test_timers_fire_when_due_earliest_first_and_at_the_clocks_time(notes: Running) -> None:
    late, early, future = [await set_for(notes, HOUR * n) for n in (2, 1, 4)]
    assert await fire(notes) == 0
    notes.clock.advance(hours=3)
    assert await fire(notes) == 2
    assert await effects(notes) == [early, late]
    assert await fire(notes) == 0
    async with notes.db.connection() as conn:
        assert await conn.fetchval("SELECT DISTINCT at FROM effect") == notes.clock()
    assert [r["fired_at"] for r in await rows(notes)] == [notes.clock(), notes.clock(), None]
    assert future not in await effects(notes)


async def test_one_that_was_found_due_acts_at_that_time_though_the_clock_steps_back_meanwhile(notes: Running) -> None:
    subject = await set_for(notes, HOUR)
    due = notes.clock() + HOUR
    steps = iter([due])

    async def due_only(tx: Tx, timer: Timer) -> None:
        if tx.now >= timer.due_at:
            await note_effect(tx, timer)

    assert await fire_due(notes.db, {"remind": due_only}, lambda: next(steps, due - HOUR), service="note-svc") == 1
    assert await effects(notes) == [subject]


async def test_setting_again_makes_one_timer_and_revives_a_cancelled_one(notes: Running) -> None:
    subject = await set_for(notes, HOUR)
    await set_for(notes, HOUR, subject)
    await set_for(notes, HOUR, subject, "other")
    async with notes.transaction() as tx:
        await cancel_timers(tx, subject, "remind")
    assert [r["kind"] for r in await rows(notes) if r["cancelled_at"] is None] == ["other"]
    await set_for(notes, HOUR, subject)
    notes.clock.advance(hours=1)
    assert await fire(notes) == 1
    await set_for(notes, timedelta(), subject)  # the same time again, after it has fired
    assert await fire(notes) == 0


async def test_one_that_fails_holds_nobody_and_is_tried_again_later(notes: Running) -> None:
    bad, good = await set_for(notes, HOUR), await set_for(notes, HOUR * 2)
    fails = True
    tried: list[int] = []

    async def sometimes(tx: Tx, timer: Timer) -> None:
        await note_effect(tx, timer)
        if timer.subject == bad:
            tried.append(timer.attempts)
            if fails:
                raise RuntimeError("no\0 luck")

    notes.clock.advance(hours=3)
    assert await fire(notes, sometimes) == 1
    assert await effects(notes) == [good]
    [row, _] = await rows(notes)
    assert (row["attempts"], row["error"], row["fired_at"]) == (1, "RuntimeError: no luck", None)
    assert await fire(notes, sometimes) == 0
    for seconds in (5, 10, 20):
        notes.clock.advance(seconds=seconds)
        assert await fire(notes, sometimes) == 0
    assert tried == [0, 1, 2, 3]
    fails = False
    notes.clock.advance(seconds=39)
    assert await fire(notes, sometimes) == 0
    notes.clock.advance(seconds=1)
    assert await fire(notes, sometimes) == 1
    assert await effects(notes) == [good, bad]
    assert (await rows(notes))[0]["error"] is None


async def test_each_takes_effect_once_under_two_runners_that_are_killed_and_handlers_that_fail(
    notes: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "CLAIM", timedelta(seconds=0.1))
    monkeypatch.setattr(timers, "RETRY", (timedelta(), timedelta()))
    dice = random.Random(5)
    all_of_them = [await set_for(notes, timedelta(seconds=-n)) for n in range(150)]

    async def unreliable(tx: Tx, timer: Timer) -> None:
        await note_effect(tx, timer)
        await asyncio.sleep(dice.choice((0, 0, 0.002, 0.15)) if dice.random() < 0.3 else 0)
        if dice.random() < 0.3:
            raise RuntimeError("bad luck")

    done = asyncio.Event()

    def clock() -> Any:
        notes.clock.advance(seconds=0.002)
        return notes.clock.now

    async def killed_again_and_again() -> None:
        while not done.is_set():
            task = asyncio.create_task(timers.run(notes.db, {"remind": unreliable}, done, clock, service="note-svc"))
            await asyncio.wait([task], timeout=dice.uniform(0.05, 0.3))
            task.cancel()
            await asyncio.wait([task])

    runners = [asyncio.create_task(killed_again_and_again()) for _ in range(2)]

    async def all_fired() -> bool:
        return all(r["fired_at"] for r in await rows(notes))

    await until(all_fired, 30)
    done.set()
    await asyncio.gather(*runners)
    assert Counter(await effects(notes)) == Counter(all_of_them)


async def test_two_runners_share_the_work(notes: Running) -> None:
    all_of_them = [await set_for(notes, timedelta(seconds=-n)) for n in range(40)]
    tried: list[UUID] = []

    async def count(tx: Tx, timer: Timer) -> None:
        tried.append(timer.subject)
        await asyncio.sleep(0.001)

    assert sum(await asyncio.gather(*[fire(notes, count) for _ in range(3)])) == 40
    assert Counter(tried) == Counter(all_of_them)


async def test_one_cancelled_while_its_handler_runs_has_no_effect_and_nobody_deadlocks(notes: Running) -> None:
    """The handler and the command both lock the note and then the timer."""
    async with notes.transaction() as tx:
        note = await tx.add(NOTES, Note(new_id(), 0, "a", tx.now), NoteWritten(text="a"))
    await set_for(notes, timedelta(), note.id)
    locked = asyncio.Event()

    async def edit(tx: Tx, timer: Timer) -> None:
        found = await tx.load(NOTES, timer.subject)
        await tx.save(NOTES, found, NoteEdited(text="by timer"), text="by timer")
        await note_effect(tx, timer)

    async def command() -> None:
        async with notes.transaction() as tx:
            found = await tx.load(NOTES, note.id)
            locked.set()
            await asyncio.sleep(0.1)
            await cancel_timers(tx, note.id)
            await tx.save(NOTES, found, NoteEdited(text="by hand"), text="by hand")

    running_command = asyncio.create_task(command())
    await locked.wait()
    assert await asyncio.wait_for(fire(notes, edit), 60) == 0
    await running_command
    assert await effects(notes) == []
    assert [e.data.text for e in await notes.told(NoteEdited)] == ["by hand"]  # type: ignore[attr-defined]


async def test_a_handler_may_cancel_the_timers_of_its_subject_its_own_included(notes: Running) -> None:
    subject = await set_for(notes, timedelta())
    await set_for(notes, HOUR, subject)

    async def close(tx: Tx, timer: Timer) -> None:
        await cancel_timers(tx, timer.subject)
        await note_effect(tx, timer)

    assert await fire(notes, close) == 1
    [first, second] = await rows(notes)
    assert (first["fired_at"], first["cancelled_at"]) == (notes.clock(), None)
    assert second["cancelled_at"] == notes.clock()


async def test_a_kind_this_version_does_not_know_waits_for_one_that_does(notes: Running) -> None:
    await set_for(notes, timedelta(), kind="of the next release")
    assert await fire(notes) == 0
    assert await fire(notes, kind="of the next release") == 1


async def test_operations_list_timers_by_state(notes: Running) -> None:
    async def refuse(tx: Tx, timer: Timer) -> None:
        raise RuntimeError("no")

    failed = await set_for(notes, -HOUR)
    await fire(notes, refuse)
    fired = await set_for(notes, -HOUR, kind="other")
    await fire(notes, kind="other")
    waiting = await set_for(notes, HOUR)
    async with notes.client("ops") as ops:

        async def listed(**params: str) -> list[str]:
            answer = await ops.get("/v1/operations/note-svc/timers", params=params)
            assert answer.status_code == 200, answer.text
            return [item["subject"] for item in answer.json()["items"]]

        assert await listed() == [str(failed), str(waiting)]
        assert await listed(state="late") == await listed(state="failed") == [str(failed)]
        assert await listed(state="fired") == await listed(state="fired", kind="other") == [str(fired)]
        assert await listed(subject=str(waiting)) == [str(waiting)]
        assert await listed(state="cancelled") == []
        assert (await ops.get("/v1/operations/note-svc/timers?state=lost")).status_code == 422


@pytest.mark.parametrize(
    "due", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC, year=9000)]
)
async def test_a_timer_for_a_time_that_nobody_can_keep_is_refused(notes: Running, due: datetime) -> None:
    with pytest.raises(Invalid):
        async with notes.transaction() as tx:
            await set_timer(tx, "remind", new_id(), due)


@pytest.mark.parametrize("odd", ["-infinity", "infinity", "290000-01-01", "0001-01-01"])
async def test_a_timer_of_such_a_time_that_was_written_by_hand_holds_up_no_other(notes: Running, odd: str) -> None:
    fine = await set_for(notes, HOUR)
    async with notes.db.connection() as conn:
        await conn.execute(
            "INSERT INTO timer (id, kind, subject, due_at) VALUES (uuidv7(), 'remind', uuidv7(), $1::text::timestamptz)", odd
        )
    stop = asyncio.Event()
    task = asyncio.create_task(timers.run(notes.db, {"remind": note_effect}, stop, notes.clock, service="note-svc"))
    notes.clock.advance(hours=1)

    async def fired() -> bool:
        return fine in await effects(notes)

    await until(fired)
    stop.set()
    await task
