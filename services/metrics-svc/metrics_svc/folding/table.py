"""The tables of the facts. A fact's dataclass names its columns once; here are the types, and how rows are read and written."""

import typing
from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Executable, Index, Numeric, Table, Text, Uuid, and_, delete, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from metrics_svc.counting.dimensions import NOWHERE, Placed
from metrics_svc.counting.fact import Fact
from metrics_svc.facts import FACTS
from metrics_svc.metadata import metadata
from metrics_svc.staging import BulkWrite, StagingTable
from shared.db.query import Query, columns, is_in, rows_param
from shared.db.tables import At
from shared.db.tx import Tx

F = TypeVar("F")

_TYPES: dict[Any, Any] = {UUID: Uuid, str: Text, int: BigInteger, bool: Boolean, datetime: At, Decimal: Numeric}
"""Amounts are products of an amount and a rate: NUMERIC without a scale keeps every digit."""

Key = tuple[type[Any], UUID, int]
"""Which row: its kind, the record it belongs to, and its number among those of the kind."""


class FactTable(Generic[F]):
    """The rows of one kind of fact."""

    def __init__(self, fact: Fact[F]) -> None:
        self.fact, self.into, self.of = fact, fact.into, fact.of
        columns_of: Any = fact.into
        self.names = tuple(f.name for f in fields(columns_of))
        self.values = attrgetter(*self.names)
        self._unknown = NOWHERE if issubclass(fact.into, Placed) else ()
        kept = [CheckConstraint(condition, name=label) for label, condition in fact.constraints.items()]
        made = _columns(fact.into, fact.key)
        self.table = Table(fact.name, metadata, *made, *kept, postgresql_with={"fillfactor": fact.fillfactor})
        at = self.table.c
        for index in fact.indexes:
            Index(f"ix_{fact.name}_{index.replace(' ', '_')}", *[at[n] for n in index.split()])
        for column in fact.sparse:
            Index(f"ix_{fact.name}_{column}", at[column], postgresql_where=at[column].is_not(None))
        self._given = StagingTable(self.table, lambda given: self._put(given, fact.key))
        self._load = Query(select(*[at[n] for n in self.names]).where(is_in(at[self.of], "ids")), fact.into)
        gone = rows_param(self.table, *fact.key)
        self._drop = Query(delete(self.table).where(and_(*[at[n] == gone.c[n] for n in fact.key])), fact.into)

    def new(self, id: UUID) -> F:
        """The row of a record of which nothing has been heard."""
        into: Any = self.into
        return cast(F, into(*self._unknown, id))

    def copy(self, row: F) -> F:
        """A copy of a row (`copy.copy` takes ten times as long)."""
        return self.into(*self.values(row))

    def key_of(self, row: F) -> Key:
        return self.into, getattr(row, self.of), getattr(row, "n", 0)

    async def load(self, tx: Tx, ids: Collection[UUID]) -> list[F]:
        return await tx.all(self._load, ids=list(ids)) if ids else []

    def _put(self, given: Table, key: Sequence[str]) -> Executable:
        put = insert(self.table).from_select(self.names, select(*[given.c[n] for n in self.names]))
        changed = {n: put.excluded[n] for n in self.names if n not in key}
        return put.on_conflict_do_update(index_elements=list(key), set_=changed)

    async def put(self, writing: BulkWrite, rows: Sequence[F]) -> None:
        """Insert the rows, or replace those with the same key."""
        if rows:
            await writing.take(self._given, map(self.values, rows))

    async def drop(self, tx: Tx, rows: Sequence[F]) -> None:
        """Delete these rows."""
        if rows:
            await tx.run(self._drop, **columns(rows, self.fact.key))


def _columns(into: Any, key: Sequence[str]) -> list[Column[Any]]:
    hints = typing.get_type_hints(into)
    made = []
    for f in fields(into):
        hint = hints[f.name]
        options = [t for t in typing.get_args(hint) if t is not type(None)] or [hint]
        kind = JSONB if typing.get_origin(hint) is list else _TYPES[options[0]]
        nullable = type(None) in typing.get_args(hint)
        made.append(Column(f.name, kind, primary_key=f.name in key, nullable=nullable, autoincrement=False))
    return made


TABLES: dict[type[Any], FactTable[Any]] = {kind: FactTable(fact) for kind, fact in FACTS.items()}
"""The tables of all facts, by the class of their rows."""
