from decimal import Decimal

from metrics_svc.kpi import Kpi, Sum
from metrics_svc.measures import REVERSED, WON


def _read(won: Sum, back: Sum) -> Decimal | None:
    n = won.n - back.n
    return (won.amount - back.amount) / n if n > 0 else None


Kpi(
    "average_deal_size",
    unit="money",
    title="Average deal size",
    of=(WON, REVERSED),
    read=_read,
    says="K11: Σ amount won / deals won in the period. A reversed win is taken off in the period of its reversal.",
)
