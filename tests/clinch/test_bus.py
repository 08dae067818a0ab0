"""The folder's bus: remembered, kept to, and changed only together with the log. On Kafka's wire protocol in memory, without Java."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from clinch.errors import CommandError
from clinch.ops.bus.choice import settle_bus
from clinch.ops.bus.copy import Copy
from clinch.ops.bus.file import FolderBus, remember, remembered
from clinch.run.folder import DataFolder
from clinch.run.settings import SERVICES, Embedded
from clinch.run.stopped import databases_alone
from shared.log.bus import Bus, BusUnavailable, open_bus
from shared.log.bus.kafka import KafkaBus
from tests.clinch.loghouse import _TELL, DEALS, LEADS, PARTITIONS, CutOff, LogHouse, apart, events, on_bus, whole
from tests.clinch.test_commands import clinch
from tests.kafka_mock import KafkaMock

TOPICS = [DEALS, LEADS]


@pytest.fixture
def kafka_mock() -> Iterator[KafkaMock]:
    mock = KafkaMock()
    yield mock
    mock.stop()


@pytest.fixture
def kafka(kafka_mock: KafkaMock) -> str:
    """Its URL; our topics are there, since the mock cannot be asked to make any."""
    for topic in TOPICS:
        kafka_mock.create_topic(topic, PARTITIONS)
    return f"kafka://{kafka_mock.bootstrap}"


@pytest.fixture
def house(data: Path) -> LogHouse:
    return LogHouse(Embedded(DataFolder(data), 0))


def migrate(house: LogHouse, to: str) -> subprocess.CompletedProcess[str]:
    return clinch("bus", "migrate", "--to", to, data=house.run.folder.path)


def settled(run: Embedded, given: str | None) -> list[str]:
    """What is said while a bus is settled."""
    said: list[str] = []
    settle_bus(run, given, said.append)
    return said


# -- Remembered ------------------------------------------------------------------------------------------------------------


def new_run(place: Path) -> Embedded:
    run = Embedded(DataFolder(place / "data"), 0)
    run.folder.claim()
    return run


def test_a_new_folder_remembers_the_bus_of_its_first_start(place: Path, kafka: str) -> None:
    run = new_run(place)
    assert settled(run, kafka) == []
    known = remembered(run.folder)
    assert known.url == kafka
    assert known.cluster
    assert run.of_service("lead").bus_url == kafka
    assert settled(run, None) == []
    assert remembered(run.folder) == known


def test_without_a_bus_the_log_is_in_the_own_postgres(place: Path) -> None:
    run = new_run(place)
    settled(run, None)
    assert remembered(run.folder) == FolderBus()
    assert run.of_service("lead").bus_url == run.postgres().url("bus")


def test_a_kafka_that_is_down_is_one_line_and_its_id_is_learnt_later(place: Path, kafka: str, kafka_mock: KafkaMock) -> None:
    run = new_run(place)
    kafka_mock.down()
    (line,) = settled(run, kafka)
    assert line == f"No Kafka answers at {kafka}: Clinch starts all the same, and keeps events in its outboxes until one does."
    assert remembered(run.folder) == FolderBus(kafka)
    kafka_mock.up()
    assert settled(run, None) == []
    assert remembered(run.folder).cluster


def test_another_address_of_the_same_kafka_is_taken(house: LogHouse, kafka: str) -> None:
    house.fill(events(10))
    settled_at = FolderBus(kafka, cluster_of(kafka))
    remember(house.run.folder, settled_at)
    other = kafka.replace("127.0.0.1", "localhost")
    assert other != kafka
    settled(house.run, other)
    assert remembered(house.run.folder) == replace(settled_at, url=other)


def cluster_of(url: str) -> str:
    return apart(KafkaBus(url, client="test").cluster_id())


def test_another_kafka_at_the_same_address_is_refused(house: LogHouse, kafka: str) -> None:
    house.fill(events(10))
    remember(house.run.folder, FolderBus(kafka, "the-one-before"))
    with pytest.raises(CommandError, match="is another one than holds the log of this folder, or its data were deleted"):
        settled(house.run, None)
    anew = clinch("bus", "republish", data=house.run.folder.path)
    assert anew.returncode == 0, anew.stderr
    assert settled(house.run, None) == []
    assert remembered(house.run.folder) == FolderBus(kafka, cluster_of(kafka))


_KEPT = """
INSERT INTO outbox_letter (id, event_id, type, aggregate, subject, version, error, attempts, parked_at, settled_at, outcome)
SELECT uuidv7(), id, type, aggregate, subject, version, '', 1, now(), CASE WHEN $2 THEN now() END, CASE WHEN $2 THEN 'dropped: gone' END
FROM event WHERE id = $1::uuid
"""


def test_a_log_made_anew_has_what_could_not_be_published_and_not_what_was_dropped(house: LogHouse, kafka: str) -> None:
    house.fill([])
    remember(house.run.folder, FolderBus(kafka))
    parked, dropped = str(uuid4()), str(uuid4())

    async def told() -> list[list[str]]:
        conn = await asyncpg.connect(house.run.postgres().url("lead"))
        found = [await conn.fetch(f"SELECT event_id::text FROM {table}") for table in ("outbox", "outbox_letter")]
        await conn.close()
        return [[row[0] for row in rows] for rows in found]

    with databases_alone(house.run):
        apart(house.execute("lead", _TELL, [(parked,), (dropped,)]))
        apart(house.execute("lead", _KEPT, [(parked, False), (dropped, True)]))
    anew = clinch("bus", "republish", data=house.run.folder.path)
    assert anew.returncode == 0, anew.stderr
    assert anew.stdout.startswith("1 events will be published again.")
    with databases_alone(house.run):
        assert apart(told()) == [[parked], [dropped]]


def test_a_log_that_was_published_to_is_not_left_by_a_start(house: LogHouse, kafka: str) -> None:
    house.fill(events(10))
    up = clinch("up", "--bus", kafka, data=house.run.folder.path)
    assert (up.returncode, up.stdout) == (2, "")
    assert f"clinch bus migrate --to {kafka}" in up.stderr
    assert len(up.stderr.splitlines()) == 1
    assert remembered(house.run.folder) == FolderBus()


def test_a_log_that_nothing_was_published_to_may_be_left(house: LogHouse, kafka: str) -> None:
    house.fill([])
    settled(house.run, kafka)
    assert remembered(house.run.folder).url == kafka
    settled(house.run, "postgres")
    assert remembered(house.run.folder) == FolderBus()


def test_the_topics_of_another_installation_are_not_taken_over(place: Path, kafka: str) -> None:
    apart(on_bus(kafka, lambda bus: bus.publish(events(6))))
    with pytest.raises(CommandError, match="hold 6 events of another installation"):
        settled(new_run(place), kafka)


def test_only_the_owner_reads_a_bus_with_a_password_and_no_line_shows_it(place: Path) -> None:
    run = new_run(place)
    bus = FolderBus("kafka://clinch:secret@kafka.example:9092")
    remember(run.folder, bus)
    assert run.folder.bus.stat().st_mode & 0o777 == 0o600
    assert bus.place == "at kafka://kafka.example:9092"


# -- Migrated --------------------------------------------------------------------------------------------------------------


def test_the_log_is_carried_over_offset_by_offset_and_remembered(house: LogHouse, kafka: str) -> None:
    house.fill(events(200))
    done = migrate(house, kafka)
    assert done.returncode == 0, done.stdout + done.stderr
    assert apart(on_bus(kafka, whole)) == house.log()
    assert json.loads(house.run.folder.bus.read_text())["url"] == kafka
    steps = [line.strip() for line in done.stdout.splitlines()]
    assert [step.split(":")[0] for step in steps[:2]] == ["Copying 200 events", "Comparing 200 events"]
    assert steps[2] == f"{PARTITIONS} positions of consumers lie within the log"
    assert steps[3].endswith(f" verify --data {house.run.folder.path}")
    again = migrate(house, kafka)
    assert (again.returncode, again.stdout) == (0, f"The log is at {kafka} already.\n")


def test_what_was_published_meanwhile_goes_the_way_back_too(house: LogHouse, kafka: str) -> None:
    house.fill(events(50))
    assert migrate(house, kafka).returncode == 0
    apart(on_bus(kafka, lambda bus: bus.publish(events(30))))
    done = migrate(house, "postgres")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "50 of 80 events are there already\n  Copying 30 events" in done.stdout
    assert house.log() == apart(on_bus(kafka, whole))
    assert remembered(house.run.folder) == FolderBus()


def test_services_that_run_elsewhere_are_named_by_their_settings(house: LogHouse, kafka: str) -> None:
    house.fill(events(20))
    own = house.run.postgres().url
    settings = {f"CLINCH_{name.upper()}_DATABASE_URL": own(name) for name in SERVICES} | {"CLINCH_BUS_URL": own("bus")}
    with databases_alone(house.run):
        done = clinch("bus", "migrate", "--to", kafka, data=house.run.folder.path, **settings)
    assert done.returncode == 0, done.stderr
    assert f"start everything with CLINCH_BUS_URL={kafka}" in done.stdout
    assert apart(on_bus(kafka, whole)) == house.log()
    assert remembered(house.run.folder) == FolderBus()


@pytest.mark.parametrize("in_the_target", [True, False])
def test_a_copy_that_was_cut_off_goes_on_where_the_target_ends(
    house: LogHouse, kafka: str, monkeypatch: pytest.MonkeyPatch, in_the_target: bool
) -> None:
    """Whether the piece that it was cut off in is there, and only the word of it was lost, or is not."""
    monkeypatch.setattr("clinch.ops.bus.copy.PIECE", 7)
    house.fill(events(100))

    async def cut_off_and_again(target: Bus) -> tuple[int, int]:
        async with AsyncExitStack() as stack:
            source = open_bus(house.url)
            await source.start()
            stack.push_async_callback(source.stop)
            cut_off: Any = CutOff(target, 4, in_the_target)
            copy = Copy(source, cut_off, TOPICS)
            with pytest.raises(BusUnavailable):
                await copy.run(await copy.plan(), lambda count: None)
            copy = Copy(source, target, TOPICS)
            plan = await copy.plan()
            await copy.run(plan, lambda count: None)
            await copy.compare(lambda count: None)
            return cut_off.sent, sum(end - start for start, end in plan.values())

    with databases_alone(house.run):
        before, after = apart(on_bus(kafka, cut_off_and_again))
    assert 0 < before < 100
    assert before + after == 100
    assert apart(on_bus(kafka, whole)) == house.log()


# -- Refused ---------------------------------------------------------------------------------------------------------------


def refused(house: LogHouse, to: str) -> str:
    """Why; the folder stays with the log that it has."""
    before = remembered(house.run.folder)
    done = migrate(house, to)
    assert done.returncode == 1, done.stdout
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert remembered(house.run.folder) == before
    return done.stderr


def test_topics_that_hold_something_else_are_refused_before_anything_is_written(house: LogHouse, kafka: str) -> None:
    house.fill(events(40))
    apart(on_bus(kafka, lambda bus: bus.publish(events(4))))
    assert "is not the beginning of the log" in refused(house, kafka)
    assert len(apart(on_bus(kafka, whole))) == 4


def test_topics_with_more_than_the_log_are_refused(house: LogHouse, kafka: str) -> None:
    messages = events(8)
    house.fill(messages)
    apart(on_bus(kafka, lambda bus: bus.publish([*messages, *events(40)])))
    assert "is not the beginning of the log: it ends at" in refused(house, kafka)


def test_a_difference_before_the_last_message_is_found_by_the_comparison(house: LogHouse, kafka: str) -> None:
    messages = [replace(message, topic=LEADS, key="one") for message in events(9)]
    house.fill(messages)
    apart(on_bus(kafka, lambda bus: bus.publish([replace(messages[0], value=b"{}"), *messages[1:]])))
    assert "they part at 0" in refused(house, kafka)


def test_another_number_of_partitions_is_refused(house: LogHouse, kafka_mock: KafkaMock) -> None:
    house.fill(events(10))
    kafka_mock.create_topic(DEALS, PARTITIONS)
    kafka_mock.create_topic(LEADS, 1)
    assert f"{LEADS} has 1 partitions in the target and {PARTITIONS} in the log" in refused(house, f"kafka://{kafka_mock.bootstrap}")


def test_a_log_whose_beginning_is_gone_is_refused(house: LogHouse, kafka: str, kafka_mock: KafkaMock) -> None:
    messages = [replace(message, topic=LEADS, key="one") for message in events(9)]
    house.fill(messages)
    assert migrate(house, kafka).returncode == 0
    partition = next(message.partition for message in apart(on_bus(kafka, whole)))
    kafka_mock.truncate(LEADS, partition, 3)
    assert f"The log holds {LEADS}[{partition}] only from 3 on" in refused(house, "postgres")


def test_a_position_outside_the_log_is_refused(house: LogHouse, kafka: str) -> None:
    house.fill([replace(message, topic=LEADS, key="one") for message in events(9)])
    with databases_alone(house.run):
        apart(house.execute("deal", "UPDATE consumer_offset SET next = next + 5"))
    assert "deal: deal-svc stands at" in refused(house, kafka)


def test_a_kafka_that_does_not_answer_is_one_sentence(house: LogHouse, kafka: str, kafka_mock: KafkaMock) -> None:
    house.fill(events(10))
    kafka_mock.down()
    assert "The same command goes on from here." in refused(house, kafka)


def test_a_folder_in_use_is_refused(house: LogHouse, kafka: str) -> None:
    house.fill([])
    with house.run.folder.hold(8000):
        assert refused(house, kafka) == "clinch: Clinch is running: stop it with `clinch down`, then repeat.\n"


def test_no_folder_is_one_sentence(place: Path) -> None:
    done = clinch("bus", "migrate", "--to", "kafka://127.0.0.1:1", data=place / "none")
    assert (done.returncode, done.stderr) == (2, f"clinch: There is no data folder {place / 'none'}: name it with --data or CLINCH_DATA.\n")


# -- Cleared ---------------------------------------------------------------------------------------------------------------


def clear(house: LogHouse, *options: str) -> subprocess.CompletedProcess[str]:
    return clinch("bus", "clear", *options, data=house.run.folder.path)


def test_an_old_copy_in_the_own_postgres_is_told_of_and_cleared_for_the_way_back(house: LogHouse, kafka: str) -> None:
    house.fill(events(40))
    old = house.log()
    remember(house.run.folder, FolderBus(kafka))
    with databases_alone(house.run):
        apart(house.execute("deal", "DELETE FROM consumer_offset"))
    apart(on_bus(kafka, lambda bus: bus.publish(events(40))))  # the log made anew
    assert "`clinch bus clear` deletes the copy; then repeat." in refused(house, "postgres")
    asked = clear(house)
    assert asked.returncode == 1
    assert asked.stdout.startswith(f"The log is at {kafka}. Delete the old copy in the folder's own Postgres, 40 events? [y/N]")
    assert house.log() == old
    cleared = clear(house, "--yes")
    assert (cleared.returncode, cleared.stdout) == (0, f"The old copy is deleted, 40 events. The log stays at {kafka}.\n")
    assert clear(house).stdout == "There is no old copy of the log in the folder's own Postgres.\n"
    assert migrate(house, "postgres").returncode == 0
    assert house.log() == apart(on_bus(kafka, whole))


def test_the_log_itself_is_never_cleared(house: LogHouse) -> None:
    house.fill(events(8))
    before = house.log()
    done = clear(house, "--yes")
    assert done.returncode == 2
    assert done.stderr == "clinch: The log of this folder is in its own Postgres, and nothing else is there: nothing was deleted.\n"
    remember(house.run.folder, FolderBus("kafka://127.0.0.1:1"))
    with house.run.folder.hold(8000):
        assert "Clinch is running" in clear(house, "--yes").stderr
    assert house.log() == before
