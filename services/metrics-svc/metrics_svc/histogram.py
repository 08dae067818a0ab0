"""Log-bucket histograms: additive, mergeable, every value within 1 % of its bucket's middle.

A duration of x seconds, x ≥ 1, lies in bucket b when γ^(b-1) < x ≤ γ^b, kept as b + 1; a negative one mirrors it below zero, so the
order of keys is the order of durations; what is under a second either way is bucket 0.
"""

from collections.abc import Mapping
from math import ceil, log

GAMMA = 1.02
_LOG_GAMMA = log(GAMMA)
_MIDDLE = 2 / (GAMMA + 1)
_SECOND = 1_000_000


def bucket_of(microseconds: int) -> int:
    size = abs(microseconds)
    if size < _SECOND:
        return 0
    bucket = max(ceil(log(size / _SECOND) / _LOG_GAMMA), 0) + 1
    return bucket if microseconds > 0 else -bucket


def seconds_of(bucket: int) -> float:
    """The middle of a bucket, in seconds."""
    if bucket == 0:
        return 0.0
    size = float(GAMMA ** (abs(bucket) - 1)) * _MIDDLE
    return size if bucket > 0 else -size


def quantile(counts: Mapping[int, int], q: float) -> float | None:
    """The q-quantile in seconds, between its two neighbours in proportion as usual (R-7). None when nothing was counted."""
    total = sum(counts.values())
    if total <= 0:
        return None
    place = q * (total - 1)
    lower, upper = _ranked(counts, int(place)), _ranked(counts, min(int(place) + 1, total - 1))
    return lower + (upper - lower) * (place - int(place))


def _ranked(counts: Mapping[int, int], rank: int) -> float:
    """The duration with `rank` others before it."""
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen > rank:
            return seconds_of(bucket)
    raise IndexError(rank)
