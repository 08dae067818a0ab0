from metrics_svc.facts.activity import UNDONE_AFTER, WON_AFTER
from metrics_svc.kpi import Kpi, Reading, Sum


def _read(won: Sum, undone: Sum) -> Reading:
    wins = won - undone
    return Reading(float(wins.amount) / wins.n if wins.n > 0 else None, {"won": wins.n, "contacts": int(wins.amount)})


Kpi(
    "contacts_to_close",
    unit="count",
    title="Contacts to close",
    title_zh="成交跟进次数",
    of=(WON_AFTER, UNDONE_AFTER),
    read=_read,
    says="Contacts with the leads of a deal up to its win, on average over the deals won in the period that came from a lead. A win that "
    "was reversed does not count, but does as of a day before its reversal.",
)
