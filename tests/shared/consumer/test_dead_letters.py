"""Events that cannot be dealt with, on a real Postgres: parked alone, in order, redriven or dropped, beside a live consumer."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import pytest

from shared.db.tx import Tx
from shared.errors import Rejected
from shared.events.envelope import Envelope, Event
from shared.ids import new_id
from shared.log import dead_letters
from shared.log.bus.partition import partition_of
from tests.harness import Running
from tests.shared.consumer.log import Effects, Log, caught_up, consume_all, consuming_now, effects, letters, reader_of, redrive, subjects
from tests.shared.memory_bus import PARTITIONS
from tests.shared.notes_service import NoteWritten


async def test_the_poisoned_events_alone_are_parked_and_those_behind_them_wait(notes: Running, log: Log) -> None:
    many = subjects(60)
    handle = Effects()
    for _ in range(3):
        for subject in many:
            log.say(subject)
    handle.poison = {(many[5], 1), (many[23], 2), (many[59], 3)}
    await consume_all(notes, log, handle)
    parked = [(UUID(r["subject"]), int(r["headers"]["ce_sequence"])) for r in await letters(notes)]
    assert sorted(parked) == sorted([(many[5], 1), (many[5], 2), (many[5], 3), (many[23], 2), (many[23], 3), (many[59], 3)])
    expected = Counter((s, v) for s in many for v in (1, 2, 3) if (s, v) not in parked)
    assert Counter(await effects(notes)) == expected
    tried = {(UUID(r["subject"]), int(r["headers"]["ce_sequence"])): (r["attempts"], r["error"]) for r in await letters(notes)}
    assert tried[many[5], 1] == (3, "ValueError: cannot")
    assert tried[many[5], 2] == (0, "waits behind an earlier event of the same subject")


async def test_a_gap_holds_its_subject_and_a_late_version_is_not_lost(notes: Running, log: Log) -> None:
    gone, reordered, fine = subjects(3)
    for subject, versions in ((gone, [1, 2, 4, 5]), (reordered, [1, 3, 2, 3]), (fine, [7, 8])):
        for version in versions:
            log.say(subject, version=version)
    handle = Effects()
    await consume_all(notes, log, handle)
    assert (await effects(notes, gone), await effects(notes, reordered), await effects(notes, fine)) == ([1, 2], [1], [7, 8])
    held = {(UUID(r["subject"]), r["headers"]["ce_sequence"][-1]): r for r in await letters(notes)}
    assert "version 4 came after 2" in held[gone, "4"]["error"]
    assert (await redrive(notes, held[gone, "4"]["id"], handle)).left == 0  # asking for it accepts the gap
    assert await effects(notes, gone) == [1, 2, 4, 5]
    first = next(r for r in await letters(notes) if r["headers"]["ce_sequence"][-1] == "2")
    done = await redrive(notes, first["id"], handle)
    assert (done.settled, done.left) == (3, 0)
    assert await effects(notes, reordered) == [1, 2, 3]
    log.say(gone, version=6)
    log.say(reordered, version=4)
    await consume_all(notes, log, handle)
    assert (await effects(notes, gone))[-1] == 6
    assert (await effects(notes, reordered))[-1] == 4


async def test_what_cannot_be_read_is_parked_at_once(notes: Running, log: Log) -> None:
    bad, nul, fine = subjects(3)
    log.say(bad, value=b"{")
    log.say(bad)
    log.say(nul, value=b"\xff\x00", ce_source="a\0b\ud800")
    for changed in ({"ce_subject": None}, {"ce_subject": "no uuid\0"}, {"ce_sequence": "1"}, {"ce_sequence": "9" * 19}, {"ce_type": None}):
        log.say(new_id(), **changed)
    log.say(new_id(), NoteWritten(text="x"), value=b'{"text": 5}')
    log.say(fine)
    await consume_all(notes, log, Effects())
    assert await effects(notes) == [(fine, 1)]
    parked = await letters(notes)
    assert len(parked) == 9
    assert {r["attempts"] for r in parked} == {0}
    assert {"unknown", "no uuid\N{REPLACEMENT CHARACTER}", str(bad)} <= {r["subject"] for r in parked}


async def test_redriving_and_dropping_keep_the_order(notes: Running, log: Log) -> None:
    [subject] = subjects(1)
    handle = Effects()
    handle.poison = {(subject, 1)}
    for _ in range(4):
        log.say(subject)
    await consume_all(notes, log, handle)
    ids = [r["id"] for r in await letters(notes)]
    with pytest.raises(Rejected, match="An earlier letter"):
        await redrive(notes, ids[1], handle)
    failed = await redrive(notes, ids[0], handle)
    assert (failed.settled, failed.left, failed.error) == (0, 4, "ValueError: cannot")
    assert (await letters(notes))[0]["attempts"] == 4
    async with notes.transaction() as tx:
        await dead_letters.drop(tx, ids[2], "not wanted")
    handle.poison = set()
    done = await redrive(notes, ids[0], handle)
    assert (done.settled, done.left, done.error) == (3, 0, None)
    assert await effects(notes, subject) == [1, 2, 4]
    log.say(subject)
    await consume_all(notes, log, handle)
    assert await effects(notes, subject) == [1, 2, 4, 5]
    with pytest.raises(Rejected, match="settled"):
        await redrive(notes, ids[0], handle)


async def test_a_redrive_beside_the_live_consumer_leaves_nothing_behind(notes: Running, log: Log) -> None:
    [subject] = subjects(1)
    handle = Effects()
    handle.poison = {(subject, 1)}
    log.say(subject)
    await consume_all(notes, log, handle)
    [letter] = await letters(notes)
    handle.poison = set()

    async def slowly(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        await handle(tx, events)
        await asyncio.sleep(0.05)

    async with consuming_now(reader_of(notes, log, handle)):
        redriving = asyncio.create_task(redrive(notes, letter["id"], slowly))
        for _ in range(20):
            log.say(subject)
            await asyncio.sleep(0.005)
        await redriving
        await caught_up(notes, log)
    assert await letters(notes) == []
    assert await effects(notes, subject) == list(range(1, 22))


async def test_an_event_parked_during_a_redrive_is_part_of_it(notes: Running, log: Log) -> None:
    """The consumer found the subject held and is about to park its next event, while the redrive settles the last letter."""
    subject, other = [s for s in subjects(60) if partition_of(str(s), PARTITIONS) == 0][:2]
    handle = Effects()
    handle.poison = {(subject, 1)}
    log.say(subject)
    await consume_all(notes, log, handle)
    [letter] = await letters(notes)
    handle.poison = set()
    sorted_out, may_commit = asyncio.Event(), asyncio.Event()

    async def slowly(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        sorted_out.set()
        await may_commit.wait()

    log.say(subject)
    log.say(other)
    async with consuming_now(reader_of(notes, log, slowly)):
        await sorted_out.wait()
        redriving = asyncio.create_task(redrive(notes, letter["id"], handle))
        await asyncio.wait([redriving], timeout=0.2)
        may_commit.set()
        assert (await redriving).settled == 2
    assert await letters(notes) == []
    assert await effects(notes, subject) == [1, 2]


async def test_operations_list_redrive_and_drop(notes: Running, log: Log) -> None:
    [subject] = subjects(1)
    handle = Effects()
    handle.poison = {(subject, 1)}
    log.say(subject)
    log.say(subject)
    await consume_all(notes, log, handle)
    base = "/v1/operations/note-svc/dead-letters"
    async with notes.client("rep") as rep, notes.client("ops") as ops:
        assert (await rep.get(base)).status_code == 403
        page = (await ops.get(base, params={"subject": str(subject), "limit": 1})).json()
        assert page["items"][0]["headers"]["ce_type"] == "clinch.note.written.v1"
        first = page["items"][0]["id"]
        rest = (await ops.get(base, params={"subject": str(subject), "limit": 1, "cursor": page["next_cursor"]})).json()
        second = rest["items"][0]["id"]
        assert rest["next_cursor"] is None
        # The notes service itself has no consumer of this name.
        refused = await ops.post(f"{base}/{first}/redrive")
        assert (refused.status_code, refused.json()["code"]) == (409, "no_consumer")
        assert (await ops.post(f"{base}/{new_id()}/redrive")).status_code == 404
        assert (await ops.post(f"{base}/{first}/drop", json={"reason": ""})).status_code == 422
        assert (await ops.post(f"{base}/{first}/drop", json={"reason": "tried in vain"})).status_code == 204
        assert (await ops.post(f"{base}/{first}/drop", json={"reason": "tried in vain"})).status_code == 409
        settled = (await ops.get(base, params={"state": "settled"})).json()["items"]
        assert [(s["id"], s["outcome"]) for s in settled] == [(first, "dropped: tried in vain")]
    done = await redrive(notes, UUID(second), handle)
    assert (done.settled, done.left) == (1, 0)
    assert await effects(notes, subject) == [2]
