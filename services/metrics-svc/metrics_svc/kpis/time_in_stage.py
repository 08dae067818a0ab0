from metrics_svc.counting.stages import EXITS, STAGES
from metrics_svc.facts.visit import LEFT
from metrics_svc.kpi import Kpi, Reading, Sum, Value, merged


def _read(*sums: Sum) -> Reading:
    parts: dict[str, Value] = {}
    for n, stage in enumerate(STAGES):
        left = merged(list(sums[n * len(EXITS) : (n + 1) * len(EXITS)]))
        parts |= {f"{stage}.mean": left.mean_days, f"{stage}.p50": left.quantile_days(0.5), f"{stage}.p90": left.quantile_days(0.9)}
    return Reading(merged(list(sums)).mean_days, parts)


Kpi(
    "time_in_stage",
    unit="days",
    title="Time in stage",
    title_zh="阶段停留时间",
    of=tuple(LEFT[s, to] for s in STAGES for to in EXITS),
    read=_read,
    quantiles=True,
    says="Mean, median and 90 % quantile of a deal's stay in each stage; every stay that ended in the period counts. A stay "
    "that by its dates ended before it began, as by a signature dated before the last move, took no time. `value` is the mean over all "
    "stages.",
)
