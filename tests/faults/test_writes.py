"""Clients write while everything is killed: what was acknowledged is there, once (quality.md §1, invariants 1 to 3 and 12)."""

import pytest

from tests.faults.system import LAG_WITHIN, Name, System
from tests.faults.writes import write_while_killing

KILLS: list[Name] = ["api", "api", "api", "worker", "worker", "worker", "postgres", "postgres", "postgres"]


async def test_what_was_acknowledged_is_there_once(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = await write_while_killing(system, KILLS, seed=3, pause=(0.5, 2.0))
    with capsys.disabled():
        print(system.figures(**outcome.figures))
    assert not any(outcome.wrong.values()), outcome.wrong
    assert len(system.recoveries) == len(KILLS)
    assert system.recovered_in_time()
    assert outcome.drained < LAG_WITHIN * system.slowness
    system.verified()
