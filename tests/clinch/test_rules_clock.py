"""How `clinch clock` moves the clock of a data folder, and who follows it."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinch.errors import CommandError
from clinch.ops.clock import clock
from clinch.run import clock as file
from clinch.run.clock import clock_of, keep_offset, offset_of, told
from clinch.run.folder import DataFolder
from shared.clock import utcnow

MINUTE = timedelta(minutes=1)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.claim()
    return made


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CLINCH_")]:
        monkeypatch.delenv(name)


def moved(folder: DataFolder, *words: str) -> timedelta:
    clock(list(words), folder.path)
    return offset_of(folder)


def test_steps_add_up_and_real_takes_them_back(folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert moved(folder) == timedelta()
    assert moved(folder, "+5h") == timedelta(hours=5)
    assert moved(folder, "+1d12h30m") == timedelta(days=1, hours=17, minutes=30)
    assert "moved by +1 d 17 h 30 min" in capsys.readouterr().out
    assert moved(folder, "-2w") == timedelta(days=1, hours=17, minutes=30) - timedelta(weeks=2)
    assert "Timers that have fired stay fired" in capsys.readouterr().err
    assert moved(folder, "real") == timedelta()
    assert not folder.clock.exists()
    assert "The clock is the machine's" in capsys.readouterr().out


def test_a_time_without_a_zone_is_the_companys(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def there() -> datetime:
        return utcnow() + offset_of(folder)

    moved(folder, "at", "2031-05-06T09:00")
    assert timedelta() <= there() - datetime(2031, 5, 6, 9, tzinfo=UTC) < MINUTE
    monkeypatch.setenv("CLINCH_TIME_ZONE", "Asia/Shanghai")
    moved(folder, "at", "2031-05-06", "09:00")
    assert timedelta() <= there() - datetime(2031, 5, 6, 1, tzinfo=UTC) < MINUTE
    moved(folder, "at", "2031-05-06T09:00:00+02:00")
    assert timedelta() <= there() - datetime(2031, 5, 6, 7, tzinfo=UTC) < MINUTE


@pytest.mark.parametrize("words", ["5h", "+5", "+5y", "at", "at noon", "+999999w", "at 0001-01-01T00:00", "+1h +1h", "real +1h"])
def test_what_is_no_move_is_refused_and_changes_nothing(folder: DataFolder, words: str) -> None:
    moved(folder, "+5h")
    with pytest.raises(CommandError):
        moved(folder, *words.split())
    assert offset_of(folder) == timedelta(hours=5)


def test_production_has_the_machines_clock(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert clock_of(folder, "production") is utcnow
    keep_offset(folder, timedelta(hours=5))
    with pytest.raises(CommandError, match=r"moved clock .* `clinch clock real` first") as refused:
        clock_of(folder, "production")
    assert refused.value.exit_code == 2
    monkeypatch.setenv("CLINCH_ENV", "production")
    with pytest.raises(CommandError, match="nobody moves it"):
        moved(folder, "+1h")
    assert moved(folder, "real") == timedelta()
    monkeypatch.delenv("CLINCH_ENV")
    with folder.hold(0):
        monkeypatch.setenv("CLINCH_ENV", "production")
    running = json.loads((folder.path / "lock").read_text())
    assert running["env"] == "", "what the running system was started with counts too"


def test_a_running_process_follows_the_file_and_survives_a_broken_one(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    at = 0.0
    monkeypatch.setattr(file.time, "monotonic", lambda: at)
    its = clock_of(folder)
    assert abs(its() - utcnow()) < MINUTE
    keep_offset(folder, timedelta(days=3))
    assert abs(its() - utcnow()) < MINUTE, "the file is not opened for each call"
    at = 1.0
    assert abs(its() - utcnow() - timedelta(days=3)) < MINUTE
    folder.clock.write_text("soon")
    at = 2.0
    assert abs(its() - utcnow() - timedelta(days=3)) < MINUTE
    with pytest.raises(CommandError, match="holds no offset"):
        offset_of(folder)
    assert moved(folder, "real") == timedelta()
    at = 3.0
    assert abs(its() - utcnow()) < MINUTE


@pytest.mark.parametrize(
    ("offset", "says"),
    [
        (timedelta(), "+0 s"),
        (timedelta(hours=5), "+5 h"),
        (timedelta(days=-1, hours=-2), "-1 d 2 h"),
        (timedelta(seconds=59.9), "+1 min"),
    ],
)
def test_an_offset_is_told_in_words(offset: timedelta, says: str) -> None:
    assert told(offset) == says
