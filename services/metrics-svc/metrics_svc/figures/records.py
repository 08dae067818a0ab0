"""The records behind a figure: the same declarations and windows as its sums, row by row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi import Query as Param
from sqlalchemy import (
    BigInteger,
    Numeric,
    Select,
    Table,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from metrics_svc.counting.dimensions import DIMENSIONS, Placed
from metrics_svc.figures.access import must_divide, must_see
from metrics_svc.figures.models import RecordOut, at_edge
from metrics_svc.figures.queries import parameters
from metrics_svc.figures.question import Question
from metrics_svc.figures.sources import Cut, cut, taken
from metrics_svc.figures.teams import with_teams_below
from metrics_svc.folding.table import TABLES, FactTable
from metrics_svc.kpi import Part
from shared.auth import Actor
from shared.db.query import Query
from shared.db.tables import At
from shared.db.tx import Reader
from shared.errors import Invalid
from shared.http import cursor
from shared.http.page import Page
from shared.process.settings import Settings


def _labelled(of: FactTable[Any]) -> Table:
    """The table that has the name and the flags of the record that a fact belongs to."""
    return next((t.table for t in TABLES.values() if t.fact.record == of.fact.record and "external_id" in t.names), of.table)


_SHOWN = {"waited": "amount", "contacts": "amount"}
"""What records show instead of a value that is not money: the amount that waited, not its product with the time; no number of contacts."""

_US_PER_DAY = 86_400_000_000


@dataclass(slots=True)
class Record(Placed):
    part: int
    measure: str
    kind: str
    id: UUID
    n: int
    external_id: str | None
    at: datetime
    cohort_at: datetime | None
    amount: Decimal | None
    us: int | None
    flags: list[str] | None

    @property
    def days(self) -> float | None:
        return None if self.us is None else self.us / _US_PER_DAY


@dataclass(frozen=True, slots=True)
class PageAsked:
    """A page of records: how many, and after which one."""

    request: Request
    response: Response
    limit: int
    measure: str | None
    cursor: str | None

    @property
    def key(self) -> bytes:
        secret: str = self.request.app.state.settings.cursor_key.get_secret_value()
        return secret.encode()

    @property
    def currency(self) -> str:
        settings: Settings = self.request.app.state.settings
        return settings.reporting_currency

    @property
    def belongs_to(self) -> bytes:
        others = sorted((k, v) for k, v in self.request.query_params.multi_items() if k not in ("cursor", "limit"))
        return cursor.about(self.request.url.path, others)


async def page_asked(
    request: Request,
    response: Response,
    measure: Annotated[str | None, Param(max_length=100, description="Only what was counted as this measure.")] = None,
    limit: Annotated[int, Param(ge=1, le=200, description="Records per page.")] = 50,
    cursor: Annotated[str | None, Param(max_length=1000, description="The `next_cursor` of the page before.")] = None,
) -> PageAsked:
    return PageAsked(request=request, response=response, limit=limit, measure=measure, cursor=cursor)


PageAskedFor = Annotated[PageAsked, Depends(page_asked)]


def _records_of(part: Part, n: int, where: Cut) -> Select[Any]:
    measure, fact = part.measure, TABLES[part.measure.of]
    c = fact.table.c
    labelled = _labelled(fact)
    value = _SHOWN.get(measure.value or "amount", measure.value or "amount")
    at, cohort = c[measure.at], c[measure.cohort or measure.at]

    def or_null(name: str, of: Any, type_: Any) -> Any:
        return of.c[name] if name in of.c else cast(null(), type_)

    columns = {
        **{DIMENSIONS[name]: c[column] for name, column in measure.who.items()},
        "part": literal_column(str(n)),
        "measure": literal_column(f"'{measure.name}'", Text),
        "kind": c["record"] if "record" in c else literal_column(f"'{fact.fact.record}'", Text),
        "id": c[fact.of],
        "n": c.n if "n" in c else literal_column("0"),
        "external_id": or_null("external_id", labelled, Text),
        "at": at,
        "cohort_at": cohort if measure.cohort else cast(null(), At),
        "amount": or_null(value, fact.table, Numeric),
        "us": or_null(f"{measure.seconds}_us", fact.table, BigInteger),
        "flags": or_null("flags", labelled, JSONB),
    }
    conditions = [taken(part, n, where)]
    if measure.count:
        conditions.append(c[measure.count] > 0)
        if measure.value:
            columns["amount"] = _amount_so_far(fact, measure.at, measure.value, n)
    source = fact.table if labelled is fact.table else fact.table.join(labelled, c[fact.of] == labelled.c.id)
    return select(*[column.label(name) for name, column in columns.items()]).select_from(source).where(*conditions)


def _amount_so_far(fact: FactTable[Any], at: str, value: str, n: int) -> Any:
    """The sum of all facts of a record, for a measure that counts one of them and sums all."""
    every = fact.table.alias("every")
    same = every.c[fact.of] == fact.table.c[fact.of]
    return select(func.sum(every.c[value])).where(same, every.c[at] < bindparam(f"p{n}_seen", type_=At)).scalar_subquery()


@lru_cache(maxsize=256)
def _page_query(parts: tuple[tuple[int, Part], ...], where: Cut, following: bool) -> Query[Record]:
    rows = union_all(*[_records_of(part, n, where) for n, part in parts]).subquery()
    order = (rows.c.at, rows.c.part, rows.c.id, rows.c.n)
    page = select(*[rows.c[name] for name in Record.__dataclass_fields__]).order_by(*order).limit(bindparam("limit", type_=BigInteger))
    if following:
        types: tuple[Any, ...] = (At, BigInteger, Uuid, BigInteger)
        binds: list[Any] = [bindparam(f"after_{c.name}", type_=t) for c, t in zip(order, types, strict=True)]
        page = page.where(tuple_(*order) > tuple_(*binds))
    return Query(page, Record)


async def read_page(db: Reader, actor: Actor, asked: Question, parts: Sequence[Part], page: PageAsked) -> Page[RecordOut]:
    """The records that these parts count, oldest first, as far as the actor may see them. The same address gives the same order."""
    must_see(parts, actor)
    must_divide(parts, asked)
    chosen = [(n, p) for n, p in enumerate(parts) if page.measure is None or p.measure.name == page.measure]
    if not chosen:
        names = ", ".join(dict.fromkeys(p.measure.name for p in parts))
        raise Invalid(f"measure takes one of {names}.", pointer="measure", code="bad_parameter")
    asked = await with_teams_below(db, asked)
    where = cut(actor, None, asked.filters, ever=False)
    values = parameters(actor, asked, chosen)
    if page.cursor is not None:
        at, part, id, n = cursor.read(page.key, page.belongs_to, page.cursor)
        values["after_at"] = datetime.fromisoformat(str(at))
        values |= {"after_part": int(str(part)), "after_id": UUID(str(id)), "after_n": int(str(n))}
    rows = await db.all(_page_query(tuple(chosen), where, page.cursor is not None), **values, limit=page.limit + 1)
    shown = [replace(row, amount=at_edge(row.amount, page.currency)) for row in rows[: page.limit]]
    items = [RecordOut.model_validate(row, from_attributes=True) for row in shown]
    following = None
    if len(rows) > page.limit:
        end = rows[page.limit - 1]
        following = cursor.sign(page.key, page.belongs_to, [end.at.isoformat(), str(end.part), str(end.id), str(end.n)])
        others = [(k, v) for k, v in page.request.query_params.multi_items() if k != "cursor"]
        page.response.headers["Link"] = f'<{page.request.url.path}?{urlencode([*others, ("cursor", following)])}>; rel="next"'
    return Page[RecordOut](items=items, next_cursor=following)
