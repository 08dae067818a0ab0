"""The invariants that a service's own data must keep (quality.md §1), as statements that return what breaks them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import MetaData

from shared.bus import Bus
from shared.events.envelope import topic
from shared.tables import PLUMBING

PIECE = 5000


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` returns one row per offender, the first column naming it; no row means that the invariant holds."""

    invariant: int
    says: str
    sql: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: how many were looked at where that is known, and the first offenders."""

    invariant: int
    says: str
    offenders: int
    examples: tuple[str, ...] = ()
    looked_at: int | None = None


def aggregates(metadata: MetaData) -> list[str]:
    """Tables whose rows are aggregates: those with an id and a version, plumbing aside."""
    own = [t for t in metadata.sorted_tables if t.name not in PLUMBING.tables]
    return [t.name for t in own if "id" in t.c and "version" in t.c]


def atomicity(metadata: MetaData) -> list[Check]:
    """Invariant 4: an aggregate's version is the number of its events, and every event belongs to an aggregate."""
    tables = aggregates(metadata)
    if not tables:
        return []
    rows = " UNION ALL ".join(f"SELECT id, version FROM {name}" for name in tables)
    told = "SELECT subject, count(*) AS n, max(version) AS last FROM event GROUP BY subject"
    return [
        Check(
            4,
            "each aggregate's version counts its events",
            f"SELECT coalesce(a.id, e.subject) FROM ({rows}) a FULL JOIN ({told}) e ON e.subject = a.id "
            "WHERE a.version IS DISTINCT FROM e.n OR e.n IS DISTINCT FROM e.last",
        )
    ]


async def run(conn: Any, checks: Sequence[Check]) -> AsyncIterator[Finding]:
    for check in checks:
        found = await conn.fetch(f"SELECT offender.*, count(*) OVER () AS of_all FROM ({check.sql}) offender LIMIT 5")
        yield Finding(check.invariant, check.says, found[0]["of_all"] if found else 0, tuple(str(row[0]) for row in found))


async def in_the_log(conn: Any, bus: Bus, aggregates_told: Sequence[str]) -> AsyncIterator[Finding]:
    """Invariants 5 and 6: what left the outbox is in the log, nothing else is, and each aggregate's versions come as 1, 2, 3 ..."""
    told = {row["id"].bytes async for row in _rows(conn, "SELECT id FROM event WHERE id NOT IN (SELECT event_id FROM outbox) ORDER BY id")}
    queued = {row["event_id"].bytes async for row in _rows(conn, "SELECT event_id FROM outbox")}
    missing, foreign, order = set(told), 0, []
    last: dict[str, int] = {}
    logged = 0
    topics = [topic(a) for a in aggregates_told]
    ends = await bus.end_offsets(topics)
    for (name, partition), start in (await bus.beginning_offsets(topics)).items():
        offset = start
        while offset < ends[name, partition]:
            for message in await bus.read(name, partition, offset, PIECE):
                offset = message.offset + 1
                id, subject, version = _stamp(message.headers)
                logged += 1
                missing.discard(id)
                foreign += id not in told and id not in queued
                before = last.get(subject, 0)
                if version > before + 1:
                    order.append(f"{subject}: {version} after {before}")
                last[subject] = max(before, version)
    yield Finding(5, "every event that left the outbox is in the log", len(missing), tuple(_text(m) for m in list(missing)[:5]), len(told))
    yield Finding(5, "the log holds no event that the service did not tell", foreign, (), logged)
    yield Finding(6, "each aggregate's events are in the log in the order of their versions", len(order), tuple(order[:5]), len(last))


async def _rows(conn: Any, sql: str) -> AsyncIterator[Any]:
    async with conn.transaction():
        async for row in conn.cursor(sql, prefetch=PIECE):
            yield row


def _stamp(headers: dict[str, str]) -> tuple[bytes, str, int]:
    return bytes.fromhex(headers["ce_id"].replace("-", "")), headers["ce_subject"], int(headers["ce_sequence"])


def _text(id: bytes) -> str:
    return id.hex()
