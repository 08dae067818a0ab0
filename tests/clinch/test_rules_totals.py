"""What services must agree on is counted by two of them at least, or nothing is compared."""

from collections import Counter

from clinch.run.services import load
from clinch.run.settings import SERVICES


def test_every_total_is_counted_by_two_services() -> None:
    counted = Counter(total.says for name in SERVICES for total in load(name).totals)
    assert len(counted) >= 5
    assert [says for says, services in counted.items() if services < 2] == []
