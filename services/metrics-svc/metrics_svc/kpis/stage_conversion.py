from metrics_svc.counting.stages import STAGES
from metrics_svc.facts.visit import FIRST_ENTERED, PASSED
from metrics_svc.kpi import Kpi, Reading, Sum, merged, ratio


def _read(*sums: Sum) -> Reading:
    passed, entered = list(sums[: len(STAGES)]), list(sums[len(STAGES) :])
    by_stage = {stage: ratio(p.n, e.n) for stage, p, e in zip(STAGES, passed, entered, strict=True)}
    return Reading(ratio(merged(passed).n, merged(entered).n), {**by_stage})


Kpi(
    "stage_conversion",
    unit="ratio",
    title="Stage conversion",
    title_zh="阶段转化率",
    of=(*[PASSED[s] for s in STAGES], *[FIRST_ENTERED[s] for s in STAGES]),
    read=_read,
    says="Deals that entered a stage in the period and ever got beyond it / deals that entered it in the period. The first entry "
    "of each deal and cycle counts. `parts` has each stage, `value` all of them together.",
)
