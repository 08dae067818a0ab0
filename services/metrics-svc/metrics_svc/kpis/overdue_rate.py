from metrics_svc.kpi import Kpi, Reading, Sum, ratio, until
from metrics_svc.measures import DUE, EXCUSED, SETTLED, UNSETTLED

_AGES = {"overdue_1_30": (1, 30), "overdue_31_60": (31, 60), "overdue_61_90": (61, 90), "overdue_over_90": (91, None)}
"""Whole days from the due day to the last day that counts."""


def _read(due: Sum, excused: Sum, *by_age: Sum) -> Reading:
    owed = []
    for n in range(0, len(by_age), 4):
        was_due, let_off, settled, taken_back = by_age[n : n + 4]
        owed.append(was_due.amount - let_off.amount - settled.amount + taken_back.amount)
    total = due.amount - excused.amount
    parts = dict(zip(_AGES, owed, strict=True))
    overdue = sum(owed, start=type(total)(0))
    return Reading(ratio(overdue, total), {"due": total, "overdue": overdue, **parts})


Kpi(
    "overdue_rate",
    unit="ratio",
    title="Overdue rate",
    of=(until(DUE), until(EXCUSED), *[until(m, age) for age in _AGES.values() for m in (DUE, EXCUSED, SETTLED, UNSETTLED)]),
    read=_read,
    says="Σ overdue and unpaid / Σ due, at the end of the period, with the overdue amount by age. What is due today is not overdue "
    "yet; a waived rest is not owed.",
)
