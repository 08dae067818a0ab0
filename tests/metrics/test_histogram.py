"""Histograms of durations: within 1 %, in order, below zero too."""

from statistics import quantiles

from hypothesis import given
from hypothesis import strategies as st

from metrics_svc.histogram import bucket_of, quantile, seconds_of

MICROSECONDS = st.integers(-(10**15), 10**15)


@given(MICROSECONDS)
def test_a_bucket_is_within_one_percent(us: int) -> None:
    seconds = us / 1_000_000
    if abs(us) < 1_000_000:
        assert seconds_of(bucket_of(us)) == 0
    else:
        assert abs(seconds_of(bucket_of(us)) - seconds) <= abs(seconds) * 0.01 + 1e-9


@given(MICROSECONDS, MICROSECONDS)
def test_buckets_are_in_order(one: int, other: int) -> None:
    assert (one <= other) == (bucket_of(one) <= bucket_of(other)) or bucket_of(one) == bucket_of(other)


@given(st.lists(st.integers(1_000_000, 10**14), min_size=2, max_size=50))
def test_quantiles_are_those_of_the_durations(durations: list[int]) -> None:
    counts: dict[int, int] = {}
    for us in durations:
        counts[bucket_of(us)] = counts.get(bucket_of(us), 0) + 1
    exact = quantiles([us / 1_000_000 for us in durations], n=10, method="inclusive")
    for tenth, expected in enumerate(exact, 1):
        found = quantile(counts, tenth / 10)
        assert found is not None
        assert abs(found - expected) <= expected * 0.0101 + 1e-6


def test_nothing_has_no_quantile() -> None:
    assert quantile({}, 0.5) is None
