from metrics_svc.facts.interaction import VISITS
from metrics_svc.facts.quote import SENT, SENT_AGAIN
from metrics_svc.kpi import Kpi, Reading, Sum


def _read(visits: Sum, sent: Sum, again: Sum) -> Reading:
    return Reading(visits.n + sent.n + again.n, {"visits": visits.n, "quotes": sent.n + again.n})


Kpi(
    "activity_volume",
    unit="count",
    title="Activity volume",
    title_zh="活动量",
    of=(VISITS, SENT, SENT_AGAIN),
    read=_read,
    says="Visits to customers + quotes sent, each version of a quote, in the period. By owner and week it is what each rep did in a "
    "week: a visit counts for who had the lead then, a quote for who had the deal.",
)
