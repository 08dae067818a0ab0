from metrics_svc.facts.touch import FIRST_TOUCHES, TOUCHES
from metrics_svc.kpi import Kpi, Reading

Kpi(
    "touches",
    unit="count",
    title="Touches",
    title_zh="触点数",
    of=(TOUCHES, FIRST_TOUCHES),
    read=lambda touches, first: Reading(touches.n, {"first": first.n}),
    says="Signals in the period that say what brought a lead to us; beside them those that were the lead's first. Source, campaign and "
    "channel are those of the touch, not of the lead.",
)
