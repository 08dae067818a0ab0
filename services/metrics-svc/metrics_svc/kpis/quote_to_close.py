from metrics_svc.facts.quote import QUOTED, YES, YES_BACK
from metrics_svc.kpi import Kpi, Reading, Sum, ratio


def _read(quoted: Sum, yes: Sum, back: Sum) -> Reading:
    accepted = yes - back
    times = {"mean_days": accepted.mean_days, "median_days": accepted.quantile_days(0.5)}
    return Reading(ratio(accepted.n, quoted.n), {"accepted": accepted.n, "quoted": quoted.n, **times})


Kpi(
    "quote_to_close",
    unit="ratio",
    title="Quote to close",
    title_zh="报价成交率",
    of=(QUOTED, YES, YES_BACK),
    read=_read,
    quantiles=True,
    says="Deals whose latest quote is accepted / deals that were first sent a quote in the period. Sending a later version takes an "
    "acceptance back, and so does withdrawing the quote. The days are from the first sending to the acceptance.",
)
