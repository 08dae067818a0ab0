from metrics_svc.facts.outcome import UNDONE_CYCLE, UNDONE_FROM_LEAD, WON_CYCLE, WON_FROM_LEAD
from metrics_svc.kpi import Kpi, Reading, Sum


def _read(won: Sum, undone: Sum, won_from_lead: Sum, undone_from_lead: Sum) -> Reading:
    deal, lead = won - undone, won_from_lead - undone_from_lead
    return Reading(
        deal.mean_days,
        {
            "mean": deal.mean_days,
            "median": deal.quantile_days(0.5),
            "p90": deal.quantile_days(0.9),
            "from_lead_mean": lead.mean_days,
            "from_lead_median": lead.quantile_days(0.5),
            "from_lead_p90": lead.quantile_days(0.9),
        },
    )


Kpi(
    "sales_cycle",
    unit="days",
    title="Sales cycle",
    title_zh="销售周期",
    of=(WON_CYCLE, UNDONE_CYCLE, WON_FROM_LEAD, UNDONE_FROM_LEAD),
    read=_read,
    quantiles=True,
    says="From the deal's opening to its win, of the deals won in the period whose opening is known; `from_lead_…` counts from the "
    "lead's capture. A win that was reversed does not count, but does as of a day before its reversal. Means are exact, quantiles "
    "within 1 %.",
)
