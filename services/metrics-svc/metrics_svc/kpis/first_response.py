from metrics_svc.facts.prompt import GRADES, NOT_RESPONDED, RESPONDED, RESPONSE_TIME
from metrics_svc.kpi import Kpi, Reading, Sum, Value, merged, ratio


def _minutes(sum: Sum, q: float) -> float | None:
    days = sum.quantile_days(q)
    return None if days is None else days * 24 * 60


def _shown(name: str, met: Sum, missed: Sum, time: Sum) -> dict[str, Value]:
    due = met.n + missed.n
    return {
        f"{name}met": met.n,
        f"{name}due": due,
        f"{name}rate": ratio(met.n, due),
        f"{name}p50_minutes": _minutes(time, 0.5),
        f"{name}p90_minutes": _minutes(time, 0.9),
    }


def _read(*sums: Sum) -> Reading:
    by_grade = {grade: sums[3 * n : 3 * n + 3] for n, grade in enumerate(GRADES)}
    met, missed, time = (merged(list(each)) for each in zip(*by_grade.values(), strict=True))
    parts = _shown("", met, missed, time)
    for grade, of_grade in by_grade.items():
        parts |= _shown(f"{grade}.", *of_grade)
    return Reading(parts.pop("rate"), parts)


Kpi(
    "first_response",
    unit="ratio",
    title="First response",
    title_zh="首次响应及时率",
    of=tuple(measure for grade in GRADES for measure in (RESPONDED[grade], NOT_RESPONDED[grade], RESPONSE_TIME[grade])),
    read=_read,
    quantiles=True,
    says="First responses in time / first responses that were due, over all and by the lead's grade: one in time counts when it was given, "
    "another when it was due. The minutes are those of work, from the assignment to the response, whether or not it was in time, of those "
    "that were given in the period; the owner's working times count.",
)
