import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from clinch.errors import CommandError
from clinch.run.down import stop
from clinch.run.folder import DataFolder
from clinch.run.postgres import PostgresError, _account
from clinch.run.processes import alive
from clinch.run.settings import Embedded
from tests.clinch import embedded
from tests.clinch.embedded import ask, eventually, supervised


def api_pid(run: Embedded) -> int:
    with urllib.request.urlopen(f"{run.origin}/readyz", timeout=60) as answer:
        return int(json.load(answer)["pid"])


def runs(process: psutil.Process) -> bool:
    """A zombie, where PID 1 does not reap, has ended too."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.fixture(scope="module")
def run() -> Iterator[Embedded]:
    with tempfile.TemporaryDirectory(prefix="clinch-test-") as place, supervised(Path(place, "data")) as run:
        yield run


def test_a_killed_postmaster_comes_back_with_its_data(run: Embedded) -> None:
    ask(run, "CREATE TABLE kept AS SELECT 42 AS answer")
    before = alive(run.folder)["postgres"].pid
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: ask(run, "SELECT answer FROM kept")) == 42
    assert eventually(lambda: alive(run.folder).get("postgres")).pid != before


def test_a_postmaster_that_hangs_is_killed_and_comes_back_with_its_data(run: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinch.run.health.EVERY", 0.2)
    monkeypatch.setattr("clinch.run.supervisor.HANGS", 2.0)
    ask(run, "CREATE TABLE held AS SELECT 43 AS answer")
    before = alive(run.folder)["postgres"]
    before.send_signal(signal.SIGSTOP)
    eventually(lambda: "postgres" in (now := alive(run.folder)) and now["postgres"].pid != before.pid, 60)
    assert eventually(lambda: ask(run, "SELECT answer FROM held"), 60) == 43
    assert "postgres has taken no connection for 2 s, and is killed" in run.folder.log("supervisor").read_text()


def test_a_killed_api_comes_back_and_its_clients_are_not_refused(run: Embedded) -> None:
    before = api_pid(run)
    os.kill(before, signal.SIGKILL)
    assert api_pid(run) != before


def test_a_killed_worker_comes_back(run: Embedded) -> None:
    worked = run.folder.path / "worked"
    before = eventually(lambda: worked.exists() and worked.read_text())
    os.kill(int(before), signal.SIGKILL)
    eventually(lambda: worked.read_text() != before)


def test_what_is_committed_is_on_disk_before_the_answer(run: Embedded) -> None:
    assert [ask(run, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")] == ["on"] * 3


def test_the_database_cannot_be_reached_over_the_network(run: Embedded) -> None:
    assert ask(run, "SHOW listen_addresses") == ""


def test_a_second_supervisor_on_the_same_folder_is_refused(run: Embedded) -> None:
    with pytest.raises(CommandError, match="already running"), supervised(run.folder.path):
        pass
    assert ask(run, "SELECT 1") == 1


def test_stopped_and_started_again_the_data_is_there_and_nothing_is_left_running(place: Path) -> None:
    first: list[str] = []
    second: list[str] = []
    with supervised(place / "data", steps=first) as run:
        ask(run, "CREATE TABLE kept AS SELECT 42 AS answer")
        processes = list(alive(run.folder).values())
        assert len(processes) == 3
    assert not any(runs(p) for p in processes)
    assert run.folder.run() is None
    with supervised(place / "data", steps=second) as run:
        assert ask(run, "SELECT answer FROM kept") == 42
    assert any("first start" in step for step in first)
    assert any("newest revision" in step for step in first)
    assert second == ["Starting the API and the worker"]


@pytest.fixture
def orphaned(data: Path) -> DataFolder:
    """A folder whose supervisor was killed: its children run on without it."""
    folder = DataFolder(data)
    program = [sys.executable, embedded.__file__, str(folder.path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}) as supervisor:
        assert supervisor.stdout
        assert supervisor.stdout.readline() == b"ready\n"
        supervisor.kill()
    assert set(alive(folder)) == {"postgres", "api", "worker"}
    return folder


def test_what_a_killed_supervisor_left_is_taken_over(orphaned: DataFolder) -> None:
    orphans = alive(orphaned)
    ask(Embedded(orphaned, 0), "CREATE TABLE kept AS SELECT 42 AS answer")
    with supervised(orphaned.path) as run:
        assert ask(run, "SELECT answer FROM kept") == 42
        assert {p.pid for p in orphans.values()}.isdisjoint(p.pid for p in alive(orphaned).values())


def test_down_stops_what_a_killed_supervisor_left(orphaned: DataFolder) -> None:
    orphans = list(alive(orphaned).values())
    assert stop(orphaned)
    assert not any(runs(p) for p in orphans)
    assert not stop(orphaned)


def test_a_stale_lock_file_that_names_a_living_stranger_does_not_matter(data: Path) -> None:
    """After a reboot the pid in postmaster.pid may be anybody's; Postgres alone would refuse to start."""
    with supervised(data) as run:
        ask(run, "CREATE TABLE kept AS SELECT 42 AS answer")
        lines = (run.folder.postgres / "postmaster.pid").read_text().splitlines()
    (run.folder.postgres / "postmaster.pid").write_text("\n".join([str(os.getppid()), *lines[1:], ""]))
    with supervised(data) as run:
        assert ask(run, "SELECT answer FROM kept") == 42


@pytest.mark.parametrize("name", ["postmaster.pid", ".s.PGSQL.5432.lock"])
def test_a_lock_file_of_a_postmaster_that_was_just_killed_does_not_matter(data: Path, name: str) -> None:
    """Nobody has reaped it yet, so that its pid still looks alive; Postgres alone would refuse to start."""
    with supervised(data) as run:
        ask(run, "CREATE TABLE kept AS SELECT 42 AS answer")
        lock = run.postgres().socket.with_name(name) if name.endswith(".lock") else run.folder.postgres / name
        lines = lock.read_text().splitlines()
    with subprocess.Popen(["sleep", "600"], **_account(run.folder.postgres)) as killed:
        killed.kill()
        assert eventually(lambda: psutil.Process(killed.pid).status() == psutil.STATUS_ZOMBIE)
        lock.write_text("\n".join([str(killed.pid), *lines[1:], ""]))
        with supervised(data) as run:
            assert ask(run, "SELECT answer FROM kept") == 42


def test_a_folder_with_a_long_path_has_its_socket_elsewhere(data: Path, place: Path) -> None:
    """The path of a Unix socket is limited to about 100 bytes."""
    deep = place / ("deep" * 30)
    data.rename(deep)
    with supervised(deep) as run:
        assert ask(run, "SELECT 1") == 1
        socket_folder = Path(ask(run, "SHOW unix_socket_directories"))
    assert not socket_folder.is_relative_to(deep)
    assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
    socket_folder.rmdir()


def test_a_taken_port_is_one_sentence(place: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} is taken: choose another"), supervised(place / "data", port):
            pass


def test_a_folder_of_another_postgres_version_is_one_sentence_and_stays_as_it_is(place: Path) -> None:
    folder = DataFolder(place / "data")
    folder.claim()
    folder.postgres.mkdir()
    (folder.postgres / "PG_VERSION").write_text("16\n")
    with pytest.raises(PostgresError, match="is of Postgres 16 and this is Postgres 18"), supervised(folder.path):
        pass
    assert [p.name for p in folder.postgres.iterdir()] == ["PG_VERSION"]


def test_a_child_that_does_not_stay_up_ends_the_start_with_its_reason(data: Path) -> None:
    with pytest.raises(CommandError, match=r"worker process does not stay up.*: no such module"), supervised(data, worker="broken"):
        pass


def test_a_bad_setting_ends_the_start_at_once_with_exit_code_2(data: Path) -> None:
    with pytest.raises(CommandError, match=r"^CLINCH_TIME_ZONE") as refused, supervised(data, api="bad-settings"):
        pass
    assert refused.value.exit_code == 2
