"""What the commands print and how they end; each runs as its users run it, on a folder of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clinch.ops.logs import Tail, readable
from clinch.run.folder import DataFolder
from clinch.run.processes import alive
from tests.clinch.embedded import supervised


def clinch(*arguments: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "clinch.main", *arguments]
    env = {k: v for k, v in os.environ.items() if not k.startswith("CLINCH_")} | {"CLINCH_DATA": str(data)} | environment
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL)


def test_without_a_system_every_command_says_so_in_one_line(tmp_path: Path) -> None:
    commands = ("down", "logs", "token", "status", "clean", "restart")
    down, logs, token, status, clean, restart = [clinch(c, data=tmp_path / "none") for c in commands]
    assert (down.returncode, down.stdout) == (0, "Clinch was not running.\n")
    assert logs.returncode == 1
    assert "start Clinch with `clinch up`" in logs.stderr
    assert (token.returncode, token.stdout) == (1, "")
    assert token.stderr == "clinch: Clinch is not running: start it with `clinch up`, or name another system with --url.\n"
    assert (status.returncode, status.stdout) == (3, "Clinch is not running: `clinch up` starts it.\n")
    assert (clean.returncode, clean.stdout) == (0, "There is no data.\n")
    assert (restart.returncode, restart.stderr) == (1, "clinch: Clinch is not running: start it with `clinch up`.\n")
    psql = clinch("psql", "lead", data=tmp_path / "none")
    assert (psql.returncode, psql.stderr) == (1, "clinch: Clinch is not running: start it with `clinch up`.\n")
    assert "name one of lead, deal" in clinch("psql", "king", data=tmp_path / "none").stderr
    assert "There is no system in" in clinch("backup", str(tmp_path / "file"), data=tmp_path / "none").stderr
    assert not (tmp_path / "none").exists()


def test_a_running_system_is_told_of_asked_and_left_alone(data: Path) -> None:
    with supervised(data) as run:
        up = clinch("up", data=data)
        assert (up.returncode, up.stdout) == (0, f"Clinch is already running on {run.origin} (process {os.getpid()}).\n")
        token = clinch("token", "--role", "admin", data=data)
        assert (token.returncode, token.stdout) == (0, "a-token\n")
        assert "good for 60 minutes" in token.stderr
        refused = clinch("token", "--role", "king", data=data)
        assert (refused.returncode, refused.stdout, refused.stderr) == (2, "", "clinch: No token: there is no such role.\n")
        logs = clinch("logs", "postgres", "--lines", "3", data=data)
        assert [line.split(" | ")[0].strip() for line in logs.stdout.splitlines()] == ["postgres"] * 3
    assert not list(data.glob("postgres/postmaster.pid"))


def test_a_restart_replaces_what_it_names_and_keeps_what_has_no_successor(data: Path) -> None:
    with supervised(data) as run:
        before = {name: process.pid for name, process in alive(run.folder).items()}
        both = clinch("restart", data=data)
        assert (both.returncode, both.stderr) == (0, "")
        assert both.stdout.startswith("Restarted api and worker in ")
        after = {name: process.pid for name, process in alive(run.folder).items()}
        assert after.keys() == before.keys()
        assert {name for name in after if after[name] != before[name]} == {"api", "worker"}

        (data / "api-is-broken").touch()
        broken = clinch("restart", "api", data=data)
        assert broken.returncode == 1
        assert broken.stderr == "clinch: The new api did not become ready, and the old one stays: `clinch logs api` says why.\n"
        assert alive(run.folder)["api"].pid == after["api"]

        run.folder.schema_stamp.write_text("of other code")
        assert "has other migrations than the databases" in clinch("restart", data=data).stderr


@pytest.mark.parametrize("bus", ["localhost:9092", "amqp://localhost"])
def test_a_bad_bus_url_is_a_bad_setting(tmp_path: Path, bus: str) -> None:
    up = clinch("up", "--bus", bus, data=tmp_path / "data")
    assert (up.returncode, up.stderr) == (2, "clinch: The bus URL must begin with kafka://, kafkas:// or postgresql://.\n")
    assert not (tmp_path / "data").exists()


def test_a_folder_with_other_files_is_neither_used_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    up, clean = clinch("up", data=tmp_path), clinch("clean", "--yes", data=tmp_path)
    assert (up.returncode, clean.returncode) == (2, 2)
    assert "holds other files: name an empty or a new folder with --data or CLINCH_DATA." in up.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_place_that_cannot_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    up = clinch("up", data=tmp_path / "file" / "data")
    assert up.returncode == 2
    assert "cannot be written to (Not a directory): name another folder" in up.stderr
    assert len(up.stderr.splitlines()) == 1


def test_clean_asks_and_without_an_answer_deletes_nothing(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.claim()
    assert clinch("clean", data=folder.path).returncode != 0
    assert folder.exists()
    clean = clinch("clean", "--yes", data=folder.path)
    assert (clean.returncode, clean.stdout) == (0, "All data is deleted.\n")
    assert not folder.path.exists()


def test_log_lines_are_readable() -> None:
    entry = {"event": "published", "count": 3, "timestamp": "2026-01-01T00:00:00Z", "level": "info"}
    assert readable(json.dumps(entry)) == "2026-01-01T00:00:00Z info published count=3"
    assert readable("FATAL: no space left") == "FATAL: no space left"
    assert readable("[1, 2]") == "[1, 2]"


def test_a_long_log_moves_aside_under_its_writer_and_a_follower_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.claim()
    with folder.log("api").open("a") as writer:
        writer.write("old\n" * 10)
        writer.flush()
        tail = Tail(folder, ["api"], lines=0)
        folder.trim_logs(limit=30)
        writer.write("new\n")
        writer.flush()
        tail.show_news()
    assert capsys.readouterr().out == "api        | new\n"
    assert folder.log("api").read_text() == "new\n"
    assert folder.log("api").with_suffix(".log.1").read_text() == "old\n" * 10
