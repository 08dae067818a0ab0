from datetime import UTC, datetime, timedelta

import pytest

from shared.clock import happened
from shared.errors import Invalid

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize("at", [None, NOW, NOW + timedelta(minutes=5), NOW - timedelta(days=400), datetime(1970, 1, 1, tzinfo=UTC)])
def test_now_and_the_past_are_taken(at: datetime | None) -> None:
    assert happened(at, NOW) == (at or NOW)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOW + timedelta(minutes=6), "future"),
        (datetime(1969, 12, 31, 23, 59, tzinfo=UTC), "too_early"),
        (NOW - timedelta(days=3), "before_previous"),
    ],
)
def test_other_times_are_refused_by_the_field_that_they_came_in(at: datetime, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        happened(at, NOW, since=NOW - timedelta(days=2), field="signed_at")
    assert [(e["pointer"], e["code"]) for e in refused.value.extra["errors"]] == [("/signed_at", code)]
