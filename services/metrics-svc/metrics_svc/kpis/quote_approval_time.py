from metrics_svc.facts.quote_approval import APPROVED, AUTO, REJECTED, TIERS
from metrics_svc.kpi import Kpi, Reading, Sum, Value, merged, ratio


def _hours(sum: Sum, q: float) -> float | None:
    days = sum.quantile_days(q)
    return None if days is None else days * 24


def _shown(name: str, decided: Sum) -> dict[str, Value]:
    return {f"{name}decided": decided.n, f"{name}p50_hours": _hours(decided, 0.5), f"{name}p90_hours": _hours(decided, 0.9)}


def _read(auto: Sum, *sums: Sum) -> Reading:
    by_tier = {tier: merged(list(sums[2 * n : 2 * n + 2])) for n, tier in enumerate(TIERS)}
    decided = merged(list(by_tier.values()))
    parts: dict[str, Value] = {"auto": auto.n, "auto_rate": ratio(auto.n, auto.n + decided.n), **_shown("", decided)}
    for tier, of_tier in by_tier.items():
        parts |= _shown(f"{tier}.", of_tier)
    return Reading(decided.quantile_days(0.5), parts)


Kpi(
    "quote_approval_time",
    unit="days",
    title="Quote approval time",
    title_zh="报价审批时长",
    of=(AUTO, *(measure for tier in TIERS for measure in (APPROVED[tier], REJECTED[tier]))),
    read=_read,
    quantiles=True,
    says="The median time from the submission of a quote until those who were asked had approved or rejected it, of those decided in the "
    "period, over all and by whose authority was needed. Hours are those of the calendar: nights and free days count. `auto` are the "
    "quotes that needed nobody else, or were covered by an earlier approval, and `auto_rate` is their share of all that were approved or "
    "rejected; their time does not count. A submission that was taken back is not decided. Quantiles within 1 %.",
)
