"""The tables of the facts. A fact's dataclass names its columns once; here are the types, keys and indexes."""

import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Executable, Index, Numeric, Table, Text, Uuid, and_, delete, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from metrics_svc.facts.rows import (
    AllocationFact,
    AmountFact,
    ContractFact,
    DealFact,
    GoalFact,
    LeadFact,
    LeadGoalFact,
    MilestoneFact,
    OutcomeFact,
    PaymentFact,
    VisitFact,
)
from metrics_svc.metadata import metadata
from metrics_svc.staging import BulkWrite, StagingTable
from shared.db.query import Query, columns, is_in, rows_param
from shared.db.tables import At
from shared.db.tx import Tx

F = TypeVar("F")

NO_CHECKS: Mapping[str, str] = MappingProxyType({})
_TYPES: dict[Any, Any] = {UUID: Uuid, str: Text, int: BigInteger, bool: Boolean, datetime: At, Decimal: Numeric}
"""Amounts are products of an amount and a rate: NUMERIC without a scale keeps every digit."""


class FactTable(Generic[F]):
    """The rows of one kind of fact. `of` is the column that holds the record a row belongs to: its id, or its deal's or payment's.

    `sparse` are columns that few rows fill: their indexes leave the others out. `checks` are what its rows keep by the way they are
    derived, whatever data comes late.
    """

    def __init__(
        self,
        name: str,
        into: type[F],
        key: Sequence[str],
        *indexes: str,
        sparse: Sequence[str] = (),
        fillfactor: int = 100,
        checks: Mapping[str, str] = NO_CHECKS,
    ) -> None:
        self.into, self.of = into, key[0]
        columns_of: Any = into
        self.names = tuple(f.name for f in fields(columns_of))
        self.values = attrgetter(*self.names)
        kept = [CheckConstraint(condition, name=label) for label, condition in checks.items()]
        self.table = Table(name, metadata, *_columns(into, key), *kept, postgresql_with={"fillfactor": fillfactor})
        for index in indexes:
            Index(f"ix_{name}_{index.replace(' ', '_')}", *[self.table.c[n] for n in index.split()])
        at = self.table.c
        for column in sparse:
            Index(f"ix_{name}_{column}", at[column], postgresql_where=at[column].is_not(None))
        self._given = StagingTable(self.table, lambda given: self._put(given, key))
        self._load = Query(select(*[at[n] for n in self.names]).where(is_in(at[self.of], "ids")), into)
        gone = rows_param(self.table, *key)
        self._key = tuple(key)
        self._drop = Query(delete(self.table).where(and_(*[at[n] == gone.c[n] for n in key])), into)

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
            await tx.run(self._drop, **columns(rows, self._key))


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


_ROOM = 70
"""For facts that get further with nearly every move of a deal: with room on its page a new version of a row leaves indexes alone (HOT)."""

LEADS = FactTable(
    "lead_fact",
    LeadFact,
    ("id",),
    "captured_at",
    "owner_id",
    "f2_at",
    "f3_at",
    sparse=("mql_owner_id", "sql_owner_id", "account_id"),
    fillfactor=_ROOM,
)
DEALS = FactTable(
    "deal_fact", DealFact, ("id",), "lead_id", "owner_id", "opened_at", "is_open stage", sparse=("qualified_owner_id", "account_id")
)
VISITS = FactTable(
    "visit_fact",
    VisitFact,
    ("deal_id", "n"),
    "stage entered_at",
    "stage left_at",
    "owner_id",
    sparse=("left_owner_id",),
    checks={"stay": "stay_us >= 0 AND left_at >= entered_at", "passing": "passed_at >= entered_at"},
)
OUTCOMES = FactTable("outcome_fact", OutcomeFact, ("deal_id", "n"), "kind at", "kind cohort_at", "owner_id")
AMOUNTS = FactTable("amount_fact", AmountFact, ("deal_id", "n"), "cohort_at", "owner_id", fillfactor=_ROOM)
GOALS = FactTable("goal_fact", GoalFact, ("deal_id", "n"), "kind cohort_at", "owner_id")
LEAD_GOALS = FactTable("lead_goal_fact", LeadGoalFact, ("lead_id", "n"), "kind cohort_at", "owner_id")
CONTRACTS = FactTable("contract_fact", ContractFact, ("id",))
MILESTONES = FactTable("milestone_fact", MilestoneFact, ("id",), "due_at", "contract_id", "deal_id", sparse=("due_owner_id",))
PAYMENTS = FactTable("payment_fact", PaymentFact, ("id",), "received_at", "owner_id", "contract_id", "deal_id")
ALLOCATIONS = FactTable(
    "allocation_fact",
    AllocationFact,
    ("payment_id", "n"),
    "settles_at",
    "owner_id",
    "deal_id",
    checks={"settling": "settles_at >= due_at AND taken_back_at >= settles_at"},
)

FACTS: dict[type[Any], FactTable[Any]] = {
    t.into: t for t in (LEADS, DEALS, VISITS, OUTCOMES, AMOUNTS, GOALS, LEAD_GOALS, CONTRACTS, MILESTONES, PAYMENTS, ALLOCATIONS)
}
