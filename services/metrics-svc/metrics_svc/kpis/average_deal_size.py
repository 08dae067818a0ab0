from decimal import Decimal

from metrics_svc.facts.outcome import REVERSED, WON
from metrics_svc.kpi import Kpi, Reading, Sum


def size(wins: Sum) -> Decimal | None:
    return wins.amount / wins.n if wins.n > 0 and wins.amount >= 0 else None


def _read(won: Sum, back: Sum) -> Reading:
    wins = won - back
    return Reading(size(wins), {"amount": Decimal(wins.amount), "won": wins.n})


Kpi(
    "average_deal_size",
    unit="money",
    title="Average deal size",
    title_zh="平均客单价",
    of=(WON, REVERSED),
    read=_read,
    says="Σ amount won, without tax / deals won in the period. A reversed win is taken off in the period of its reversal; null where less "
    "than nothing is left.",
)
