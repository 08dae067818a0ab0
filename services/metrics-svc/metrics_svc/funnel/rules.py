"""The cohort funnel F1 to F9 (domain-model §5): who began in the period, and how far they ever got."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from metrics_svc.kpi import Part, Sum, ratio
from metrics_svc.measures import ASSISTS, CAPTURED, ENDED, MQL, REACHED, SQL, Measure


@dataclass(frozen=True)
class Step:
    """`n` and the value are those of `count` less those of `undone`; leads have no value."""

    key: str
    name: str
    count: Measure
    undone: Measure | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(Part(m, "cohort") for m in (self.count, self.undone) if m)


def _of_deals(line: str) -> tuple[Step, ...]:
    reached = [
        Step(key, name, REACHED[line, name])
        for key, name in (("F4", "opened"), ("F5", "proposal"), ("F6", "negotiation"), ("F7", "closing"))
    ]
    won = Step("F8", "won", ENDED[line, "won"], ENDED[line, "reversed"])
    paid = Step("F9", "paid", ENDED[line, "paid"], ENDED[line, "unpaid"])
    return (*reached, won, paid)


LEADS = (Step("F1", "captured", CAPTURED), Step("F2", "mql", MQL), Step("F3", "sql", SQL), *_of_deals("lead"))
DIRECT = _of_deals("direct")
ASSIST = Step("assists", "assists", ASSISTS)

PARTS = tuple(part for step in (*LEADS, ASSIST, *DIRECT) for part in step.parts)
_PLACE = {part.measure.name: n for n, part in enumerate(PARTS)}


@dataclass(frozen=True, slots=True)
class StepFigure:
    step: Step
    n: int
    value: Decimal | None
    conversion: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One funnel: of the whole or of a group."""

    group: str | None
    steps: list[StepFigure]
    overall: float | None
    assists: int


def line(steps: Sequence[Step], sums: Sequence[Sum], group: str | None) -> Line:
    """conv(k) = n(k+1)/n(k); overall = n(F8) / n of the first step."""
    n = [_n(step, sums) for step in steps]
    following: list[int | None] = [*n[1:], None]
    figures = [
        StepFigure(step, here, _value(step, sums), None if after is None else ratio(after, here))
        for step, here, after in zip(steps, n, following, strict=True)
    ]
    won = next(here for step, here in zip(steps, n, strict=True) if step.key == "F8")
    return Line(group, figures, ratio(won, n[0]), _sum(ASSIST.count, sums).n if steps is LEADS else 0)


def _sum(measure: Measure, sums: Sequence[Sum]) -> Sum:
    return sums[_PLACE[measure.name]]


def _n(step: Step, sums: Sequence[Sum]) -> int:
    return _sum(step.count, sums).n - (_sum(step.undone, sums).n if step.undone else 0)


def _value(step: Step, sums: Sequence[Sum]) -> Decimal | None:
    if step.count.value is None:
        return None
    return _sum(step.count, sums).amount - (_sum(step.undone, sums).amount if step.undone else 0)
