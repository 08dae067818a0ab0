from metrics_svc.facts.deadline import MET, MISSED
from metrics_svc.kpi import Kpi, rate

Kpi(
    "deadlines_met",
    unit="ratio",
    title="Deadlines met",
    title_zh="按时完成率",
    of=(MET, MISSED),
    read=lambda met, missed: rate(met=met.n, ended=met.n + missed.n),
    says="Deadlines that were met in time / deadlines that ended: by when they were met, or by when they were due if they were missed. "
    "One that was met later was missed. What nobody waits for any more does not count, and a miss is taken back when it becomes known "
    "that it was met in time.",
)
