"""Periods of figures."""

from datetime import date

import pytest

from metrics_svc.figures.question import BEGINNING, END, before


@pytest.mark.parametrize(
    ("start", "end", "first"),
    [
        (date(2026, 3, 1), date(2026, 4, 1), date(2026, 2, 1)),
        (date(2026, 1, 1), date(2026, 4, 1), date(2025, 10, 1)),
        (date(2024, 1, 1), date(2025, 1, 1), date(2023, 1, 1)),
        (date(2026, 3, 2), date(2026, 3, 9), date(2026, 2, 23)),
        (date(2026, 3, 1), date(2026, 3, 11), date(2026, 2, 19)),
        (date(2026, 3, 1), END, BEGINNING),
        (BEGINNING, date(2026, 1, 1), BEGINNING),
    ],
)
def test_the_period_before_has_as_many_months_or_days(start: date, end: date, first: date) -> None:
    assert before(start, end) == first
