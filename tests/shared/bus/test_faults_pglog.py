"""The Postgres log when its server is killed, when it refuses, and when only half a batch would fit."""

import asyncio
from time import monotonic

import asyncpg
import pytest

from shared.log.bus import Bus, BusUnavailable, Message, MessageRefused, OffsetOutOfRange, open_bus
from shared.log.bus.partition import partition_of
from shared.log.bus.pgreader import PgReader
from tests.shared.bus.logs import PostgresLog, PostgresServer
from tests.shared.bus.reading import Consumer, eventually, message, values_by_key, whole_log


@pytest.fixture
def log(log_server: PostgresServer) -> PostgresLog:
    return PostgresLog(log_server.url)


async def test_a_batch_is_appended_whole_or_not_at_all(bus: Bus, topic: str) -> None:
    batch = [message(topic, f"k{number}", number) for number in range(100)]
    batch[-1] = Message(topic, "a key that Postgres cannot store: \x00", b"", {})
    with pytest.raises(MessageRefused):
        await bus.publish(batch)
    assert sum((await bus.end_offsets([topic])).values()) == 0
    await bus.publish(batch[:-1])
    stored = await whole_log(bus, topic)
    assert sum(map(len, stored.values())) == 99


async def test_a_message_that_a_trigger_on_the_log_refuses_is_refused_and_the_others_are_taken(
    bus: Bus, log: PostgresLog, topic: str
) -> None:
    connection = await asyncpg.connect(log.url)
    await connection.execute("""
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.key = 'bad' THEN RAISE EXCEPTION 'not this one'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION refuse();
    """)
    try:
        with pytest.raises(MessageRefused, match="not this one"):
            await bus.publish([message(topic, "good", 1), message(topic, "bad", 1)])
        await bus.publish([message(topic, "good", 1)])
        assert sum((await bus.end_offsets([topic])).values()) == 1
    finally:
        await connection.execute("DROP FUNCTION refuse CASCADE")
        await connection.close()


async def test_publishers_that_take_partitions_in_opposite_order_do_not_deadlock(bus: Bus, topic: str) -> None:
    keys = [f"k{number}" for number in range(16)]
    batches = [[message(topic, key, number) for key in (keys if number % 2 else keys[::-1])] for number in range(40)]
    await asyncio.gather(*(bus.publish(batch) for batch in batches))
    assert sum((await bus.end_offsets([topic])).values()) == 640


async def test_everything_goes_on_after_the_server_was_killed(log_server: PostgresServer, bus: Bus, topic: str) -> None:
    consumer = Consumer()
    reader = bus.reader("g", [topic], consumer.positions)
    await bus.publish([message(topic, f"k{number % 8}", number // 8) for number in range(80)])
    await consumer.read_all(reader, 80)
    log_server.kill()
    batch = [message(topic, f"k{number % 8}", 10 + number // 8) for number in range(80)]
    with pytest.raises(BusUnavailable):
        await bus.publish(batch)
    with pytest.raises(BusUnavailable):
        await reader.poll(10, 1.0)
    started = monotonic()
    with pytest.raises(BusUnavailable):
        await reader.poll(10, 1.0)
    assert monotonic() - started > 0.1, "a failing poll must not be a busy loop"
    await asyncio.sleep(0.6)
    assert reader.last_poll_age > 0.5
    log_server.start()
    while True:
        try:
            await bus.publish(batch)
            break
        except BusUnavailable:
            await asyncio.sleep(0.1)
    await consumer.read_all(reader, 160)
    assert all(numbers == list(range(20)) for numbers in values_by_key(consumer.seen).values())
    assert reader.last_poll_age < 30


async def test_a_reader_that_lost_its_connection_asks_for_its_offsets_again(log: PostgresLog, bus: Bus, topic: str) -> None:
    consumer = Consumer()
    reader = bus.reader("g", [topic], consumer.positions)
    assert isinstance(reader, PgReader)
    await consumer.read(reader, lambda: len(reader.held) == 4)
    await log.kill(reader)
    await eventually(lambda: not reader.held)
    await bus.publish([message(topic, f"k{number}", number) for number in range(20)])
    other = Consumer()  # meanwhile somebody else reads on for the group
    other_reader = bus.reader("g", [topic], other.positions)
    await other.read_all(other_reader, 20)
    await other_reader.close()
    consumer.offsets.update(other.offsets)
    await bus.publish([message(topic, "late", 1)])
    await consumer.read_all(reader, 1)
    assert [one.key for one in consumer.seen] == ["late"]
    assert len(consumer.asked) == 8


async def test_readers_of_several_groups_share_a_connection_and_two_of_one_do_not(log: PostgresLog, bus: Bus, topic: str) -> None:
    consumers = [Consumer() for _ in range(6)]
    readers = [bus.reader(f"g{number}", [topic], consumer.positions) for number, consumer in enumerate(consumers)]
    await bus.publish([message(topic, f"k{number % 8}", number // 8) for number in range(80)])
    await asyncio.gather(*(one.read_all(reader, 80) for one, reader in zip(consumers, readers, strict=True)))
    assert len({log.server_process(reader) for reader in readers}) == 1
    twin = bus.reader("g0", [topic], consumers[0].positions)
    both = lambda: len(readers[0].held) == len(twin.held) == 2 and not readers[0].held & twin.held  # noqa: E731
    await asyncio.gather(consumers[0].read(readers[0], both), consumers[0].read(twin, both))
    assert log.server_process(twin) != log.server_process(readers[0])

    await readers[1].close()  # those that stay keep what they hold
    assert all(len(reader.held) == 4 for reader in readers[2:])
    successor = bus.reader("g1", [topic], consumers[1].positions)
    await consumers[1].read(successor, lambda: len(successor.held) == 4)
    assert log.server_process(successor) == log.server_process(readers[0])
    await readers[1].close()  # once more, as the bus does when it stops
    assert len(successor.held) == 4

    await log.kill(readers[0])  # all of them have lost their locks, and take them again
    await eventually(lambda: not any(reader.held for reader in (*readers[2:], successor)))
    await bus.publish([message(topic, f"k{number % 8}", 10 + number // 8) for number in range(80)])
    still = [*zip(consumers[2:], readers[2:], strict=True), (consumers[1], successor)]
    await asyncio.gather(*(one.read_all(reader, 160) for one, reader in still))
    assert all(numbers == list(range(20)) for one, _ in still for numbers in values_by_key(one.seen).values())


async def test_a_hole_in_the_log_is_loud(bus: Bus, log: PostgresLog, topic: str) -> None:
    await bus.publish([message(topic, "k", number) for number in range(10)])
    partition = partition_of("k", 4)
    connection = await asyncpg.connect(log.url)
    await connection.execute('DELETE FROM log WHERE topic = $1 AND "offset" = 5', topic)
    await connection.close()
    with pytest.raises(OffsetOutOfRange) as stop:
        await bus.read(topic, partition, 0, 100)
    assert stop.value.stored == 5


async def set_read_only(url: str, value: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    await connection.execute("SELECT pg_reload_conf()")
    while await connection.fetchval("SHOW default_transaction_read_only") != value:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname <> ''")
    await connection.close()


async def test_a_read_only_server_refuses_for_now_and_loses_nothing(bus: Bus, log: PostgresLog, topic: str) -> None:
    await set_read_only(log.url, "on")
    try:
        with pytest.raises(BusUnavailable):
            await bus.publish([message(topic, "k", 1)])
    finally:
        await set_read_only(log.url, "off")
    await asyncio.sleep(0.2)
    await bus.publish([message(topic, "k", 1)])
    assert sum((await bus.end_offsets([topic])).values()) == 1


async def test_starting_and_stopping_need_no_server() -> None:
    bus = open_bus("postgresql://clinch@127.0.0.1:1/nothing")
    await bus.start()
    reader = bus.reader("g", ["t"], Consumer().positions)
    with pytest.raises(BusUnavailable):
        await bus.publish([message("t", "k", 1)])
    with pytest.raises(BusUnavailable):
        await reader.poll(10, 0.2)
    started = monotonic()
    await bus.stop()
    assert monotonic() - started < 30
