from decimal import Decimal

from metrics_svc.kpi import Kpi, Reading, Sum, ratio, trailing, until
from metrics_svc.measures import LOST, OPENED, REOPENED, REVERSED, WON, WON_CYCLE

_DAYS = 90


def _read(opened: Sum, ended: Sum, dropped: Sum, restored: Sum, back: Sum, won: Sum, lost: Sum, reversed_: Sum, cycles: Sum) -> Reading:
    open_now = opened.n - ended.n - dropped.n + restored.n + back.n
    wins = won.n - reversed_.n
    rate, cycle = ratio(wins, wins + lost.n), cycles.mean_days
    size = (won.amount - reversed_.amount) / wins if wins > 0 else None
    parts = {"open_deals": open_now, "win_rate": rate, "average_deal_size": size, "cycle_days": cycle}
    if rate is None or size is None or cycle is None or cycle <= 0:
        return Reading(None, parts)
    return Reading(open_now * Decimal(repr(rate)) * size / Decimal(repr(cycle)), parts)


Kpi(
    "pipeline_velocity",
    unit="money_per_day",
    title="Pipeline velocity",
    of=(
        *[until(m) for m in (OPENED, WON, LOST, REOPENED, REVERSED)],
        *[trailing(m, _DAYS) for m in (WON, LOST, REVERSED, WON_CYCLE)],
    ),
    read=_read,
    says="K13: open deals × win rate × average deal size / mean sales cycle in days; the last three over the trailing 90 days.",
)
