from metrics_svc.facts.quote import ACCEPTED_LIST, ACCEPTED_NET, BACK_LIST, BACK_NET
from metrics_svc.kpi import Kpi, Reading, Sum, rate


def _read(full: Sum, net: Sum, full_back: Sum, net_back: Sum) -> Reading:
    worth, paid = (full - full_back).amount, (net - net_back).amount
    return rate(discount=worth - paid, list_total=worth)


Kpi(
    "discount_depth",
    unit="ratio",
    title="Discount depth",
    title_zh="折扣深度",
    of=(ACCEPTED_LIST, ACCEPTED_NET, BACK_LIST, BACK_NET),
    read=_read,
    says="1 − Σ net / Σ list price over the quotes accepted in the period. An acceptance that was taken back is taken off in the period "
    "in which that happened.",
)
