"""The shapes that answers about figures have."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, PlainSerializer, WithJsonSchema

from metrics_svc.figures.asked import NONE, Asked
from metrics_svc.figures.rules import Row
from metrics_svc.kpi import Kpi, Unit

Exact = Annotated[
    Decimal,
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "examples": ["123.45"]}),
]
"""Amounts are sums of converted amounts: they keep all the digits that these have."""

Number = int | float | Exact | None


class KpiOut(BaseModel):
    name: str
    title: str
    unit: Unit
    says: str = Field(description="The exact formula, with its number in the catalogue of requirements.")
    measures: list[str] = Field(description="What it is computed from; `records?measure=` lists one of them.")
    as_of_end: bool = Field(description="Whether it is a figure as of the period's end instead of one about the period.")


class RowOut(BaseModel):
    start: date | None = Field(description="The first day, inclusive.")
    end: date | None = Field(description="The last day, exclusive.")
    group: str | None = Field(description=f"The value of `by`; `{NONE}` where it is unknown, null for the whole.")
    value: Number
    parts: dict[str, Number] = Field(description="Figures beside it, for example the median beside a mean.")
    n: int = Field(description="How many records it was computed from.")
    counts: dict[str, int] = Field(description="The same by measure.")
    records: str = Field(description="Where these records are listed.")


class FigureOut(BaseModel):
    kpi: str
    title: str
    unit: Unit
    currency: str = Field(description="Of all amounts: the reporting currency.")
    as_of: date | None
    total: RowOut
    rows: list[RowOut] = Field(description="By period and group; the total alone when neither was asked for.")


class RecordOut(BaseModel):
    """One thing that was counted."""

    measure: str = Field(description="What it was counted as.")
    kind: str = Field(description="lead, deal, milestone or payment")
    id: UUID
    external_id: str | None
    at: datetime = Field(description="When it happened.")
    cohort_at: datetime | None = Field(description="When the member it belongs to began, for a figure about a cohort.")
    amount: Exact | None
    days: float | None = Field(description="The duration that was counted, in days.")
    source: str | None
    owner_id: UUID | None
    team_id: UUID | None
    product: str | None
    region: str | None
    flags: list[str] | None


def kpi_out(kpi: Kpi) -> KpiOut:
    measures = list(dict.fromkeys(p.measure.name for p in kpi.parts))
    return KpiOut(name=kpi.name, title=kpi.title, unit=kpi.unit, says=kpi.says, measures=measures, as_of_end=kpi.at_end)


def row_out(kpi: Kpi, asked: Asked, row: Row) -> RowOut:
    return RowOut(
        start=row.start,
        end=row.end,
        group=named(row.group),
        value=row.reading.value,
        parts=row.reading.parts,
        n=row.n,
        counts=row.counts,
        records=asked.within(row.start, row.end).link(f"kpis/{kpi.name}/records", row.group),
    )


def named(group: str | None) -> str | None:
    return NONE if group == "" else group


def figure_out(kpi: Kpi, asked: Asked, currency: str, total: Row, rows: list[Row]) -> Any:
    return FigureOut(
        kpi=kpi.name,
        title=kpi.title,
        unit=kpi.unit,
        currency=currency,
        as_of=asked.as_of,
        total=row_out(kpi, asked, total),
        rows=[row_out(kpi, asked, r) for r in rows],
    )
