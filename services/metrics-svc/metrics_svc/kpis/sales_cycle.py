from metrics_svc.kpi import Kpi, Reading, Sum
from metrics_svc.measures import WON_CYCLE, WON_FROM_LEAD


def _read(deal: Sum, lead: Sum) -> Reading:
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
    of=(WON_CYCLE, WON_FROM_LEAD),
    read=_read,
    quantiles=True,
    says="K9: from the deal's opening to its win, of the deals won in the period whose opening is known; `from_lead_…` counts from the "
    "lead's capture. Means are exact, quantiles within 1 %.",
)
