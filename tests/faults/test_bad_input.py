"""Bad input: random requests, and chains of them, to every operation of every service (quality.md §2)."""

import pytest

from tests.api.conftest import hosted
from tests.api.hosted import Hosted
from tests.api.promises import findings

__all__ = ["hosted"]


def test_answers_are_as_documented_whatever_is_sent(hosted: Hosted, capsys: pytest.CaptureFixture[str]) -> None:
    found, operations = findings(hosted, phases={"coverage", "fuzzing", "stateful"}, examples=25)
    with capsys.disabled():
        print(f"\n  {len(operations)} operations, {sum(found.asked.values())} requests, {len(found.accepted)} accepted at least once")
    assert not found.broken, "\n\n".join([f"{len(found.broken)} broken promises:", *found.broken.values()])
