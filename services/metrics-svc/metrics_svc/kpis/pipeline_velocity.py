from decimal import Decimal

from metrics_svc.facts.deal import QUALIFIED
from metrics_svc.facts.outcome import (
    HANDED_ON,
    LOST,
    QUALIFIED_LOST,
    QUALIFIED_REOPENED,
    REOPENED,
    REVERSED,
    TAKEN_OVER,
    UNDONE_CYCLE,
    WON,
    WON_CYCLE,
)
from metrics_svc.kpi import Kpi, Of, Reading, Sum, ratio, trailing, until
from metrics_svc.numbers import Numbers

_OPEN = (QUALIFIED, WON, REVERSED, QUALIFIED_LOST, QUALIFIED_REOPENED, HANDED_ON, TAKEN_OVER)
_RECENT = (WON, REVERSED, LOST, REOPENED, WON_CYCLE, UNDONE_CYCLE)


def _of(numbers: Numbers) -> Of:
    return *[until(m) for m in _OPEN], *[trailing(m, numbers.figures.velocity_days) for m in _RECENT]


def _read(_: Numbers, *sums: Sum) -> Reading:
    qualified, ended, back, dropped, restored, handed_on, taken_over = sums[: len(_OPEN)]
    won, reversed_, lost, reopened, cycles, undone = sums[len(_OPEN) :]
    open_now = qualified.n - ended.n + back.n - dropped.n + restored.n - handed_on.n + taken_over.n
    wins, losses = won - reversed_, lost - reopened
    rate, cycle = ratio(wins.n, wins.n + losses.n), (cycles - undone).mean_days
    size = wins.amount / wins.n if wins.n > 0 and wins.amount >= 0 else None
    parts = {"open_deals": open_now, "win_rate": rate, "average_deal_size": size, "cycle_days": cycle}
    if rate is None or size is None or cycle is None or cycle <= 0:
        return Reading(None, parts)
    return Reading(open_now * Decimal(repr(rate)) * size / Decimal(repr(cycle)), parts)


Kpi(
    "pipeline_velocity",
    unit="money_per_day",
    title="Pipeline velocity",
    title_zh="管道流速",
    of=_of,
    read=_read,
    says="Open qualified deals × win rate × average deal size, without tax / mean sales cycle in days; the last three over the last days "
    "that the policy names, the cycle of wins that were not reversed. A deal that came from a lead is qualified, as its lead was an SQL; "
    "one that was opened without a lead is when it gets beyond discovery. For an owner or team, the deals that they had at the end of the "
    "period.",
)
