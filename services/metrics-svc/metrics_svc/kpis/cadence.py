from metrics_svc.facts.prompt import FOLLOWED_UP, GRADES, NOT_FOLLOWED_UP
from metrics_svc.kpi import Kpi, Reading, Sum, Value, ratio


def _read(*sums: Sum) -> Reading:
    parts: dict[str, Value] = {}
    made = due = 0
    for grade, met, missed in zip(GRADES, sums[::2], sums[1::2], strict=True):
        made, due = made + met.n, due + met.n + missed.n
        parts |= {f"{grade}.made": met.n, f"{grade}.due": met.n + missed.n, f"{grade}.rate": ratio(met.n, met.n + missed.n)}
    return Reading(ratio(made, due), {"made": made, "due": due, **parts})


Kpi(
    "cadence",
    unit="ratio",
    title="Cadence",
    title_zh="跟进节奏达成率",
    of=tuple(measure for grade in GRADES for measure in (FOLLOWED_UP[grade], NOT_FOLLOWED_UP[grade])),
    read=_read,
    says="Follow-ups made by the time for which they were planned / follow-ups that were due, over all and by the lead's grade. One in "
    "time counts when it was made, another when it was due. One that got another time, or that nobody waits for any more, counts only if "
    "its time had come.",
)
