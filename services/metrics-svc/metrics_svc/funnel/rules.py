"""The cohort funnel F1 to F9: who began in the period, and how far they ever got.

The unit is the lead at every step. A lead counts from F4 on when one of its deals got there, once however many they are; their number
and value stand beside it. Deals that were opened without a lead are the line `direct`, whose unit is the deal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from metrics_svc.counting.measure import Measure
from metrics_svc.counting.stages import FUNNEL
from metrics_svc.facts.amount import DEALS_REACHED
from metrics_svc.facts.goal import DEAL_GOALS, PAID_GROSS
from metrics_svc.facts.lead import ASSISTS, CAPTURED, LEAD_REACHED, MQL, SQL
from metrics_svc.facts.lead_goal import LEAD_GOALS
from metrics_svc.kpi import Part, Sum, ratio


@dataclass(frozen=True)
class Counted:
    """A measure, and the one that takes back what it counted."""

    count: Measure
    undone: Measure | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(Part(m, "cohort") for m in (self.count, self.undone) if m)


@dataclass(frozen=True)
class Step:
    """`members` are what its `n` counts; `deals` give number and value, which is net, and there are none before F4. `gross` gives the
    value with tax: of what was paid.
    """

    key: str
    name: str
    members: Counted
    deals: Counted | None = None
    gross: Counted | None = None


_STAGES = tuple((f"F{n}", name) for n, name in enumerate(("opened", *FUNNEL), start=4))
_GOALS = tuple((f"F{4 + len(_STAGES) + n}", name, back) for n, (name, back) in enumerate((("won", "reversed"), ("paid", "unpaid"))))


def _of_leads() -> tuple[Step, ...]:
    reached = [Step(key, name, Counted(LEAD_REACHED[name]), Counted(DEALS_REACHED["lead", name])) for key, name in _STAGES]
    goals = [
        Step(key, name, Counted(LEAD_GOALS[name], LEAD_GOALS[back]), _deals("lead", name, back), _gross("lead", name, back))
        for key, name, back in _GOALS
    ]
    return (*reached, *goals)


def _of_direct_deals() -> tuple[Step, ...]:
    reached = [Step(key, name, deals, deals) for key, name in _STAGES for deals in [Counted(DEALS_REACHED["direct", name])]]
    goals = [
        Step(key, name, deals, deals, _gross("direct", name, back))
        for key, name, back in _GOALS
        for deals in [_deals("direct", name, back)]
    ]
    return (*reached, *goals)


def _deals(line: str, name: str, back: str) -> Counted:
    return Counted(DEAL_GOALS[line, name], DEAL_GOALS[line, back])


def _gross(line: str, name: str, back: str) -> Counted | None:
    return Counted(PAID_GROSS[line, name], PAID_GROSS[line, back]) if (line, name) in PAID_GROSS else None


LEADS = (
    Step("F1", "captured", Counted(CAPTURED)),
    Step("F2", "mql", Counted(MQL)),
    Step("F3", "sql", Counted(SQL)),
    *_of_leads(),
)
DIRECT = _of_direct_deals()
ASSIST = Step("assists", "assists", Counted(ASSISTS))

PARTS = tuple(
    dict.fromkeys(
        part
        for step in (*LEADS, ASSIST, *DIRECT)
        for counted in (step.members, step.deals, step.gross)
        if counted
        for part in counted.parts
    )
)
_PLACE = {part.measure.name: n for n, part in enumerate(PARTS)}


@dataclass(frozen=True, slots=True)
class StepFigure:
    step: Step
    n: int
    deals: int | None
    value: Decimal | None
    gross: Decimal | None
    conversion: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One funnel: of the whole or of a group."""

    group: str | None
    steps: list[StepFigure]
    overall: float | None
    assists: int


def line(steps: Sequence[Step], sums: Sequence[Sum], group: str | None) -> Line:
    """conv(k) = n(k+1)/n(k); overall = n(F8) / n of the first step. `steps` may be some of a line's, or none."""
    n = [_sum(step.members, sums).n for step in steps]
    following: list[int | None] = [*n[1:], None] if n else []
    figures = [_figure(step, sums, here, after) for step, here, after in zip(steps, n, following, strict=True)]
    won = next((here for step, here in zip(steps, n, strict=True) if step.name == "won"), None)
    of_leads = any(step.key == LEADS[0].key for step in steps)
    assists = _sum(ASSIST.members, sums).n if of_leads else 0
    return Line(group=group, steps=figures, overall=None if won is None else ratio(won, n[0]), assists=assists)


def _figure(step: Step, sums: Sequence[Sum], n: int, following: int | None) -> StepFigure:
    conversion = None if following is None else ratio(following, n)
    if step.deals is None:
        return StepFigure(step=step, n=n, deals=None, value=None, gross=None, conversion=conversion)
    deals = _sum(step.deals, sums)
    gross = None if step.gross is None else _sum(step.gross, sums).amount
    return StepFigure(step=step, n=n, deals=deals.n, value=deals.amount, gross=gross, conversion=conversion)


def _sum(counted: Counted, sums: Sequence[Sum]) -> Sum:
    found = sums[_PLACE[counted.count.name]]
    return found - sums[_PLACE[counted.undone.name]] if counted.undone else found
