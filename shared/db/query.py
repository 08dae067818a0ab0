"""Statements: SQLAlchemy writes the SQL once, at import, and asyncpg runs it."""

import enum
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Executable,
    Integer,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    column,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import asyncpg as _asyncpg

from shared.errors import NotFound

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_DIALECT = _asyncpg.dialect()  # type: ignore[no-untyped-call]


class Query(Generic[R_co]):
    """A Core statement compiled once; its rows become `into`: a frozen dataclass whose fields name the columns, or one plain value.

    Build it at import, or cache it per shape. `IN (...)` cannot be compiled ahead: use `is_in`.
    """

    __slots__ = ("_defaults", "_into", "_known", "names", "sql")

    def __init__(self, statement: Executable, into: type[R_co]) -> None:
        compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())
        """Of its parameters, in the order of the SQL."""
        self._known = frozenset(self.names)
        self._defaults: dict[str, Any] = {k: v for k, v in compiled.params.items() if v is not None}
        returned = [c.name for c in getattr(statement, "exported_columns", ())]
        self._into = _row_maker(into, returned)

    def args(self, params: dict[str, Any]) -> list[Any]:
        if not params.keys() <= self._known:
            raise TypeError(f"the statement has no parameter {sorted(params.keys() - self._known)}; it has {sorted(self._known)}")
        merged = {**self._defaults, **params}
        return [merged[name] if name in merged else _missing(name) for name in self.names]

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
    by_name = any(f.kw_only for f in fields(into))

    def make(record: Any) -> R:
        values = list(record) if straight else [record[i] for i in order]
        for i, kind in enums:
            if values[i] is not None:
                values[i] = kind(values[i])
        return into(**dict(zip(names, values, strict=True))) if by_name else into(*values)

    return make


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


def at_version(row: A, version: int) -> A:
    """The row with this version."""
    return row if row.version == version else replace(cast(Any, row), version=version)


class Aggregate(Generic[A]):
    """A table whose rows are changed one at a time, under the row lock, each change together with its events."""

    def __init__(self, table: Table, into: type[A], label: str) -> None:
        self.table, self.into, self.label = table, into, label
        self.names = tuple(f.name for f in fields(cast(Any, into)))
        self._values = attrgetter(*self.names)
        self._preset = {c.name for c in table.c if c.server_default is not None}
        self._exact = {c.name for c in table.c if isinstance(c.type, Text | Uuid | Integer | Boolean)}
        one = select(*[table.c[n] for n in self.names]).where(table.c.id == bindparam("id"))
        self.get = Query(one, into)
        self.lock = Query(one.with_for_update(), into)
        many = select(*[table.c[n] for n in self.names]).where(is_in(table.c.id, "ids")).order_by(table.c.id)
        self.get_many = Query(many, into)
        self.lock_many = Query(many.with_for_update(), into)
        self.insert = Query(insert(table).values({n: bindparam(n) for n in self.names}), into)
        self.inserted = attrgetter(*self.insert.names)
        """A row's values as `insert` takes them."""
        given = rows_param(table, *self.names)
        rows = postgresql.insert(table).from_select(self.names, select(*[given.c[n] for n in self.names]))
        self.insert_many = Query(rows, into)
        self.insert_new = Query(rows.on_conflict_do_nothing(index_elements=["id"]).returning(table.c.id), UUID)
        kept = [n for n in self.names if n != "id"]
        self.update_many = Query(update(table).where(table.c.id == given.c.id).values({n: given.c[n] for n in kept}), into)
        self.update = lru_cache(maxsize=256)(self._update)

    def by_column(self, rows: Sequence[A], versions: Sequence[int]) -> dict[str, Sequence[Any]]:
        """The rows' values, one list for each column, with these versions in place of the rows' own."""
        return {**dict(zip(self.names, zip(*map(self._values, rows), strict=True), strict=True)), "version": versions}

    def filled(self, given: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """`by_column` for COPY: without the columns that all rows leave empty."""
        return {n: values for n, values in given.items() if n in self._preset or values.count(None) < len(values)}

    def keeps(self, changes: Mapping[str, Any]) -> bool:
        """Whether the row that a change leaves is known without reading it: amounts get the column's decimals, times the zone UTC."""
        return all(
            value is None or name in self._exact or (isinstance(value, datetime) and value.tzinfo is UTC) for name, value in changes.items()
        )

    def _update(self, changed: frozenset[str]) -> Query[A]:
        table = self.table
        return Query(
            update(table)
            .where(table.c.id == bindparam("_id"))
            .values({n: bindparam(n) for n in sorted(changed)})
            .returning(*[table.c[n] for n in self.names]),
            self.into,
        )

    def missing(self) -> NotFound:
        return NotFound(f"There is no such {self.label}.")
