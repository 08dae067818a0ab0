"""What waits in each service, read from its database and the log: a worker that is stuck or gone could not tell."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metrics_svc.rebuild.progress import Progress
    from shared.log.bus import TopicPartition

PATIENCE = 4.0  # seconds for a database, and for the log
MANY = 1000  # events; from so many on, a second look tells whether a consumer catches up
SECOND_LOOK = 2.0  # seconds later

# A timer that was set for a time that was over, as an import does, is late from when it was set. When an event was recorded or a timer
# was set by the machine's clock is in its id (UUIDv7); due is what is due by the business's clock, which is ahead by $1.
_STATE = """
SELECT (SELECT count(*) FROM outbox) AS outbox,
       (SELECT extract(epoch FROM now() - uuid_extract_timestamp(event_id))::float8 FROM outbox ORDER BY id LIMIT 1)
         AS outbox_oldest_seconds,
       (SELECT count(*) FROM outbox_letter WHERE settled_at IS NULL) AS outbox_letters,
       relay.seconds AS relay_blocked_seconds, relay.error AS relay_error,
       late.count AS timers_late, late.seconds AS timers_late_seconds,
       (SELECT count(*) FROM import_job WHERE state IN ('queued', 'running')) AS imports,
       (SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'clinch rebuild %'
        LIMIT 1) AS rebuilding
FROM (
    SELECT count(*), extract(epoch FROM now() - min(greatest(due_at - $1::interval, uuid_extract_timestamp(id))))::float8 AS seconds
    FROM timer WHERE fired_at IS NULL AND cancelled_at IS NULL AND due_at < now() + $1::interval
) AS late
LEFT JOIN (SELECT extract(epoch FROM now() - since)::float8 AS seconds, error FROM blocked_task WHERE name = 'relay') AS relay ON true
"""
_LETTERS = "SELECT consumer, count(*) FROM dead_letter WHERE settled_at IS NULL GROUP BY consumer"


@dataclass(frozen=True)
class Consumer:
    """`behind`: events in the log that it has not dealt with, None where the log is silent; `outside`: why it cannot go on."""

    name: str
    dead_letters: int
    behind: int | None = None
    catches_up: bool = True
    outside: str | None = None


@dataclass(frozen=True)
class Waiting:
    """What waits in one service. A consumer is here as soon as it has begun."""

    outbox: int
    outbox_oldest_seconds: float | None
    timers_late: int
    timers_late_seconds: float | None
    imports: int
    consumers: tuple[Consumer, ...]
    outbox_letters: int = 0
    relay_blocked_seconds: float | None = None
    """Since the relay's first failure; None while it makes progress."""
    relay_error: str | None = None
    rebuilding: "Progress | None" = None
    """How far figures are that are being built again; the old ones are served meanwhile."""


@dataclass(frozen=True)
class Figures:
    """By service; `silent` says why a database does not answer, `log_silent` why the log does not, asked where one did."""

    services: Mapping[str, Waiting] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
    log_silent: str | None = None
    replicas_missing: Mapping[str, int] = field(default_factory=dict)
    """By topic, where any are."""


@dataclass(frozen=True)
class _Log:
    """Beginning and end of each partition of those topics that exist."""

    bounds: "Mapping[TopicPartition, tuple[int, int]]"
    replicas_missing: Mapping[str, int]


@dataclass(frozen=True)
class _Asked:
    state: dict[str, Any]
    letters: dict[str, int]
    positions: "dict[str, dict[TopicPartition, int]]"
    """The stored offsets, by consumer."""


async def figures(databases: Mapping[str, str], bus_url: str, moved: timedelta = timedelta()) -> Figures:
    """Of the services whose databases are at these URLs, and whose clock is ahead by `moved`. Returns within seconds, whatever is down."""
    first = await _look(databases, bus_url, moved)
    many = {(name, one.name): one.behind for name, of in first.services.items() for one in of.consumers if (one.behind or 0) > MANY}
    if not many:
        return first
    await asyncio.sleep(SECOND_LOOK)
    second = await _look(databases, bus_url, moved)

    def compared(name: str, one: Consumer) -> Consumer:
        before = many.get((name, one.name))
        return replace(one, catches_up=before is None or one.behind is None or one.behind < before)

    services = {name: replace(of, consumers=tuple(compared(name, one) for one in of.consumers)) for name, of in second.services.items()}
    return replace(second, services=services)


async def _look(databases: Mapping[str, str], bus_url: str, moved: timedelta) -> Figures:
    answers = dict(zip(databases, await asyncio.gather(*(_ask(url, moved) for url in databases.values())), strict=True))
    asked = {name: answer for name, answer in answers.items() if not isinstance(answer, str)}
    silent = {name: answer for name, answer in answers.items() if isinstance(answer, str)}
    if not asked:
        return Figures({}, silent)
    topics = {topic for of in asked.values() for stored in of.positions.values() for topic, _ in stored}
    log = await _ask_log(bus_url, sorted(topics))
    if isinstance(log, str):
        return Figures({name: _waiting(of, None) for name, of in asked.items()}, silent, log_silent=log)
    return Figures({name: _waiting(of, log.bounds) for name, of in asked.items()}, silent, None, log.replicas_missing)


async def _ask(url: str, moved: timedelta) -> _Asked | str:
    """What the database says, or why it says nothing."""
    import asyncpg

    from metrics_svc.rebuild.progress import read
    from shared.log.split import POSITIONS

    try:
        async with asyncio.timeout(PATIENCE):
            conn: Any = await asyncpg.connect(url, server_settings={"application_name": "clinch status", "jit": "off"})
            try:
                state = dict(await conn.fetchrow(_STATE, moved))
                state["rebuilding"] = read(state["rebuilding"] or "")
                asked = _Asked(state, dict(await conn.fetch(_LETTERS)), {})
                for consumer, topic, partition, position in await conn.fetch(POSITIONS):
                    asked.positions.setdefault(consumer, {})[topic, partition] = position
                return asked
            finally:
                conn.terminate()
    except TimeoutError:
        return f"no answer within {PATIENCE:.0f} s"
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return str(error).partition("\n")[0] or type(error).__name__


async def _ask_log(url: str, topics: Sequence[str]) -> _Log | str:
    """What the log says of these topics, or why it says nothing."""
    from clinch.ops.bus.copy import all_topics, ends
    from shared.log.bus import BusError, open_bus

    bus = open_bus(url, client="clinch status")
    await bus.start()
    try:
        async with asyncio.timeout(PATIENCE):
            found = await ends(bus, topics or all_topics())  # also where nothing was read yet: whether it answers
            there = sorted({topic for topic, _ in found})
            beginnings = await bus.beginning_offsets(there) if there else {}
            missing = {topic: count for topic, count in (await bus.replicas_missing(there)).items() if count}
            return _Log({at: (beginnings[at], end) for at, end in found.items()}, missing)
    except TimeoutError:
        return f"no answer within {PATIENCE:.0f} s"
    except BusError as error:
        return str(error)
    finally:
        await bus.stop()


def _waiting(asked: _Asked, bounds: "Mapping[TopicPartition, tuple[int, int]] | None") -> Waiting:
    consumers = []
    for name in sorted(asked.letters.keys() | asked.positions.keys()):
        one = Consumer(name, asked.letters.get(name, 0))
        consumers.append(one if bounds is None else _placed(one, asked.positions.get(name, {}), bounds))
    return Waiting(**asked.state, consumers=tuple(consumers))


def _placed(consumer: Consumer, stored: "Mapping[TopicPartition, int]", bounds: "Mapping[TopicPartition, tuple[int, int]]") -> Consumer:
    behind, outside = 0, None
    for (topic, partition), position in sorted(stored.items()):
        beginning, end = bounds.get((topic, partition), (0, 0))
        if not beginning <= position <= end:
            outside = outside or f"it stands at {position} of {topic}[{partition}], which holds {beginning} up to {end}"
        behind += max(0, end - position)
    return replace(consumer, behind=behind, outside=outside)
