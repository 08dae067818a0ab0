"""The broker's files: fetched once with Maven, and compared with the list in deploy/kafka before anything of them runs."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from clinch.errors import CommandError

ROOT = Path(__file__).resolve().parents[4]
PINS = ROOT / "deploy" / "kafka"
CACHE = ROOT / ".cache" / "kafka"


class MavenUnreachable(CommandError):
    """There is no Maven on this machine, or no way from it to Maven Central or a mirror."""


Progress = Callable[[int, int], None]
"""Told how many files have come, and how many there are."""

_OFFLINE = ("Unknown host", "Name or service not known", "Temporary failure in name resolution", "Connection refused", "timed out")


def version() -> str:
    """Of Apache Kafka, as deploy/kafka/pom.xml pins it."""
    try:
        pinned = re.search(r"<kafka\.version>(.+?)</", (PINS / "pom.xml").read_text())
    except FileNotFoundError:
        raise CommandError(f"{PINS / 'pom.xml'} is missing: `clinch kafka` runs in a checkout of the project only.") from None
    assert pinned
    return pinned[1]


def is_here() -> bool:
    """Whether it was fetched before."""
    return (CACHE / version()).exists()


def jars(progress: Progress = lambda done, of: None) -> Path:
    """The folder of the broker's files, fetched if need be. Each is compared with its SHA-256 every time: a tenth of a second."""
    folder = CACHE / version()
    if not folder.exists():
        _fetch(folder, progress)
    elif difference(folder):
        shutil.rmtree(folder)
        _fetch(folder, progress)
    return folder


def pinned() -> dict[str, str]:
    """The SHA-256 of each file, by name."""
    return {name: digest for digest, name in (line.split() for line in (PINS / "jars.sha256").read_text().splitlines())}


def difference(folder: Path) -> str | None:
    """What is not as pinned in `folder`, if anything: the first file that is missing, changed or not on the list."""
    expected = pinned()
    for name in sorted(expected.keys() | {path.name for path in folder.iterdir()}):
        path = folder / name
        if name not in expected:
            return f"{name} is not on the list"
        if not path.exists():
            return f"{name} is missing"
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected[name]:
            return f"{name} is not the file on the list"
    return None


def _fetch(folder: Path, progress: Progress) -> None:
    """Into a neighbour that is renamed last, so that a half-made folder is never taken for whole."""
    maven = shutil.which("mvn")
    if maven is None:
        raise MavenUnreachable(
            "Apache Kafka is fetched with Maven and there is no mvn: install it "
            "(Debian: apt-get install maven; macOS: brew install maven), then repeat."
        )
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    goal = ["org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies", f"-DoutputDirectory={draft}"]
    log = CACHE / "maven.log"
    with (
        log.open("w") as file,
        subprocess.Popen(
            [maven, "--batch-mode", "--file", str(PINS / "pom.xml"), *goal],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running,
    ):
        assert running.stdout
        try:
            said = _follow(running.stdout, file, progress)
        except BaseException:
            running.terminate()
            raise
    if running.returncode:
        raise _failure(said, log)
    if found := difference(draft):
        raise CommandError(f"What Maven fetched is not what deploy/kafka/jars.sha256 pins, so it is not used: {found} (see {draft}).")
    draft.rename(folder)


def _follow(lines: Iterable[str], log: IO[str], progress: Progress) -> list[str]:
    """Keep what Maven says, and count those of our files that it downloads. Those of an earlier download need none."""
    ours, came, said = pinned(), set[str](), list[str]()
    for line in lines:
        log.write(line)
        said.append(line.rstrip())
        name = re.search(r"Downloaded from .*/(\S+\.jar)", line)
        if name and name[1] in ours:
            came.add(name[1])
            progress(len(came), len(ours))
    return said


def _failure(said: list[str], log: Path) -> CommandError:
    errors = [line for line in said if line.startswith("[ERROR]")] or said[-1:] or ["it said nothing"]
    if any(sign in line for line in said for sign in _OFFLINE):
        return MavenUnreachable(
            f"Maven does not reach the network to fetch Apache Kafka {version()}: "
            f"connect, or name a mirror in ~/.m2/settings.xml ({log} says more)."
        )
    reason = errors[0].removeprefix("[ERROR]").partition("-> [Help")[0].strip()
    return CommandError(f"Maven could not fetch Apache Kafka {version()}: {reason} ({log} says more)")
