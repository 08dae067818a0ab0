"""What cannot be published is mended: redriven in order, or dropped."""

import asyncio
from typing import Any

import pytest

from shared import verify
from shared.ids import new_id
from shared.log.bus import TopicRefused
from tests.harness import Running
from tests.shared.letters import BASE, TOPIC, edit, emptied, nothing_open, refusing, relays, sql, versions, write
from tests.shared.memory_bus import MemoryBus
from tests.shared.notes_service import NOTES, NoteEdited
from tests.shared.until import until


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"pool_size": 20}


async def test_later_events_wait_behind_an_open_letter_and_a_redrive_publishes_all_in_order(notes: Running) -> None:
    bus, bad, good = MemoryBus(), await write(notes), await write(notes)
    await sql(notes, "UPDATE event SET time = '-infinity' WHERE subject = $1", bad)
    async with relays(notes, bus, batch=2), notes.client("ops") as ops:
        await emptied(notes)
        await edit(notes, bad, 5)
        await edit(notes, good, 2)
        await emptied(notes)
        assert (versions(bus, bad), versions(bus, good)) == ([], [1, 2, 3])
        listed = (await ops.get(BASE)).json()["items"]
        assert [(row["version"], row["attempts"]) for row in listed] == [(1, 1), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0)]
        in_vain = (await ops.post(f"{BASE}/{listed[0]['id']}/redrive")).json()
        assert in_vain == {"settled": 0, "left": 6, "error": "no message can hold its time, -infinity"}
        await sql(notes, "UPDATE event SET time = recorded_at WHERE subject = $1", bad)
        done = (await ops.post(f"{BASE}/{listed[0]['id']}/redrive")).json()
        assert done == {"settled": 6, "left": 0, "error": None}
        await edit(notes, bad)
        await emptied(notes)
        assert versions(bus, bad) == [1, 2, 3, 4, 5, 6, 7]
        assert (await ops.get(BASE)).json()["items"] == []
        settled = (await ops.get(BASE, params={"state": "settled", "subject": str(bad)})).json()["items"]
        assert {row["outcome"] for row in settled} == {"redriven"}
        assert (await ops.post(f"{BASE}/{listed[0]['id']}/redrive")).status_code == 409
        assert (await ops.post(f"{BASE}/{new_id()}/redrive")).status_code == 404


async def test_the_order_of_a_redrive_is_that_of_the_mended_events(notes: Running) -> None:
    bus, id = MemoryBus(), await write(notes)
    await edit(notes, id, 2)
    await sql(notes, "UPDATE event SET version = -version, type = 'nonsense' WHERE version < 3")
    async with relays(notes, bus), notes.client("ops") as ops:
        await emptied(notes)
        await sql(notes, "UPDATE event SET version = -version, type = 'clinch.note.edited.v1' WHERE version < 0")
        letter = (await ops.get(BASE)).json()["items"][0]
        assert (await ops.post(f"{BASE}/{letter['id']}/redrive")).json() == {"settled": 3, "left": 0, "error": None}
    assert versions(bus, id) == [1, 2, 3]


async def test_what_is_told_while_letters_are_redriven_comes_behind_them(notes: Running) -> None:
    """A writer has drawn its place in the outbox before the letters are asked for, and commits while they are published."""
    bus, id, commit, asked = MemoryBus(), await write(notes), asyncio.Event(), asyncio.Event()
    bus.before_publish = refusing(lambda some: TopicRefused(TOPIC, "no permission"), lambda m: not asked.is_set())

    async def slow_writer() -> None:
        async with notes.transaction() as tx:
            note = await tx.load(NOTES, id)
            await tx.save(NOTES, note, NoteEdited(text="slow"), text="slow")
            await tx.flush()
            await commit.wait()

    async with relays(notes, bus, batch=1), notes.client("ops") as ops:
        await emptied(notes)
        await edit(notes, id, 3)
        await emptied(notes)
        slow = asyncio.create_task(slow_writer())
        asked.set()
        assert (await ops.post(f"{BASE}/redrive")).json() == {"asked": 4}
        commit.set()
        await slow
        await edit(notes, id, 2)
        await until(lambda: nothing_open(notes))
        await emptied(notes)
    assert versions(bus, id) == [1, 2, 3, 4, 5, 6, 7]


async def test_a_dropped_event_leaves_a_gap_and_those_behind_it_wait_for_a_redrive(notes: Running) -> None:
    bus, id = MemoryBus(), await write(notes)
    await edit(notes, id, 2)
    await sql(notes, "UPDATE event SET type = 'nonsense' WHERE version = 2")
    async with relays(notes, bus), notes.client("ops") as ops:
        await emptied(notes)
        second, third = (await ops.get(BASE)).json()["items"]
        assert (await ops.post(f"{BASE}/{second['id']}/drop", json={"reason": "x"})).status_code == 422
        assert (await ops.post(f"{BASE}/{second['id']}/drop", json={"reason": "never happened"})).status_code == 204
        assert versions(bus, id) == [1]
        assert (await ops.post(f"{BASE}/{third['id']}/redrive")).json() == {"settled": 1, "left": 0, "error": None}
        assert versions(bus, id) == [1, 3]
        [dropped, _] = (await ops.get(BASE, params={"state": "settled"})).json()["items"]
        assert dropped["outcome"] == "dropped: never happened"
        assert (await ops.post(f"{BASE}/{second['id']}/drop", json={"reason": "again"})).status_code == 409


async def test_verify_names_what_is_kept_from_the_log_and_looks_for_nothing_that_was_given_up(notes: Running) -> None:
    bus, id = MemoryBus(), await write(notes)
    await edit(notes, id, 2)
    await bus.ensure_topics([TOPIC])
    await sql(notes, "UPDATE event SET type = 'nonsense' WHERE version = 2")

    async def offenders() -> dict[str, int]:
        async with notes.db.connection() as conn:
            found = [one async for one in verify.run(conn, verify.PLUMBING_CHECKS)]
            found += [one async for one in verify.in_the_log(conn, bus, "note-svc", ["note"])]
        return {one.says: one.offenders for one in found if one.offenders}

    async with relays(notes, bus), notes.client("ops") as ops:
        await emptied(notes)
        assert await offenders() == {"no event is kept from the log": 2}
        second, third = (await ops.get(BASE)).json()["items"]
        await ops.post(f"{BASE}/{second['id']}/drop", json={"reason": "never happened"})
        await ops.post(f"{BASE}/{third['id']}/redrive")
        assert versions(bus, id) == [1, 3]
        assert await offenders() == {}


async def test_only_operators_see_and_settle_letters(notes: Running) -> None:
    async with notes.client("manager") as manager:
        assert (await manager.get(BASE)).status_code == 403
        assert (await manager.post(f"{BASE}/redrive")).status_code == 403


async def test_a_letter_that_nobody_mended_is_asked_for_again_while_the_worker_is_away(
    notes: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.log.outbox_letters.PATIENCE_SECONDS", 0.1)
    bus, id = MemoryBus(), await write(notes)
    await sql(notes, "UPDATE event SET version = 0")
    async with relays(notes, bus):
        await emptied(notes)
    await sql(notes, "UPDATE event SET version = 1")
    async with notes.client("ops") as ops:
        [letter] = (await ops.get(BASE)).json()["items"]
        assert (await ops.post(f"{BASE}/{letter['id']}/redrive")).json() == {"settled": 0, "left": 1, "error": None}
        assert (await ops.get(BASE)).json()["items"][0]["redrive_at"]
    async with relays(notes, bus):
        await until(lambda: nothing_open(notes))
    assert versions(bus, id) == [1]
