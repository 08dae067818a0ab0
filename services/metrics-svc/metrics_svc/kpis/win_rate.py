from metrics_svc.facts.outcome import LOST, REOPENED, REVERSED, WON
from metrics_svc.kpi import Kpi, rate

Kpi(
    "win_rate",
    unit="ratio",
    title="Win rate",
    title_zh="赢单率",
    of=(WON, LOST, REVERSED, REOPENED),
    read=lambda won, lost, back, again: rate(won=won.n - back.n, closed=won.n - back.n + lost.n - again.n),
    says="Deals won in the period / (won + lost in the period). A reversed win and a loss that was reopened are taken off in the period "
    "in which that happened.",
)
