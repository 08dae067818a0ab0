"""Data access: transactions and reads on asyncpg's pool. The only way a service touches its database.

What `add` and `save` change waits for the next statement that could see it, or for the commit: so a read sees it, nobody has to ask for
it, and many changes go by one statement.

JSONB columns hold plain Python values; JSON columns hold the bytes as they are (events travel unparsed).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar, cast
from uuid import UUID

import asyncpg

from shared.db.context import Context
from shared.db.outbox import MANY, Answer, Change, Told, named, write
from shared.db.query import A, Aggregate, Query, at_version
from shared.errors import KeyInUse, Stale
from shared.events.envelope import E, Envelope, Event
from shared.ids import new_id
from shared.policy.document import D, Policy
from shared.policy.held import DEFAULTS, Active
from shared.process.settings import Settings

R = TypeVar("R")

Consequence = Callable[["Tx", Sequence[Told]], Awaitable[None]]
Follows = Mapping[type[Event], Sequence[Consequence]]
"""What follows from events in the transaction that tells them: tasks close, deadlines start and end. They get all of one type at once."""

NOTHING: Follows = MappingProxyType({})
# What is given back at the commit is given back before the disk has it, if Postgres does not wait for the disk. And nobody has to wait
# while Postgres plans the same statements again.
_TURN = """
SELECT pg_advisory_xact_lock(hashtext($1)), set_config('plan_cache_mode', 'force_generic_plan', true),
       set_config('synchronous_commit', CASE WHEN $2 THEN 'off' ELSE current_setting('synchronous_commit') END, true)
"""
_FEW = 5
"""So many rows are remembered as they were written."""


class Reader:
    """Reads on one connection."""

    def __init__(self, conn: Any, active: Active = DEFAULTS) -> None:
        self._conn = conn
        self._active = active

    def policy(self, of: Policy[D]) -> D:
        """The active document, the same one until the end; no question to the database."""
        return self._active.get(of)

    async def first(self, query: Query[R], **params: Any) -> R | None:
        record = await (await self._ready(query.sql)).fetchrow(query.sql, *query.args(params))
        return None if record is None else query.row(record)

    async def one(self, query: Query[R], **params: Any) -> R:
        found = await self.first(query, **params)
        if found is None:
            raise LookupError("the statement returned no row")
        return found

    async def all(self, query: Query[R], **params: Any) -> list[R]:
        return [query.row(r) for r in await self.records(query, **params)]

    async def records(self, query: Query[Any], **params: Any) -> list[Any]:
        """Rows as asyncpg reads them, by column."""
        found: list[Any] = await (await self._ready(query.sql)).fetch(query.sql, *query.args(params))
        return found

    async def _ready(self, sql: str = "") -> Any:
        """The connection, for this statement."""
        return self._conn

    async def rows(self, sql: str, *args: Any) -> list[Any]:
        """The rows of a statement that is written by hand, as asyncpg reads them."""
        found: list[Any] = await (await self._ready(sql)).fetch(sql, *args)
        return found

    async def row(self, sql: str, *args: Any) -> Any:
        """The first row of a statement that is written by hand; None where there is none."""
        return await (await self._ready(sql)).fetchrow(sql, *args)

    async def value(self, sql: str, *args: Any) -> Any:
        """The first value of the first row of a statement that is written by hand."""
        return await (await self._ready(sql)).fetchval(sql, *args)

    async def get(self, of: Aggregate[A], id: UUID) -> A:
        """The row, or `NotFound`."""
        found = await self.first(of.get, id=id)
        if found is None:
            raise of.missing()
        return found


class Tx(Reader):
    """One transaction. Only the edge (a route, a reaction, a timer, a job) opens and commits it."""

    def __init__(self, conn: Any, context: Context, settings: Settings, active: Active = DEFAULTS, follows: Follows = NOTHING) -> None:
        super().__init__(conn, active)
        self._follows = follows
        self._followed: list[Told] = []
        self.context = context
        self.settings = settings
        self.actor = context.actor
        self.now = context.now
        self.machine_now = context.now - context.moved
        """For what counts how long something takes or is kept; see `shared.clock`."""
        self.answer: Answer | None = None
        self.kept = True
        """Whether it commits: a dry run does not, and takes no number that a real one would miss."""
        self.firing: UUID | None = None
        """The timer whose handler this transaction is."""
        self.early = False
        """Whether the next one in turn goes on before this is on the disk: see `Database`."""
        self.marks: set[str] = set()
        """Flags that each record gets, if it has flags, that is added or saved from here on."""
        self.turns: set[str] = set()
        """What it is the only one at, until it ends."""
        self.changes_policy = False
        """Whether it makes another document active: then its process knows at once."""
        self.events = 0
        """How many it has told so far, also those that a savepoint took back."""
        self._told: list[Told] = []
        self._saved: dict[UUID, Any] = {}
        self._added: set[UUID] = set()
        self._waiting: list[Change] = []

    async def run(self, query: Query[Any], **params: Any) -> None:
        await (await self._ready(query.sql)).execute(query.sql, *query.args(params))

    async def run_within(self, seconds: float, query: Query[Any], **params: Any) -> None:
        """The same for a statement over a whole table, with more time than those of a request have."""
        await (await self._ready()).execute(query.sql, *query.args(params), timeout=seconds)

    async def execute(self, sql: str, *args: Any) -> str:
        """Run a statement that is written by hand; Postgres' word for what it did, such as `UPDATE 1`."""
        done: str = await (await self._ready(sql)).execute(sql, *args)
        return done

    async def insert(self, sql: str, *args: Any, into: str, ids: Sequence[UUID]) -> None:
        """Let an INSERT that is written by hand wait as `add` does. `ids`: what its rows are about, which no other that waits is."""
        await self._wait_with(Change(sql, args, into, ids, adds=True))

    async def copy(self, table: str, records: Iterable[Sequence[Any]], columns: Sequence[str]) -> None:
        """Insert many rows by COPY."""
        await (await self._ready()).copy_records_to_table(table, records=records, columns=columns)

    async def _ready(self, sql: str = "") -> Any:
        """Write the changes that wait if this statement could see one of them, then return the connection."""
        await self.settle()
        if any(change.shows_in(sql) for change in self._waiting):
            await self._write()
        return self._conn

    async def _write(self) -> None:
        changes, self._waiting = self._waiting, []
        with named(changes):
            if len(changes) == 1:
                await self._conn.execute(changes[0].sql, *changes[0].args)
            elif changes:
                await write(self._conn, self.context, [], changes=changes)

    async def settle(self) -> None:
        """Do what follows from what was told so far. Changes that wait go on waiting where nothing has to be done."""
        while self._followed:
            await self._follow()

    async def latest(self, of: Aggregate[A], row: A) -> A:
        """A row that `save` or `add` has given, after what follows from it: read again only if something else has changed it."""
        await self.settle()
        version = max((one.version for one in self._told if one.subject == row.id), default=row.version)
        if version <= row.version:
            return row
        saved = self._saved.get(row.id)
        return saved if saved is not None and saved.version == version else await self.get(of, row.id)

    async def take_turn(self, name: str) -> None:
        """Wait until nobody else is at what has this name. What is read from here on is as the one before has left it.

        Lock rows first, and then take the turn: whoever has it must not wait for those who wait for it.
        """
        if name not in self.turns:
            await self.execute(_TURN, name, self.early)
            self.turns.add(name)

    def is_new(self, id: UUID) -> bool:
        """Whether this transaction has added the row: nobody else can have written anything about it yet."""
        return id in self._added

    def written(self, of: Aggregate[A]) -> list[A]:
        """Rows of this kind that the transaction has written, as far as it remembers them."""
        return [row for row in self._saved.values() if isinstance(row, of.into)]

    async def held(self, of: Aggregate[A], ids: Sequence[UUID]) -> list[A]:
        """Rows that this transaction has locked. One that it has written itself is known, and a few such need no statement."""
        await self.settle()
        known = [self._written(of, id) for id in ids] if len(ids) <= _FEW else [None]
        rows = [row for row in known if row is not None]
        return rows if len(rows) == len(known) else await self.all(of.get_many, ids=list(ids))

    def _written(self, of: Aggregate[A], id: UUID) -> A | None:
        """The row as this transaction left it, if it is exactly what reading it would give."""
        row: Any = self._saved.get(id)
        if row is None or any(one.subject == id and one.version > row.version for one in self._told):
            return None
        if not isinstance(row, of.into):
            return None
        values = {name: getattr(row, name) for name in of.names}
        return row if of.keeps({name: value for name, value in values.items() if value != {}}) else None

    async def told(self, kind: type[E]) -> list[E]:
        """The events of this type that wait for the commit, also those that follow from others."""
        await self.settle()
        return [one.event for one in self._told if isinstance(one.event, kind)]

    async def all_told(self) -> Sequence[Told]:
        """The same of all types, with the subjects of the events."""
        await self.settle()
        return self._told

    async def _follow(self) -> None:
        """Do what follows from what was told, once for all events of a type, in the order in which the types came first."""
        told, self._followed = self._followed, []
        for kind in dict.fromkeys(type(one.event) for one in told):
            for follow in self._follows[kind]:
                await follow(self, [one for one in told if type(one.event) is kind])

    def _keep(self, told: Sequence[Told]) -> None:
        self.events += len(told)
        self._told += told
        if self._follows:
            self._followed += [one for one in told if type(one.event) in self._follows]

    async def _wait_with(self, change: Change) -> None:
        """Let a change wait for the next statement that could see it.

        That is usually the one that writes its events, which saves a round trip to Postgres.
        """
        await self.settle()
        if not all(change.goes_with(other) for other in self._waiting):
            await self._write()
        self._waiting.append(change)

    async def load(self, of: Aggregate[A], id: UUID, expect: int | None = None) -> A:
        """Lock the row until the transaction ends. `NotFound`; `Stale` when its version is not the expected one."""
        found = await self.first(of.lock, id=id)
        if found is None:
            raise of.missing()
        if expect is not None and found.version != expect:
            raise Stale(found.version)
        return found

    async def load_many(self, of: Aggregate[A], ids: Sequence[UUID]) -> dict[UUID, A]:
        """Lock the rows that exist, in id order so that two bulk changes cannot wait for each other."""
        return {row.id: row for row in await self.all(of.lock_many, ids=list(ids))}

    async def add(self, of: Aggregate[A], row: A, *events: Event, at: datetime | None = None) -> A:
        """Insert `row`; its version is the number of its events. `at`: when it happened in the business, if not now."""
        if self.marks and "flags" in of.names:
            row = replace(cast(Any, row), flags=self._marked(row))
        row = at_version(row, len(events))
        await self._wait_with(Change(of.insert.sql, of.inserted(row), of.table.name, (row.id,), adds=True))
        self._note([row])
        self.tell(row.id, 1, *events, at=at)
        return row

    async def add_many(self, of: Aggregate[A], rows: Sequence[tuple[A, Sequence[tuple[Event, datetime]]]]) -> set[UUID]:
        """Insert many rows by one statement, with their events and when those happened. The ids inserted."""
        if len(rows) == 1:  # lists of one cost twice as much
            ((row, events),) = rows
            values = of.inserted(at_version(row, len(events)))
            await self._wait_with(Change(of.insert.sql, values, of.table.name, (row.id,), adds=True))
        elif len(rows) >= MANY:
            await self._copy(of, rows)
        elif rows:
            await self.run(of.insert_many, **_by_column(of, rows))
        self._note([at_version(row, len(events)) for row, events in rows])
        self._tell_many((row.id, 0, events) for row, events in rows)
        return {row.id for row, _ in rows}

    async def add_new(self, of: Aggregate[A], rows: Sequence[tuple[A, Sequence[tuple[Event, datetime]]]]) -> set[UUID]:
        """`add_many` for ids that others may insert at the same time. The ids inserted.

        Rows that exist by now stay as they are.
        """
        if not rows:
            return set()
        given = sorted(rows, key=lambda one: one[0].id.bytes)
        if len(given) >= MANY and await self._copied(of, given):
            added = {row.id for row, _ in given}
        else:
            added = set(await self.all(of.insert_new, **_by_column(of, given)))
        self._note([at_version(row, len(events)) for row, events in given if row.id in added])
        self._tell_many((row.id, 0, events) for row, events in rows if row.id in added)
        return added

    def _note(self, added: Sequence[Any]) -> None:
        """Remember rows that are new, and a few of them whole."""
        self._added.update(row.id for row in added)
        if len(added) <= _FEW:
            self._saved |= {row.id: row for row in added}

    async def _copied(self, of: Aggregate[A], rows: Sequence[tuple[A, Sequence[Any]]]) -> bool:
        """Whether they are in by COPY, which knows no conflicts: when one of them exists by now, none is."""
        try:
            async with (await self._ready()).transaction():
                await self._copy(of, rows)
        except asyncpg.UniqueViolationError:
            return False
        return True

    async def _copy(self, of: Aggregate[A], rows: Sequence[tuple[A, Sequence[Any]]]) -> None:
        given = of.filled(_by_column(of, rows))
        await self.copy(of.table.name, list(zip(*given.values(), strict=True)), list(given))

    async def save_many(self, of: Aggregate[A], rows: Sequence[tuple[A, Sequence[tuple[Event, datetime]]]]) -> list[A]:
        """Change many rows that `load_many` locked, by one statement.

        Pass their new state, with the version that was loaded. The rows as they are then.
        """
        if rows:
            await self.run(of.update_many, **_by_column(of, rows, loaded=True))
        self._tell_many((row.id, row.version, events) for row, events in rows)
        saved = [at_version(row, row.version + len(events)) for row, events in rows]
        self._saved |= {row.id: row for row in saved if row.id in self._saved}
        return saved

    def _tell_many(self, told: Iterable[tuple[UUID, int, Sequence[tuple[Event, datetime]]]]) -> None:
        self._keep(
            [
                Told(new_id(), subject, version, at, event)
                for subject, before, events in told
                for version, (event, at) in enumerate(events, before + 1)
            ]
        )

    async def save(self, of: Aggregate[A], row: A, *events: Event, at: datetime | None = None, **changes: Any) -> A:
        """Change a row that `load` locked, and tell the events. The row as it is then.

        Its version grows by one for each event.
        """
        if "updated_at" in of.names:
            changes.setdefault("updated_at", self.now)
        if self.marks and "flags" in of.names:
            changes["flags"] = changes.get("flags", {}) | self._marked(row)
        changes["version"] = row.version + len(events)
        query = of.update(frozenset(changes))
        if of.keeps(changes):
            await self._wait_with(Change(query.sql, query.args({"_id": row.id, **changes}), of.table.name, (row.id,), adds=False))
            saved = cast(A, replace(cast(Any, row), **changes))
        else:
            saved = await self.one(query, _id=row.id, **changes)
        self._saved[row.id] = saved
        self.tell(row.id, row.version + 1, *events, at=at)
        return saved

    def _marked(self, row: Any) -> dict[str, bool]:
        return {**row.flags, **dict.fromkeys(sorted(self.marks), True)}

    def tell(self, subject: UUID, version: int, *events: Event, at: datetime | None = None) -> None:
        """Keep events for the commit.

        They are written by one statement, the last of the transaction, while the row locks are held.
        """
        when = at or self.now
        self._keep([Told(new_id(), subject, version + n, when, event) for n, event in enumerate(events)])

    async def caused_by(self, event: Envelope[Any]) -> None:
        """Name `event` as the cause of what is told from here on. What was told before is written first."""
        await self.flush()
        self.context = replace(
            self.context,
            causation_id=event.id,
            correlation_id=event.data.correlation_id or self.context.correlation_id,
            traceparent=event.traceparent,
        )

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what the block did and told when it fails; the transaction goes on."""
        await self.flush()
        turns = set(self.turns)
        async with (await self._ready()).transaction():
            try:
                yield
                await self.flush()
                await self._ready()
            except BaseException:
                self.turns = turns  # Postgres gives back what was taken since
                self._told, self._followed, self._saved, self._waiting = [], [], {}, []
                self._added = set()
                raise

    async def flush(self) -> None:
        """Write what was told so far, and the answer to the request's key; `KeyInUse` when another transaction gave one."""
        await self.settle()
        if not (self._told or self.answer):  # a change without an event has nothing that it could go with
            await self._write()
        else:
            with named(self._waiting):
                if not await write(self._conn, self.context, self._told, self.answer, self._waiting):
                    raise KeyInUse
            self._told, self.answer, self._waiting = [], None, []


def _by_column(of: Aggregate[A], rows: Sequence[tuple[A, Sequence[Any]]], *, loaded: bool = False) -> dict[str, Sequence[Any]]:
    """The rows as lists of values, each at the version that its events bring it to."""
    versions = [(row.version if loaded else 0) + len(events) for row, events in rows]
    return of.by_column([row for row, _ in rows], versions)
