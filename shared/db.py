"""Data access: SQLAlchemy writes the SQL once, asyncpg runs it (architecture §3). The only way a service touches its database.

JSONB columns hold plain Python values; JSON columns hold the bytes as they are (events travel unparsed).
"""

import asyncio
import enum
import types
import typing
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields, is_dataclass, make_dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar, cast
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import ARRAY, ColumnElement, Executable, Table, any_, bindparam, column, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import asyncpg as _asyncpg

from shared.auth import Actor
from shared.errors import KeyInUse, NotFound, Stale, Unavailable
from shared.events.envelope import Envelope, Event
from shared.ids import new_id
from shared.outbox import Answer, Told, write
from shared.settings import Settings

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_DIALECT = _asyncpg.dialect()  # type: ignore[no-untyped-call]


class Query(Generic[R_co]):
    """A Core statement compiled once; its rows become `into`: a frozen dataclass whose fields name the columns, or one plain value.

    Build it at import, or cache it per shape. `IN (...)` cannot be compiled ahead: use `is_in`.
    """

    __slots__ = ("_defaults", "_into", "_names", "sql")

    def __init__(self, statement: Executable, into: type[R_co]) -> None:
        compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._defaults: dict[str, Any] = {k: v for k, v in compiled.params.items() if v is not None}
        returned = [c.name for c in getattr(statement, "exported_columns", ())]
        self._into = _row_maker(into, returned)

    def args(self, params: dict[str, Any]) -> list[Any]:
        unknown = params.keys() - set(self._names)
        if unknown:
            raise TypeError(f"the statement has no parameter {sorted(unknown)}; it has {sorted(set(self._names))}")
        merged = {**self._defaults, **params}
        return [merged[name] if name in merged else _missing(name) for name in self._names]

    def row(self, record: Any) -> R_co:
        return self._into(record)


def _missing(name: str) -> Any:
    raise TypeError(f"the statement needs a value for {name!r}")


def _row_maker(into: type[R], returned: Sequence[str]) -> Callable[[Any], R]:
    if not is_dataclass(into):
        return lambda record: record[0]
    names = [f.name for f in fields(into)]
    if returned and set(names) != set(returned):
        raise TypeError(f"{into.__name__} and its statement differ in {sorted(set(names) ^ set(returned))}")
    order = [list(returned).index(n) for n in names] if returned else list(range(len(names)))
    hints = typing.get_type_hints(into)
    enums = [(i, e) for i, n in enumerate(names) if (e := _enum_in(hints[n]))]
    straight = order == list(range(len(names)))
    fill = _filler(into)

    def make(record: Any) -> R:
        values = list(record) if straight else [record[i] for i in order]
        for i, kind in enums:
            if values[i] is not None:
                values[i] = kind(values[i])
        return fill(*values)

    return make


def _filler(into: type[R]) -> Callable[..., R]:
    """Makes instances of a frozen dataclass six times as fast as its own constructor (5 µs for a wide row): as mutable ones that
    become frozen when they are complete."""
    twin = make_dataclass(into.__name__, [(f.name, Any) for f in fields(cast(Any, into))], slots="__slots__" in vars(into))

    def fill(*values: Any) -> R:
        row = twin(*values)
        row.__class__ = into
        return cast(R, row)

    try:
        fill(*[None] * len(fields(cast(Any, into))))
    except TypeError:  # it inherits slots, so the layouts differ
        return into
    return into if hasattr(into, "__post_init__") else fill


def _enum_in(hint: Any) -> type[enum.Enum] | None:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union else (hint,)
    return next((o for o in options if isinstance(o, type) and issubclass(o, enum.Enum)), None)


def is_in(col: ColumnElement[Any], values: Sequence[Any] | str) -> ColumnElement[bool]:
    """`col` is one of `values`; a string names a bind parameter that takes a list."""
    array: ARRAY[Any] = ARRAY(col.type)
    return col == any_(bindparam(values, type_=array) if isinstance(values, str) else literal(list(values), array))


def rows_param(table: Table, *names: str) -> Any:
    """Bind parameters that are lists, one per column, read as a table: `UNNEST` of many rows in one round trip."""
    cols = [table.c[n] for n in names]
    return (
        func.unnest(*[bindparam(c.name, type_=ARRAY(c.type)) for c in cols])
        .table_valued(*[column(c.name, c.type) for c in cols], name="given")
        .render_derived()
    )


def columns(rows: Sequence[Any], names: Sequence[str]) -> dict[str, list[Any]]:
    """Rows (dataclasses) turned into one list per column, as `rows_param` takes them."""
    return {n: [getattr(r, n) for r in rows] for n in names}


class Row(Protocol):
    """What every aggregate's row has: an id, and a version that its events count."""

    @property
    def id(self) -> UUID: ...
    @property
    def version(self) -> int: ...


A = TypeVar("A", bound=Row)


class Aggregate(Generic[A]):
    """A table whose rows are changed one at a time, under the row lock, each change together with its events."""

    def __init__(self, table: Table, into: type[A], label: str) -> None:
        self.table, self.into, self.label = table, into, label
        self.names = tuple(f.name for f in fields(cast(Any, into)))
        one = select(*[table.c[n] for n in self.names]).where(table.c.id == bindparam("id"))
        self.get = Query(one, into)
        self.lock = Query(one.with_for_update(), into)
        many = select(*[table.c[n] for n in self.names]).where(is_in(table.c.id, "ids")).order_by(table.c.id)
        self.get_many = Query(many, into)
        self.lock_many = Query(many.with_for_update(), into)
        self.insert = Query(insert(table).values({n: bindparam(n) for n in self.names}), into)
        given = rows_param(table, *self.names)
        rows = postgresql.insert(table).from_select(self.names, select(*[given.c[n] for n in self.names]))
        self.insert_many = Query(rows, into)
        self.insert_new = Query(rows.on_conflict_do_nothing(index_elements=["id"]).returning(table.c.id), UUID)
        row = postgresql.insert(table).values({n: bindparam(n) for n in self.names})
        self.insert_new_one = Query(row.on_conflict_do_nothing(index_elements=["id"]).returning(table.c.id), UUID)
        kept = [n for n in self.names if n != "id"]
        self.update_many = Query(update(table).where(table.c.id == given.c.id).values({n: given.c[n] for n in kept}), into)
        self.update = lru_cache(maxsize=256)(self._update)

    def _update(self, changed: frozenset[str]) -> Query[A]:
        table = self.table
        return Query(
            update(table)
            .where(table.c.id == bindparam("_id"))
            .values({n: bindparam(n) for n in sorted(changed)} | {"version": bindparam("version")})
            .returning(*[table.c[n] for n in self.names]),
            self.into,
        )

    def missing(self) -> NotFound:
        return NotFound(f"There is no such {self.label}.")


@dataclass(frozen=True, slots=True)
class Context:
    """Who acts, when and why: stamped on every event of the transaction."""

    service: str
    actor: Actor
    now: datetime
    correlation_id: str
    causation_id: UUID | None = None
    traceparent: str | None = None


class Reader:
    """Reads on one connection."""

    def __init__(self, conn: Any) -> None:
        self.conn = conn

    async def first(self, query: Query[R], **params: Any) -> R | None:
        record = await self.conn.fetchrow(query.sql, *query.args(params))
        return None if record is None else query.row(record)

    async def one(self, query: Query[R], **params: Any) -> R:
        found = await self.first(query, **params)
        if found is None:
            raise LookupError("the statement returned no row")
        return found

    async def all(self, query: Query[R], **params: Any) -> list[R]:
        return [query.row(r) for r in await self.conn.fetch(query.sql, *query.args(params))]

    async def get(self, of: Aggregate[A], id: UUID) -> A:
        """The row, or `NotFound`."""
        found = await self.first(of.get, id=id)
        if found is None:
            raise of.missing()
        return found


class Tx(Reader):
    """One transaction. Only the edge (a route, a reaction, a timer, a job) opens and commits it."""

    def __init__(self, conn: Any, context: Context, settings: Settings) -> None:
        super().__init__(conn)
        self.context = context
        self.settings = settings
        self.actor = context.actor
        self.now = context.now
        self.answer: Answer | None = None
        self._told: list[Told] = []

    async def run(self, query: Query[Any], **params: Any) -> None:
        await self.conn.execute(query.sql, *query.args(params))

    async def load(self, of: Aggregate[A], id: UUID, expect: int | None = None) -> A:
        """The row, locked until the transaction ends. `NotFound`; `Stale` when its version is not the expected one."""
        found = await self.first(of.lock, id=id)
        if found is None:
            raise of.missing()
        if expect is not None and found.version != expect:
            raise Stale(found.version)
        return found

    async def load_many(self, of: Aggregate[A], ids: Sequence[UUID]) -> dict[UUID, A]:
        """Those of the rows that exist, locked in id order so that two bulk changes cannot wait for each other."""
        return {row.id: row for row in await self.all(of.lock_many, ids=list(ids))}

    async def add(self, of: Aggregate[A], row: A, *events: Event, at: datetime | None = None) -> A:
        """Insert `row`; its version is the number of its events. `at`: when it happened in the business, if not now."""
        row = replace(cast(Any, row), version=len(events))
        await self.run(of.insert, **{n: getattr(row, n) for n in of.names})
        self.tell(row.id, 1, *events, at=at)
        return row

    async def add_many(self, of: Aggregate[A], rows: Sequence[tuple[A, Sequence[tuple[Event, datetime]]]]) -> list[A]:
        """Insert many rows in one statement, each with its events and the times they happened at."""
        kept = [_at_version(row, len(events)) for row, events in rows]
        if kept:
            await self.run(of.insert_many, **columns(kept, of.names))
        self._tell_many((row.id, 0, events) for row, events in rows)
        return kept

    async def add_new(self, of: Aggregate[A], rows: Sequence[tuple[A, Sequence[tuple[Event, datetime]]]]) -> set[UUID]:
        """`add_many` for ids that others may insert at the same time: those that exist by now are left as they are. The ids inserted."""
        kept = sorted((_at_version(row, len(events)) for row, events in rows), key=lambda row: row.id)
        if len(kept) == 1:  # lists of one cost twice as much
            added = set(await self.all(of.insert_new_one, **{n: getattr(kept[0], n) for n in of.names}))
        else:
            added = set(await self.all(of.insert_new, **columns(kept, of.names))) if kept else set()
        self._tell_many((row.id, 0, events) for row, events in rows if row.id in added)
        return added

    async def save_many(self, of: Aggregate[A], rows: Sequence[tuple[A, Sequence[tuple[Event, datetime]]]]) -> list[A]:
        """Change many rows that `load_many` locked, by one statement: each as it shall be, with its old version and its events."""
        kept = [_at_version(row, row.version + len(events)) for row, events in rows]
        if kept:
            await self.run(of.update_many, **columns(kept, of.names))
        self._tell_many((row.id, row.version, events) for row, events in rows)
        return kept

    def _tell_many(self, told: Iterable[tuple[UUID, int, Sequence[tuple[Event, datetime]]]]) -> None:
        for subject, version, events in told:
            for n, (event, at) in enumerate(events, 1):
                self.tell(subject, version + n, event, at=at)

    async def save(self, of: Aggregate[A], row: A, *events: Event, at: datetime | None = None, **changes: Any) -> A:
        """Change a row that `load` locked and tell the events: version grows by one per event, so the two never part."""
        if "updated_at" in of.names:
            changes.setdefault("updated_at", self.now)
        saved = await self.one(of.update(frozenset(changes)), _id=row.id, version=row.version + len(events), **changes)
        self.tell(row.id, row.version + 1, *events, at=at)
        return saved

    def tell(self, subject: UUID, version: int, *events: Event, at: datetime | None = None) -> None:
        """Keep events for the commit: they are written by one statement, the last of the transaction, while the row locks are held."""
        when = at or self.now
        self._told.extend(Told(new_id(), subject, version + n, when, event) for n, event in enumerate(events))

    async def caused_by(self, event: Envelope[Any]) -> None:
        """From here on, what is told names `event` as its cause. What was told before is written first, under its own."""
        await self.flush()
        self.context = replace(
            self.context,
            causation_id=event.id,
            correlation_id=event.data.correlation_id or self.context.correlation_id,
            traceparent=event.traceparent,
        )

    async def flush(self) -> None:
        """Write what was told so far, and the answer to the request's key; `KeyInUse` when another transaction gave one."""
        if self._told or self.answer:
            if not await write(self.conn, self.context, self._told, self.answer):
                raise KeyInUse
            self._told, self.answer = [], None


OUTAGE = (
    Unavailable,
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,  # shut down, crashed, starting up, statement cancelled
    asyncpg.exceptions.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.exceptions.TransactionRollbackError,  # deadlock
    asyncpg.exceptions.IdleInTransactionSessionTimeoutError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,  # a standby before its promotion
    asyncpg.exceptions.LockNotAvailableError,
)


def is_outage(error: BaseException) -> bool:
    """Whether the database is to blame, not the statement: the same will work later, so background work waits and repeats it."""
    # asyncpg says "connection is closed" with its most general class, which also stands for misuse.
    closed = isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)
    # A server that dies says so to idle connections too; until the socket is closed they are neither usable nor closed.
    dying = isinstance(error, asyncpg.InternalClientError) and "another operation (2) is in progress" in str(error)
    return closed or dying or isinstance(error, OUTAGE)


def _at_version(row: A, version: int) -> A:
    return row if row.version == version else cast(A, replace(cast(Any, row), version=version))


class Database:
    """The pool of one service's database in one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: Any = None
        self.committed = asyncio.Event()

    async def start(self) -> None:
        async def cheap_reset(conn: Any) -> None:
            """Nothing here sets session state; asyncpg's own reset costs a round trip for every release."""

        self._pool = await asyncpg.create_pool(
            self._settings.database_url,
            min_size=1,
            max_size=self._settings.pool_size,
            init=_set_codecs,
            reset=cheap_reset,
            command_timeout=60,
            server_settings={
                "jit": "off",
                "timezone": "UTC",
                "application_name": "clinch",
                "idle_in_transaction_session_timeout": "30s",  # a process that is frozen must not keep its locks for ever
            },
        )

    async def stop(self) -> None:
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 5)
            except TimeoutError:
                self._pool.terminate()

    @property
    def in_use(self) -> int:
        return int(self._pool.get_size() - self._pool.get_idle_size())

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection from the pool; `Unavailable` when none comes free in time or Postgres is away."""
        try:
            async with asyncio.timeout(self._settings.pool_wait_seconds):  # asyncpg's own costs a task on Python 3.11
                conn = await self._pool.acquire()
        except OUTAGE:
            raise Unavailable("The database is busy or restarting; repeat the request.") from None
        try:
            yield conn
        finally:
            await self._pool.release(conn)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reader]:
        async with self.connection() as conn:
            yield Reader(conn)

    @asynccontextmanager
    async def begin(self, context: Context, *, keep: bool = True) -> AsyncIterator[Tx]:
        """A transaction that commits when the block ends well. `keep=False` (a dry run) rolls it back all the same."""
        async with self.connection() as conn:
            transaction = conn.transaction()
            await transaction.start()
            tx = Tx(conn, context, self._settings)
            try:
                yield tx
                if keep:
                    await tx.flush()
            except BaseException:
                if not conn.is_closed():
                    await transaction.rollback()
                raise
            if keep:
                await transaction.commit()
                self.committed.set()
            else:
                await transaction.rollback()


async def _set_codecs(conn: Any) -> None:
    await conn.set_type_codec("json", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes)
    await conn.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + orjson.dumps(value, default=str),
        decoder=lambda raw: orjson.loads(raw[1:]),
    )


def as_dict(row: Any) -> dict[str, Any]:
    return asdict(row)
