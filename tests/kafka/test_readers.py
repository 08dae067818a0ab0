"""On Kafka: the parts of a split reader go on where it stood, and a reader is given its past again."""

from shared.ids import new_id
from shared.log.bus import Bus
from shared.log.consumer import Consumer
from shared.log.readers import WHOLE, Reader
from shared.log.replay import replay
from shared.log.split import settle
from tests.harness import Running
from tests.kafka.test_log import PATIENCE, written
from tests.shared.consumer.log import consuming_now
from tests.shared.consumer.test_split import Part
from tests.shared.until import until


async def catch_up(notes: Running, bus: Bus, topic: str, *readers: Reader) -> None:
    total = sum((await bus.end_offsets([topic])).values())

    async def all_there() -> bool:
        async with notes.db.connection() as conn:
            query = (
                "SELECT count(*) FROM (SELECT consumer FROM consumer_offset WHERE consumer = ANY($1) GROUP BY 1 HAVING sum(next) = $2) c"
            )
            return bool(await conn.fetchval(query, [reader.name for reader in readers], total) == len(readers))

    made = [Consumer(r.name, notes.db, bus, r.topics, r.handle, service="note-svc", former=r.split_from) for r in readers]
    async with consuming_now(*made):
        await until(all_there, PATIENCE)


async def test_each_part_takes_what_came_after_the_split_and_a_replay_the_whole_past(notes: Running, bus: Bus, topic: str) -> None:
    whole, left, right, again = Part(), Part(), Part(), Part()
    known = [new_id() for _ in range(20)]
    await bus.publish([one for subject in known for one in written(topic, subject, 1, 2)])
    await catch_up(notes, bus, topic, Reader("note-svc", whole, [topic]))
    parts = [Reader(name, part, [topic], (WHOLE,)).of("note-svc") for name, part in (("left", left), ("right", right))]
    await settle(notes.db, parts)
    await bus.publish([one for subject in known for one in written(topic, subject, 2, 3)])  # the relay repeats what it was not sure of
    await catch_up(notes, bus, topic, *parts)
    assert whole.done == dict.fromkeys([(subject, version) for subject in known for version in (1, 2)], 1)
    assert left.done == right.done == dict.fromkeys([(subject, 3) for subject in known], 1)
    done = await replay(notes.db, bus, Reader("left", again, [topic]), service="note-svc", clock=notes.clock)
    assert (done.handled, done.passed, done.total) == (60, 80, 80)
    assert again.done == dict.fromkeys([(subject, version) for subject in known for version in (1, 2, 3)], 1)
