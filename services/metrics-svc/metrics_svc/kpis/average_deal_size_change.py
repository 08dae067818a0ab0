from metrics_svc.facts.outcome import REVERSED, WON
from metrics_svc.kpi import Kpi, Reading, Sum, change, prior
from metrics_svc.kpis.average_deal_size import size


def _read(won: Sum, back: Sum, won_before: Sum, back_before: Sum) -> Reading:
    now, before = size(won - back), size(won_before - back_before)
    return Reading(change(now, before), {"average_deal_size": now, "before": before})


Kpi(
    "average_deal_size_change",
    unit="change",
    title="Change of average deal size",
    title_zh="平均客单价变化",
    of=(WON, REVERSED, prior(WON), prior(REVERSED)),
    read=_read,
    says="(Average deal size of the period − that of the period before) / that of the period before. Whole months are compared with as "
    "many months before them, other periods with as many days; null where one of them has no win.",
)
