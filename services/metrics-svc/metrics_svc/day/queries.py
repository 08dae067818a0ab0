"""Somebody's day in statements: what is overdue, due today and without a time, what is wrong, and what was won and lost yesterday.

Each gives the first rows of what there is, with how many there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, Uuid, and_, any_, bindparam, case, func, null, or_, select

from metrics_svc.counting.stages import STAGES
from metrics_svc.facts.deal import DealFact
from metrics_svc.facts.outcome import OutcomeFact
from metrics_svc.facts.quiet import QuietFact
from metrics_svc.folding.table import TABLES
from metrics_svc.worklist.access import ITEM
from metrics_svc.worklist.queries import BESIDE, SOURCE, people_of, waits_for
from metrics_svc.worklist.record import Task
from shared.db.query import Query, is_in
from shared.db.tables import PARTY_ACCOUNT, At

Of = Literal["person", "team"]
"""Whose day it is: one person's, or that of a person and everybody below."""
Part = Literal["overdue", "today", "undated", "escalated"]

MOST = 200
"""Counts of work end here: whoever has more to do than that needs no exact number."""

_c = ITEM.c
_WHO = bindparam("who", type_=Uuid)
_FROM, _TO = bindparam("from_at", type_=At), bindparam("to_at", type_=At)
_SHOWN = bindparam("shown", type_=BigInteger)

_PARTS: Mapping[Part, ColumnElement[bool]] = {
    "overdue": _c.overdue,
    "today": and_(_c.overdue.is_(False), _c.due_at < _TO),
    "undated": _c.due_at.is_(None),
    "escalated": _c.escalated,
}


@dataclass(frozen=True, slots=True)
class Counted(Task):
    n: int


@dataclass(frozen=True, slots=True)
class Closed:
    """A deal that was won or lost; `n` and `total` are of all that were."""

    kind: str
    id: UUID
    account_id: UUID | None
    account_name: str | None
    owner_id: UUID | None
    at: datetime
    amount: Decimal | None
    n: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class Stalled:
    """An open deal that nobody has touched for longer than its stage may rest."""

    id: UUID
    account_id: UUID | None
    account_name: str | None
    owner_id: UUID | None
    stage: str
    since: datetime
    amount: Decimal | None
    n: int


def _whose(owner: ColumnElement[Any], of: Of) -> ColumnElement[bool]:
    return owner == _WHO if of == "person" else owner == any_(people_of(_WHO))


@lru_cache(maxsize=256)
def work(part: Part, of: Of, seen: ColumnElement[bool]) -> Query[Counted]:
    """The most urgent items of a part of the day."""
    rows = select(_c.record_id, _c.n, _c.due_at, _c.id).where(_PARTS[part], seen, or_(_whose(_c.assignee_id, of), waits_for(_WHO)))
    some = rows.order_by(_c.due_at, _c.id).limit(MOST).subquery()
    first = select(*some.c, func.count().over().label("count")).order_by(some.c.due_at.nulls_last(), some.c.id).limit(_SHOWN).subquery()
    columns = [(BESIDE[f.name] if f.name in BESIDE else _c[f.name]).label(f.name) for f in fields(Task)]
    found: Select[Any] = select(*columns, first.c.count.label("n")).select_from(
        SOURCE.join(first, and_(_c.record_id == first.c.record_id, _c.n == first.c.n))
    )
    return Query(found.order_by(_c.due_at.nulls_last(), _c.id), Counted)


@lru_cache(maxsize=64)
def closed(of: Of, seen: ColumnElement[bool]) -> Query[Closed]:
    """The greatest wins and losses of a stretch of time, without wins that were taken back since."""
    outcome, deal = TABLES[OutcomeFact].table.c, TABLES[DealFact].table.c
    amount = func.coalesce(outcome.amount, 0)
    rows = (
        select(
            outcome.kind,
            outcome.deal_id.label("id"),
            deal.account_id,
            PARTY_ACCOUNT.c.name.label("account_name"),
            outcome.owner_id,
            outcome.at,
            outcome.amount,
            func.count().over(partition_by=outcome.kind).label("n"),
            func.sum(amount).over(partition_by=outcome.kind).label("total"),
            func.row_number().over(partition_by=outcome.kind, order_by=(amount.desc(), outcome.deal_id)).label("place"),
        )
        .select_from(
            TABLES[OutcomeFact]
            .table.join(TABLES[DealFact].table, deal.id == outcome.deal_id)
            .outerjoin(PARTY_ACCOUNT, PARTY_ACCOUNT.c.id == deal.account_id)
        )
        .where(
            is_in(outcome.kind, ["won", "lost"]),
            outcome.at >= _FROM,
            outcome.at < _TO,
            outcome.undone_at.is_(None),
            _whose(outcome.owner_id, of),
            seen,
        )
        .subquery()
    )
    names = [rows.c[f.name] for f in fields(Closed)]
    return Query(select(*names).where(rows.c.place <= _SHOWN).order_by(rows.c.kind, rows.c.place), Closed)


@lru_cache(maxsize=64)
def stalled(of: Of, seen: ColumnElement[bool]) -> Query[Stalled]:
    """The deals that rest for longest, of those that rest for too long: as `stalled_deals` and the pipeline count them."""
    quiet, deal = TABLES[QuietFact].table.c, TABLES[DealFact].table.c
    touched_by = case({stage: bindparam(f"{stage}_touched_by", type_=At) for stage in STAGES}, value=deal.stage, else_=null())
    rows: Select[Any] = (
        select(
            deal.id,
            deal.account_id,
            PARTY_ACCOUNT.c.name.label("account_name"),
            deal.owner_id,
            deal.stage,
            quiet.since,
            deal.amount,
            func.count().over().label("n"),
        )
        .select_from(
            TABLES[DealFact]
            .table.join(TABLES[QuietFact].table, quiet.deal_id == deal.id)
            .outerjoin(PARTY_ACCOUNT, PARTY_ACCOUNT.c.id == deal.account_id)
        )
        .where(deal.is_open, quiet.ended_at.is_(None), quiet.since < touched_by, _whose(deal.owner_id, of), seen)
    )
    return Query(rows.order_by(quiet.since, deal.id).limit(_SHOWN), Stalled)
