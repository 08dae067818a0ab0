from metrics_svc.facts.outcome import LOST, REOPENED, REVERSED, WON
from metrics_svc.kpi import Kpi, Reading, Sum, rate


def _read(won: Sum, lost: Sum, back: Sum, again: Sum) -> Reading:
    wins, losses = won - back, lost - again
    return rate(won=wins.amount, closed=wins.amount + losses.amount)


Kpi(
    "win_rate_value",
    unit="ratio",
    title="Win rate by value",
    title_zh="赢单率（按金额）",
    of=(WON, LOST, REVERSED, REOPENED),
    read=_read,
    says="Σ amount won / Σ amount won and lost in the period, without tax. A reversed win and a loss that was reopened are taken off, with "
    "the amount that they had counted, in the period in which that happened.",
)
