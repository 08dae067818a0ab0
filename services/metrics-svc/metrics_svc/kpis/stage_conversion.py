from metrics_svc.counting.stages import STAGES
from metrics_svc.facts.visit import FIRST_ENTERED, FIRST_REOPENED, PASSED
from metrics_svc.kpi import Kpi, Reading, Sum, merged, ratio

_N = len(STAGES)


def _read(*sums: Sum) -> Reading:
    passed, entered, again = list(sums[:_N]), list(sums[_N : 2 * _N]), list(sums[2 * _N :])
    by_stage = {stage: ratio(p.n, e.n - a.n) for stage, p, e, a in zip(STAGES, passed, entered, again, strict=True)}
    return Reading(ratio(merged(passed).n, merged(entered).n - merged(again).n), {**by_stage})


Kpi(
    "stage_conversion",
    unit="ratio",
    title="Stage conversion",
    title_zh="阶段转化率",
    of=(*[PASSED[s] for s in STAGES], *[FIRST_ENTERED[s] for s in STAGES], *[FIRST_REOPENED[s] for s in STAGES]),
    read=_read,
    says="Deals that entered a stage in the period and ever got beyond it / deals that entered it in the period. The first entry "
    "of each deal and cycle counts. A deal that was lost before it got beyond the stage, and is reopened, enters again: its earlier entry "
    "is taken off in the period of the reopening. `parts` has each stage, `value` all of them together.",
)
