"""Whether a server still takes connections, asked without ever waiting for it."""

import socket
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from clinch.run.health import EVERY, STEP, Pulse
from clinch.run.postgres import Postgres
from tests.clinch.embedded import eventually, supervised


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The pulse's own time, which stands still until a test moves it."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr("clinch.run.health.monotonic", lambda: clock.now)
    return clock


def silences(pulse: Pulse, clock: SimpleNamespace, *steps: float) -> list[float]:
    """What it says after each of these times more."""
    said = []
    for step in steps:
        clock.now += step
        said.append(round(pulse.silence(), 3))
    return said


def test_who_takes_connections_and_says_nothing_is_silent_for_as_long_as_somebody_listens(tmp_path: Path, clock: SimpleNamespace) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen(1)
        pulse = Pulse(tmp_path / "s")
        assert silences(pulse, clock, 0.1, 0.1, 0.5) == [0.1, 0.2, 0.7]
        assert silences(pulse, clock, 3600.0) == [0.7 + STEP], "an hour in which we were stopped ourselves"
        taken, _ = server.accept()
        assert taken.recv(100) == b"\0\0\0\x08\x04\xd2\x16\x2f"
        taken.send(b"N")
        assert silences(pulse, clock, 0.1, EVERY - 0.2, 0.1, 0.1) == [0.0, 0.0, 0.0, 0.1]
        taken.close()
        refused, _ = server.accept()
        refused.close()
        assert silences(pulse, clock, 0.1) == [0.0], "who hangs up is there"


def test_where_nobody_takes_connections_it_is_silent_until_somebody_does(tmp_path: Path, clock: SimpleNamespace) -> None:
    pulse = Pulse(tmp_path / "s")
    assert silences(pulse, clock, 0.1, 0.1) == [0.1, 0.2]
    pulse.forget()
    assert silences(pulse, clock, 0.1) == [0.1]


def test_postgres_answers(data: Path) -> None:
    with supervised(data) as run:
        postgres: Postgres = run.postgres()
        pulse = Pulse(postgres.socket)
        eventually(lambda: pulse.silence() == 0.0)
        said = postgres.data.parent / "logs" / "postgres.log"
        time.sleep(0.5)
        assert "startup packet" not in said.read_text()
