"""The invariants that a service's own data must keep, as statements that return what breaks them."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, MetaData

from shared.acts import Act
from shared.db.record import SILENT
from shared.db.tables import PLUMBING
from shared.events.envelope import Event, topic
from shared.log.bus import Bus

PIECE = 5000


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` returns one row per offender, the first column naming it; no row means that the invariant holds."""

    invariant: int
    says: str
    sql: str


@dataclass(frozen=True, slots=True)
class Recount:
    """What rules calculate and rows keep. `differing` gives batch by batch how many rows were calculated again, and which differ."""

    invariant: int
    says: str
    differing: Callable[[Any], AsyncIterator[tuple[int, Sequence[str]]]]


@dataclass(frozen=True, slots=True)
class Total:
    """What two services must agree on, each from its own data: totals of the same name return the same rows, in the same order.

    Amounts are exact decimals in the reporting currency, as texts without trailing zeros.
    """

    invariant: int
    says: str
    sql: str


ROSTER_TOTAL = Total(8, "who is in which team", "SELECT person_id, team_id, team_path, role, active FROM roster ORDER BY person_id")
"""Of every service: lead-svc tells it, and the others keep it."""

ACCOUNTS_TOTAL = Total(
    8,
    "name, region, owner and tier of each account",
    "SELECT id, name, region, owner_id, tier FROM party_account WHERE version > 0 ORDER BY id",
)
"""Of each service with a directory of parties; lead-svc counts its own table. One that only an import has named is not told of yet."""

RATES_TOTAL = Total(
    8, "the exchange rates of days", "SELECT base, currency, day, trim_scale(rate)::text, source FROM rate ORDER BY 1, 2, 3"
)
"""Of lead-svc, which tells them, and of each service that converts amounts by them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: how many were looked at where that is known, and the first offenders."""

    invariant: int
    says: str
    offenders: int
    examples: tuple[str, ...] = ()
    looked_at: int | None = None


PLUMBING_CHECKS = (
    Check(7, "no event is parked as a dead letter", "SELECT consumer || ' ' || subject FROM dead_letter WHERE settled_at IS NULL"),
    Check(5, "no event waits in the outbox", "SELECT event_id FROM outbox"),
    Check(5, "no event is kept from the log", "SELECT event_id, type FROM outbox_letter WHERE settled_at IS NULL"),
)
"""Asked when the system is quiet: what is left then will not move by itself."""


def aggregates(metadata: MetaData) -> list[str]:
    """Rows of aggregates with their versions, as SQL: of tables with an id and a version, plumbing aside."""
    own = [t for t in metadata.sorted_tables if t.name not in PLUMBING.tables]
    found = [t for t in own if t.primary_key.columns.keys() == ["id"] and "version" in t.c]
    return [f"SELECT id, version FROM {t.name}{' WHERE version > 0' if t.info == SILENT else ''}" for t in found]


def atomicity(metadata: MetaData) -> list[Check]:
    """Invariant 4: an aggregate's version is the number of its events, and every event belongs to an aggregate."""
    tables = aggregates(metadata)
    if not tables:
        return []
    # The events of a policy are its document's, which has a row for each of its versions and none of its own.
    counted = "SELECT subject, count(*) FROM event WHERE aggregate = 'policy' GROUP BY subject"
    # Of a hand-over, lead-svc also keeps how far other services are: those rows have no cursor.
    moved = "SELECT id, version FROM hand_over WHERE cursor <> '{}'"
    # Of the rates, every service has the table, and only the one that tells of them has their events.
    rates = "SELECT id, version FROM rate WHERE EXISTS (SELECT FROM event WHERE aggregate = 'rate')"
    # Tasks, deadlines and approvals that an upgrade made of what was there then have no events.
    parts = [f"SELECT id, version FROM {name} WHERE version > 0" for name in ("task", "deadline", "approval")]
    rows = " UNION ALL ".join([*tables, counted, moved, rates, *parts])
    told = "SELECT subject, count(*) AS n, max(version) AS last FROM event GROUP BY subject"
    return [
        Check(
            4,
            "each aggregate's version counts its events",
            f"SELECT coalesce(a.id, e.subject) FROM ({rows}) a FULL JOIN ({told}) e ON e.subject = a.id "
            "WHERE a.version IS DISTINCT FROM e.n OR e.n IS DISTINCT FROM e.last",
        )
    ]


def orphans(metadata: MetaData) -> list[Check]:
    """Invariant 9: what a row refers to is there. Asked of every foreign key, because one that is NOT VALID does not look at old rows."""
    asked = []
    for table in metadata.sorted_tables:
        for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.name)):
            row = " || ' ' || ".join(f"c.{column.name}" for column in table.primary_key)
            given = " AND ".join(f"c.{e.parent.name} IS NOT NULL" for e in key.elements)
            there = " AND ".join(f"p.{e.column.name} = c.{e.parent.name}" for e in key.elements)
            missing = f"NOT EXISTS (SELECT FROM {key.referred_table.name} p WHERE {there})"
            names = ", ".join(key.column_keys)
            asked.append(f"SELECT '{table.name}.{names} of ' || {row} AS orphan FROM {table.name} c WHERE {given} AND {missing}")
    return [Check(9, "no row refers to one that is not there", " UNION ALL ".join(asked))] if asked else []


def limits(metadata: MetaData) -> list[Check]:
    """Invariant 9: every row keeps the CHECKs of its table. Asked of every one, because one that is NOT VALID does not look at old rows."""
    asked = []
    for table in metadata.sorted_tables:
        row = " || ' ' || ".join(column.name for column in table.primary_key)
        for check in sorted((c for c in table.constraints if isinstance(c, CheckConstraint)), key=lambda check: str(check.name)):
            asked.append(f"SELECT '{table.name}.{check.name} of ' || {row} AS beyond FROM {table.name} WHERE NOT ({check.sqltext})")
    return [Check(9, "amounts, percents, days and ranges are within their limits", " UNION ALL ".join(asked))] if asked else []


def legal_histories(acts: Sequence[Act[Any, Any]], *, table: str, column: str, stays: Sequence[type[Event]] = ()) -> list[Check]:
    """Invariant 9: each step of a history is one that an act declares and begins where the one before ended.

    The last one ends where the row is.
    An event says where it came from (`from_state`, `from_stage`) and went to (`to_stage`, `stage`, `to_state`) when its acts leave that
    open. Events in `stays` change the state only when they are a history's first. Every version of an event's type counts; two of them one
    after the other are the same step, told in the old form and the new.
    """
    legal: dict[str, set[tuple[str | None, str]]] = {}
    for act in acts:
        for event in act.tells if act.paths else ():
            legal.setdefault(_short(event), set()).update(act.paths)
    fixed = {name: next(iter(ends)) for name, paths in legal.items() if len(ends := {to for _, to in paths}) == 1}
    went_to = " ".join(f"WHEN '{name}' THEN '{state}'" for name, state in sorted(fixed.items()))
    paths = ", ".join(f"('{name}', {_sql(a)}, '{b}')" for name in sorted(legal) for a, b in sorted(legal[name], key=str))
    first_only = ", ".join(f"'{_short(event)}'" for event in stays) or "''"
    label = acts[0].of.label
    return [
        Check(
            9,
            f"each {label}'s history is an unbroken path of its acts that ends in its {column}",
            f"""
            WITH legal (name, a, b) AS (VALUES {paths}),
            named AS (
              SELECT subject, version, type, data, split_part(type, '.', 2) || '.' || split_part(type, '.', 3) AS name FROM event
              WHERE aggregate = '{acts[0].of.name}'
            ),
            beside AS (
              SELECT *, lag(name) OVER told = name AND lag(type) OVER told <> type AS is_same FROM named
              WINDOW told AS (PARTITION BY subject ORDER BY version)
            ),
            told AS (SELECT * FROM beside WHERE is_same IS NOT TRUE),
            moved AS (
              SELECT *, row_number() OVER (PARTITION BY subject ORDER BY version) AS place FROM told
              WHERE name IN (SELECT name FROM legal)
            ),
            step AS (
              SELECT subject, version, name, coalesce(data->>'from_state', data->>'from_stage') AS said,
                     CASE name {went_to} ELSE coalesce(data->>'to_stage', data->>'stage', data->>'to_state') END AS went_to
              FROM moved WHERE place = 1 OR name NOT IN ({first_only})
            ),
            path AS (
              SELECT *, lag(went_to) OVER (PARTITION BY subject ORDER BY version) AS came_from,
                     row_number() OVER (PARTITION BY subject ORDER BY version DESC) = 1 AS is_last
              FROM step
            )
            SELECT DISTINCT p.subject FROM path p LEFT JOIN {table} t ON t.id = p.subject
            WHERE (p.said IS NOT NULL AND p.said IS DISTINCT FROM p.came_from)
            OR NOT EXISTS (SELECT FROM legal l WHERE l.name = p.name AND l.a IS NOT DISTINCT FROM p.came_from AND l.b = p.went_to)
            OR (p.is_last AND p.went_to IS DISTINCT FROM t.{column})
            """,
        )
    ]


def _sql(state: str | None) -> str:
    return "NULL" if state is None else f"'{state}'"


def _short(event: type[Event]) -> str:
    """`lead.qualified`, whatever the version."""
    return ".".join(event.type.split(".")[1:-1])


_LEFT_THE_OUTBOX = """
SELECT id FROM event WHERE id NOT IN (SELECT event_id FROM outbox)
AND id NOT IN (SELECT event_id FROM outbox_letter WHERE outcome IS DISTINCT FROM 'redriven')
"""
_DROPPED = """
SELECT subject, version FROM event WHERE id IN (SELECT event_id FROM outbox_letter WHERE settled_at IS NOT NULL AND outcome <> 'redriven')
"""


async def run(conn: Any, checks: Sequence[Check]) -> AsyncIterator[Finding]:
    for check in checks:
        found = await conn.fetch(f"SELECT offender.*, count(*) OVER () AS of_all FROM ({check.sql}) offender LIMIT 5")
        yield Finding(check.invariant, check.says, found[0]["of_all"] if found else 0, tuple(str(row[0]) for row in found))


async def recounted(db: Any, recounts: Sequence[Recount]) -> AsyncIterator[Finding]:
    for recount in recounts:
        looked_at, found = 0, list[str]()
        async for rows, differ in recount.differing(db):
            looked_at += rows
            found += differ
        yield Finding(recount.invariant, recount.says, len(found), tuple(found[:5]), looked_at)


async def in_the_log(conn: Any, bus: Bus, service: str, aggregates_told: Sequence[str]) -> AsyncIterator[Finding]:
    """Invariants 5 and 6: what left the outbox is in the log, nothing else is, and each aggregate's versions come as 1, 2, 3 ...

    Events that somebody has given up are not looked for, nor those that another service tells in the same topic.
    """
    source = f"/clinch/{service}"
    dropped = {(str(row["subject"]), row["version"]) for row in await conn.fetch(_DROPPED)}
    missing = {row["id"].bytes async for row in _rows(conn, _LEFT_THE_OUTBOX)}
    told, logged = len(missing), set[bytes]()
    order: list[str] = []
    last: dict[str, int] = {}
    topics = [topic(a) for a in aggregates_told]
    ends = await bus.end_offsets(topics)
    for (name, partition), offset in (await bus.beginning_offsets(topics)).items():
        while offset < ends[name, partition] and (batch := await bus.read(name, partition, offset, PIECE)):
            offset = batch[-1].offset + 1
            for message in batch:
                if message.headers.get("ce_source") != source:
                    continue
                id, subject, version = _stamp(message.headers)
                logged.add(id)
                before = last.get(subject, 0)
                if any((subject, between) not in dropped for between in range(before + 1, version)):
                    order.append(f"{subject}: {version} after {before}")
                last[subject] = max(before, version)
    missing -= logged
    known = await conn.fetchval("SELECT count(*) FROM event WHERE id = ANY($1::uuid[])", [UUID(bytes=id) for id in logged])
    yield Finding(5, "every event that left the outbox is in the log", len(missing), tuple(id.hex() for id in list(missing)[:5]), told)
    yield Finding(5, "the log holds no event that the service did not tell", len(logged) - known, (), len(logged))
    yield Finding(6, "each aggregate's events are in the log in the order of their versions", len(order), tuple(order[:5]), len(last))


async def _rows(conn: Any, sql: str) -> AsyncIterator[Any]:
    async with conn.transaction():
        async for row in conn.cursor(sql, prefetch=PIECE):
            yield row


def _stamp(headers: dict[str, str]) -> tuple[bytes, str, int]:
    return bytes.fromhex(headers["ce_id"].replace("-", "")), headers["ce_subject"], int(headers["ce_sequence"])
