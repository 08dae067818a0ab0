from itertools import pairwise

from metrics_svc.facts.allocation import SETTLED, UNSETTLED
from metrics_svc.facts.milestone import DUE, EXCUSED
from metrics_svc.kpi import Kpi, Of, Reading, Sum, ratio, until
from metrics_svc.numbers import Numbers

_OF_AGE = (DUE, EXCUSED, SETTLED, UNSETTLED)


def _ages(numbers: Numbers) -> dict[str, tuple[int, int | None]]:
    """Whole days from the due day to the last day that counts, from and to."""
    days = numbers.figures.ageing_days
    ages: dict[str, tuple[int, int | None]] = {f"overdue_{a + 1}_{b}": (a + 1, b) for a, b in pairwise((0, *days))}
    return ages | {f"overdue_over_{days[-1]}": (days[-1] + 1, None)}


def _of(numbers: Numbers) -> Of:
    return until(DUE), until(EXCUSED), *[until(m, age) for age in _ages(numbers).values() for m in _OF_AGE]


def _read(numbers: Numbers, due: Sum, excused: Sum, *by_age: Sum) -> Reading:
    owed = []
    for n in range(0, len(by_age), len(_OF_AGE)):
        was_due, let_off, settled, taken_back = by_age[n : n + len(_OF_AGE)]
        owed.append(was_due.amount - let_off.amount - settled.amount + taken_back.amount)
    total = due.amount - excused.amount
    parts = dict(zip(_ages(numbers), owed, strict=True))
    overdue = sum(owed, start=type(total)(0))
    return Reading(ratio(overdue, total), {"due": total, "overdue": overdue, **parts})


Kpi(
    "overdue_rate",
    unit="ratio",
    title="Overdue rate",
    title_zh="逾期率",
    of=_of,
    read=_read,
    says="Σ overdue and unpaid / Σ due, with tax, at the end of the period, with the overdue amount by age, in the steps that the policy "
    "sets. What is due today is not overdue yet; a waived rest is not owed.",
)
