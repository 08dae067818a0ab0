"""`clinch backup` and `clinch restore`: nothing is taken from a file that was damaged, and nothing lost. Under load: tests/faults."""

import gzip
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from clinch.errors import CommandError
from clinch.ops.backup import archive
from clinch.ops.backup.archive import About
from clinch.run.folder import DataFolder
from clinch.run.postgres import MAJOR
from tests.clinch.embedded import ask, eventually, supervised
from tests.clinch.test_commands import clinch

ABOUT = About("2026-01-01T00:00:00Z", "0.1.0", f"{MAJOR}.0", {})


@pytest.fixture
def file(data: Path, place: Path) -> Path:
    """A backup of a stopped system."""
    with supervised(data) as run:
        ask(run, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert clinch("backup", str(place / "file"), data=data).returncode == 0
    return place / "file"


def test_a_stopped_system_is_backed_up_and_replaces_another(data: Path, file: Path) -> None:
    with supervised(data) as run:
        ask(run, "UPDATE kept SET answer = 7")
        running = clinch("restore", str(file), data=data)
        assert "Clinch is running on this folder" in running.stderr
    refused = clinch("restore", str(file), data=data)
    assert refused.returncode == 2
    assert "holds data: name an empty folder with --data, or give them up with --replace." in refused.stderr
    replaced = clinch("restore", str(file), "--replace", data=data)
    assert replaced.returncode == 0, replaced.stderr
    with supervised(data) as run:
        assert ask(run, "SELECT answer FROM kept") == 42
    assert not (data / "restoring").exists()


def test_a_file_is_for_its_owner_and_writes_over_nothing(data: Path, file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    again = clinch("backup", str(file), data=data)
    assert (again.returncode, again.stderr) == (2, f"clinch: {file} exists already: name another file.\n")
    into = clinch("backup", str(file.parent), data=data)
    assert into.returncode == 0
    assert len(list(file.parent.glob("clinch-*Z.tar.gz"))) == 1


def test_a_damaged_file_is_refused_and_nothing_changes(file: Path, place: Path) -> None:
    whole = file.read_bytes()
    middle = len(whole) // 2
    inside = bytearray(gzip.decompress(whole))
    inside[-200_000] ^= 1  # well packed, but not what was backed up
    damaged = {
        "cut off": whole[:middle],
        # Not one bit: among zeros it may point to others, and what is unpacked is the same.
        "written over": whole[:middle] + bytes(64) + whole[middle + 64 :],
        "another sum": whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:],
        "packed anew": gzip.compress(bytes(inside), 1),
        "no archive": b"hello",
        "empty": b"",
    }
    for how, content in damaged.items():
        file.write_bytes(content)
        restored = clinch("restore", str(file), data=place / "new")
        assert restored.returncode != 0, how
        assert restored.stderr.startswith(f"clinch: {file} is "), how
        assert "damaged" in restored.stderr
        assert restored.stderr.count("\n") == 1, restored.stderr
        assert not DataFolder(place / "new").postgres.exists()
        assert not (place / "new" / "restoring").exists()


def test_what_a_killed_backup_left_goes_with_the_next_one_and_nothing_else_does(data: Path, place: Path) -> None:
    target = place / "backups"
    (target / ".mine").mkdir(parents=True)
    (target / ".mine" / "file").write_text("not a backup")
    with supervised(data) as run:
        ask(run, "CREATE TABLE much AS SELECT repeat(n::text, 100) FROM generate_series(1, 100000) n")
        working = backing_up(data, target / "working", until="clinch-backup.lock")
        working.send_signal(signal.SIGSTOP)
        killed = backing_up(data, target / "killed", until="tree/postgres")
        killed.kill()
        killed.wait()
        eventually(lambda: not writing_into(f"{target}/.killed"))  # Postgres's own tool may end a little later, and holds the draft
        assert {path.name.split(".")[1] for path in target.iterdir()} == {"killed", "working", "mine"}
        done = clinch("backup", str(target / "next"), data=data)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"Removed {target}/.killed.")
        working.send_signal(signal.SIGCONT)
        assert working.wait(120) == 0
    assert {path.name for path in target.iterdir()} == {"next", "working", ".mine"}


def backing_up(data: Path, target: Path, until: str) -> subprocess.Popen[bytes]:
    """A backup under way that has made so much of its draft."""
    command = [sys.executable, "-P", "-m", "clinch.main", "backup", str(target), "--data", str(data)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    eventually(lambda: list(target.parent.glob(f".{target.name}.*/{until}")), 60)
    return process


def writing_into(folder: str) -> bool:
    return any(folder in " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))


def test_a_full_disk_leaves_no_half_file(data: Path, place: Path) -> None:
    target = place / "full"
    target.mkdir()
    command = f'ulimit -f 2000; exec "{sys.executable}" -P -m clinch.main backup "{target}/file" --data "{data}"'
    with supervised(data):
        backup = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=300, check=False, env=os.environ)
    assert backup.returncode == 1
    assert backup.stderr.endswith("; nothing of it is left.\n")
    assert list(target.iterdir()) == []


@pytest.mark.parametrize(
    ("about", "says"),
    [
        (
            About("2030-01-01T00:00:00Z", "7.0", f"{MAJOR}.1", {"deal": "9999"}),
            "of a newer Clinch (7.0; the deal database is at revision 9999)",
        ),
        (
            About("2020-01-01T00:00:00Z", "0.0.1", "16.2", {}),
            f"of Postgres 16.2, and this is Postgres {MAJOR}: restore it with Clinch 0.0.1",
        ),
    ],
)
def test_another_version_is_a_sentence(place: Path, about: About, says: str) -> None:
    (place / "tree").mkdir()
    archive.write(place / "tree", about, place / "file", lambda done: None)
    restored = clinch("restore", str(place / "file"), data=place / "new")
    assert (restored.returncode, restored.stderr.count("\n")) == (2, 1)
    assert says in restored.stderr
    assert not (place / "new").exists()


def test_what_is_packed_is_unpacked_empty_folders_too(tmp_path: Path) -> None:
    (tmp_path / "tree" / "a" / "empty").mkdir(parents=True)
    (tmp_path / "tree" / "a" / "file").write_bytes(b"x" * 3_000_000)
    archive.write(tmp_path / "tree", ABOUT, tmp_path / "file", lambda done: None)
    archive.unpack(tmp_path / "file", tmp_path / "out", lambda done: None)
    assert archive.manifest(tmp_path / "file").about == ABOUT
    assert (tmp_path / "out" / "a" / "file").read_bytes() == b"x" * 3_000_000
    assert (tmp_path / "out" / "a" / "empty").is_dir()


def test_a_file_that_the_manifest_does_not_name_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    archive.write(tmp_path / "tree", ABOUT, tmp_path / "file", lambda done: None)
    whole = gzip.decompress((tmp_path / "file").read_bytes())
    (tmp_path / "tree" / "more").write_bytes(b"more")
    archive.write(tmp_path / "tree", ABOUT, tmp_path / "other", lambda done: None)
    more = gzip.decompress((tmp_path / "other").read_bytes())
    head = 512 + -(-len(_manifest(whole)) // 512) * 512
    head_of_other = 512 + -(-len(_manifest(more)) // 512) * 512
    (tmp_path / "file").write_bytes(gzip.compress(whole[:head] + more[head_of_other:]))
    with pytest.raises(CommandError, match="more is not as it was"):
        archive.unpack(tmp_path / "file", tmp_path / "out", lambda done: None)
    shutil.rmtree(tmp_path / "out")


def _manifest(tar: bytes) -> bytes:
    size = int(tar[124:135], 8)
    return tar[512 : 512 + size]
