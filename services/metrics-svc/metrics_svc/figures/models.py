"""The models of answers about figures."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, PlainSerializer, WithJsonSchema

from metrics_svc.figures.question import NONE, Question
from metrics_svc.figures.rules import Row
from metrics_svc.kpi import Kpi, Unit, Value
from shared.events.envelope import Dimensions
from shared.known import FlagName, KpiName, MeasureName, RecordKind, StageName
from shared.money import rounded

Exact = Annotated[
    Decimal,
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "examples": ["123.45"]}),
]
"""An amount in the reporting currency, rounded to its minor unit (`at_edge`)."""

Number = int | float | Exact | None


def at_edge(value: Value, currency: str) -> Any:
    """What an answer shows of a figure. Every decimal is money: exact inside, rounded to the currency's minor unit outside."""
    return rounded(value, currency) + 0 if isinstance(value, Decimal) else value  # + 0: there is no -0.00


class KpiOut(BaseModel):
    name: KpiName
    title: str
    unit: Unit
    says: str = Field(description="The exact formula.")
    measures: list[MeasureName] = Field(description="What it is computed from; `records?measure=` lists one of them.")
    as_of_end: bool = Field(description="Whether it is a figure as of the period's end instead of one about the period.")

    @classmethod
    def of(cls, kpi: Kpi) -> Self:
        measures = list(dict.fromkeys(p.measure.name for p in kpi.parts))
        return cls(name=kpi.name, title=kpi.title, unit=kpi.unit, says=kpi.says, measures=measures, as_of_end=kpi.at_end)


class KpisOut(BaseModel):
    """The catalogue, as far as the caller's roles show it: always whole."""

    items: list[KpiOut]


class RowOut(BaseModel):
    start: date | None = Field(description="The first day, inclusive.")
    end: date | None = Field(description="The last day, exclusive.")
    group: str | None = Field(description=f"The value of `by`; `{NONE}` where it is unknown, null for the whole.")
    value: Number = Field(
        description="Null where there is nothing to divide by, and for a rate whose part does not lie within its whole, as when more was "
        "taken back in the period than happened in it. Money is rounded to the currency's minor unit; ratios and days are not rounded."
    )
    parts: dict[str, Number] = Field(description="Figures beside it: the part and the whole of a rate, the median beside a mean.")
    n: int = Field(description="How many records it was computed from.")
    counts: dict[str, int] = Field(description="The same by measure.")
    records: str = Field(description="Where these records are listed.")

    @classmethod
    def of(cls, kpi: Kpi, asked: Question, currency: str, row: Row) -> Self:
        return cls(
            start=row.start,
            end=row.end,
            group=named(row.group),
            value=at_edge(row.reading.value, currency),
            parts={name: at_edge(part, currency) for name, part in row.reading.parts.items()},
            n=row.n,
            counts=row.counts,
            records=asked.within(row.start, row.end).link(f"kpis/{kpi.name}/records", row.group),
        )


class FigureOut(BaseModel):
    kpi: KpiName
    title: str
    unit: Unit
    currency: str = Field(description="Of all amounts: the reporting currency.")
    as_of: date | None
    total: RowOut
    rows: list[RowOut] = Field(description="By period and group; the total alone when neither was asked for.")

    @classmethod
    def of(cls, kpi: Kpi, asked: Question, currency: str, total: Row, rows: list[Row]) -> Self:
        return cls(
            kpi=kpi.name,
            title=kpi.title,
            unit=kpi.unit,
            currency=currency,
            as_of=asked.as_of,
            total=RowOut.of(kpi, asked, currency, total),
            rows=[RowOut.of(kpi, asked, currency, row) for row in rows],
        )


class FiguresOut(BaseModel):
    """One figure for each KPI, in the order of the catalogue: always whole."""

    items: list[FigureOut]


class DealOfLead(BaseModel):
    """A deal of a lead that was counted, as it is now."""

    id: UUID
    external_id: str | None
    stage: StageName | None
    amount: Exact | None = Field(description="In the reporting currency.")


class RecordOut(Dimensions):
    """One thing that was counted."""

    measure: MeasureName = Field(description="What it was counted as.")
    kind: RecordKind
    id: UUID
    external_id: str | None
    at: datetime = Field(description="When it happened.")
    cohort_at: datetime | None = Field(description="When the member it belongs to began, for a figure about a cohort.")
    amount: Exact | None = Field(description="In the reporting currency.")
    days: float | None = Field(description="The duration that was counted, in days.")
    flags: list[FlagName] | None
    deals: list[DealOfLead] | None = Field(
        default=None, description="Of a lead in the funnel: its deals that the caller may see, opened by `as_of`; null elsewhere."
    )


def named(group: str | None) -> str | None:
    """What an answer calls a group."""
    return NONE if group == "" else group
