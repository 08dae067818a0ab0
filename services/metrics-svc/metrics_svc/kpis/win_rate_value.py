from metrics_svc.kpi import Kpi, ratio
from metrics_svc.measures import LOST, REVERSED, WON

Kpi(
    "win_rate_value",
    unit="ratio",
    title="Win rate by value",
    of=(WON, LOST, REVERSED),
    read=lambda won, lost, back: ratio(won.amount - back.amount, won.amount - back.amount + lost.amount),
    says="K7: Σ amount won / Σ amount won and lost in the period. A reversed win is taken off in the period of its reversal.",
)
