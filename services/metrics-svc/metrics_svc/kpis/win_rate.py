from metrics_svc.kpi import Kpi, ratio
from metrics_svc.measures import LOST, REVERSED, WON

Kpi(
    "win_rate",
    unit="ratio",
    title="Win rate",
    of=(WON, LOST, REVERSED),
    read=lambda won, lost, back: ratio(won.n - back.n, won.n - back.n + lost.n),
    says="K6: deals won in the period / (won + lost in the period). A reversed win is taken off in the period of its reversal.",
)
