from metrics_svc.facts.payment import CASH, CASH_BACK, CASH_BACK_WAITED, CASH_WAITED
from metrics_svc.kpi import Kpi, Sum

_US_PER_DAY = 86_400_000_000


def _read(cash: Sum, waited: Sum, back: Sum, back_waited: Sum) -> float | None:
    paid = cash.amount - back.amount
    return float((waited.amount - back_waited.amount) / paid / _US_PER_DAY) if paid > 0 else None


Kpi(
    "sign_to_cash",
    unit="days",
    title="Sign-to-cash days",
    title_zh="签约回款天数",
    of=(CASH, CASH_WAITED, CASH_BACK, CASH_BACK_WAITED),
    read=_read,
    says="Σ (payment × days from signature to receipt) / Σ payment, of the payments received in the period, with tax. A reversed payment "
    "is taken off in the period of its reversal.",
)
