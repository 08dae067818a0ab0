from metrics_svc.facts.quiet import QUIET
from metrics_svc.kpi import Kpi, Of, Reading, Sum, until
from metrics_svc.numbers import Numbers


def _of(numbers: Numbers) -> Of:
    return tuple(until(quiet, (numbers.stages.of(stage).stalled_after_days + 1, None)) for stage, quiet in QUIET.items())


def _read(_: Numbers, *by_stage: Sum) -> Reading:
    stalled = {stage: found.n for stage, found in zip(QUIET, by_stage, strict=True)}
    return Reading(sum(stalled.values()), {**stalled})


Kpi(
    "stalled_deals",
    unit="count",
    title="Stalled deals",
    title_zh="停滞商机",
    of=_of,
    read=_read,
    says="Open deals at the end of the period without a touch for more days than the policy lets their stage rest, in whole days of the "
    "company's zone. Touches are contacts with the customers of the deal's leads, quotes, moves between stages, and what was done in the "
    "deal's process; another name, amount or owner is none.",
)
