"""`clinch kafka` where Java, Maven, the network or the port is missing, and its process. Real brokers: tests/kafka."""

import asyncio
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clinch.errors import CommandError
from clinch.ops.kafka import jars as files
from clinch.ops.kafka.java import java
from clinch.ops.kafka.node import Node, new_cluster_id, until_they_answer
from clinch.ops.kafka.process import BrokerProcess

SLEEPS = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


def tool(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_java_is_needed_and_none_is_found(tools: Path) -> None:
    with pytest.raises(CommandError, match="needs Java and there is none: install a JDK 17 or newer"):
        java()


@pytest.mark.parametrize(("said", "number"), [('java version "1.8.0_391"', 8), ('openjdk version "11.0.2" 2019', 11)])
def test_a_java_that_is_too_old_is_named(tools: Path, said: str, number: int) -> None:
    tool(tools / "java", f"echo '{said}' >&2")
    with pytest.raises(CommandError, match=f"needs Java 17 and .*/bin/java is Java {number}: .*or set JAVA_HOME"):
        java()


def test_java_home_is_believed_before_the_path(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tools / "java", "echo 'openjdk version \"11.0.2\"' >&2")
    newer = tool(tmp_path / "jdk" / "bin" / "java", "echo 'openjdk version \"25\" 2025-09-16' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert java() == str(newer)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "none"))
    with pytest.raises(CommandError, match=r"JAVA_HOME is .*none, where it does not run"):
        java()


@pytest.fixture
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files are all of Kafka; the folder they are to come to."""
    pins = tmp_path / "pins"
    pins.mkdir()
    (pins / "pom.xml").write_text("<kafka.version>9.9</kafka.version>")
    (pins / "jars.sha256").write_text("".join(f"{hashlib.sha256(n.encode()).hexdigest()}  {n}.jar\n" for n in ("a", "b")))
    monkeypatch.setattr(files, "PINS", pins)
    monkeypatch.setattr(files, "CACHE", tmp_path / "cache")
    return tmp_path / "cache" / "9.9"


FETCH = """
for argument; do case $argument in -DoutputDirectory=*) to=${argument#*=};; esac; done
for name in a b; do
  echo "[INFO] Downloaded from central: a-place/$name.jar (1 kB)"
  printf %s $name > $to/$name.jar
done
"""


def test_what_is_fetched_is_counted_compared_and_kept(tools: Path, pinned: Path) -> None:
    tool(tools / "mvn", FETCH)
    assert not files.is_here()
    counted: list[tuple[int, int]] = []
    assert files.jars(lambda done, of: counted.append((done, of))) == pinned
    assert counted == [(1, 2), (2, 2)]
    assert files.is_here()
    (tools / "mvn").unlink()
    assert files.jars() == pinned, "nothing is fetched twice"
    (pinned / "a.jar").write_text("other")
    with pytest.raises(files.MavenUnreachable, match="there is no mvn: install it"):
        files.jars()
    tool(tools / "mvn", FETCH)
    files.jars()
    assert (pinned / "a.jar").read_text() == "a"


@pytest.mark.parametrize(
    ("more", "what"),
    [("echo x > $to/a.jar", "a.jar is not the file"), ("rm $to/b.jar", "b.jar is missing"), (": > $to/c.jar", "c.jar is not on")],
)
def test_other_files_than_the_pinned_ones_are_not_used(tools: Path, pinned: Path, more: str, what: str) -> None:
    tool(tools / "mvn", f"PATH=/usr/bin:/bin\n{FETCH}\n{more}")
    with pytest.raises(CommandError, match=f"is not what deploy/kafka/jars.sha256 pins, so it is not used: {re.escape(what)}"):
        files.jars()
    assert not pinned.exists()


def test_without_a_network_one_sentence_says_so(tools: Path, pinned: Path) -> None:
    tool(tools / "mvn", "echo '[ERROR] Could not transfer artifact x from central: Unknown host -> [Help 1]'; exit 1")
    with pytest.raises(files.MavenUnreachable, match=r"Maven does not reach the network to fetch Apache Kafka 9\.9: connect"):
        files.jars()
    tool(tools / "mvn", "echo '[INFO] hm'; echo '[ERROR] Could not find artifact x:jar:1 -> [Help 1]'; exit 1")
    with pytest.raises(CommandError, match=r"could not fetch Apache Kafka 9\.9: Could not find artifact x:jar:1 \(.*maven\.log"):
        files.jars()


def test_every_pinned_file_has_its_digest_and_the_broker_is_of_the_version() -> None:
    pins = files.pinned()
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in pins.values())
    assert f"kafka_2.13-{files.version()}.jar" in pins
    assert "http" not in (files.PINS / "jars.sha256").read_text()


def test_a_process_is_stopped_in_order_or_by_force_and_another_ones_is_left_alone(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path)
    assert broker.recorded() is None
    assert not broker.stop()

    broker.start([sys.executable, "-c", SLEEPS, str(broker.properties)], 1234)
    recorded = broker.recorded()
    assert recorded
    assert recorded.port == 1234
    running = BrokerProcess(tmp_path).running()  # as another command sees it
    assert running
    assert running.pid == recorded.pid
    assert os.getsid(running.pid) == running.pid, "a closed terminal must not end it"
    assert broker.stop()
    assert broker.running() is None
    assert broker.recorded() is None

    broker.start([sys.executable, "-c", DEAF, str(broker.properties)], 1234)
    while "deaf" not in broker.log.read_text():
        time.sleep(0.02)
    assert broker.stop(patience=0.2)
    assert broker.running() is None

    other = subprocess.Popen([sys.executable, "-c", SLEEPS])
    (tmp_path / "process.json").write_text(json.dumps({"pid": other.pid, "port": 1234}))
    assert broker.running() is None
    assert not broker.stop()
    assert other.poll() is None
    other.kill()
    other.wait()


async def test_a_broker_that_ends_at_once_is_told_of_with_its_last_words(tmp_path: Path) -> None:
    fake = tool(tmp_path / "java", 'case "$*" in *StorageTool*) exit 0;; esac; echo "Out of ideas"; echo "  at x.Y(Z.java)"; exit 1')
    node = Node(tmp_path / "data", 1, [2])
    node.start(str(fake), tmp_path, new_cluster_id())
    with pytest.raises(CommandError, match=r"ended before it was ready: Out of ideas \(all of it in .*kafka\.log\)"):
        await asyncio.wait_for(until_they_answer([node], 20), 30)


def test_storage_that_cannot_be_formatted_is_one_sentence(tmp_path: Path) -> None:
    fake = tool(tmp_path / "java", 'echo "Log directory is of another cluster"; exit 1')
    with pytest.raises(CommandError, match="could not be formatted: Log directory is of another cluster"):
        Node(tmp_path / "data", 1, [2]).start(str(fake), tmp_path, new_cluster_id())


def test_a_cluster_id_is_a_uuid_that_no_command_line_misreads() -> None:
    for _ in range(200):
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", new_cluster_id())


def clinch(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "clinch.main", "kafka", *arguments, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)


def test_without_a_broker_down_and_status_say_so(tmp_path: Path) -> None:
    none = tmp_path / "none"
    down, status = clinch("down", data=none), clinch("status", data=none)
    assert (down.returncode, down.stdout) == (0, "Kafka was not running.\n")
    assert (status.returncode, status.stdout) == (3, "Kafka is not running.\n")
    assert not none.exists()
    stale = {"pid": os.getpid(), "port": 9092}
    (tmp_path / "process.json").write_text(json.dumps(stale))
    status, down = clinch("status", data=tmp_path), clinch("down", data=tmp_path)
    assert (status.returncode, status.stdout) == (3, f"Kafka is not running: process {os.getpid()} has ended.\n")
    assert (down.returncode, down.stdout) == (
        0,
        f"Kafka was not running any more: process {os.getpid()} is gone, or is somebody else's now.\n",
    )
    assert not (tmp_path / "process.json").exists()


def test_what_is_in_the_way_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = clinch("up", "--port", str(port), data=tmp_path / "data")
    assert (up.returncode, up.stdout) == (1, "")
    assert up.stderr == f"clinch: Port {port} is taken by another program: end that, or name another port with --port.\n"
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "thesis.txt").write_text("years of work")
    up = clinch("up", data=tmp_path)
    assert up.returncode == 2
    assert "holds other files: name an empty or a new folder with --data." in up.stderr


def test_a_running_broker_is_told_of_and_left_alone(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path)
    broker.start([sys.executable, "-c", SLEEPS, str(broker.properties)], 1)
    recorded = broker.recorded()
    assert recorded
    try:
        up, status = clinch("up", data=tmp_path), clinch("status", data=tmp_path)
        assert (up.returncode, up.stdout) == (0, f"Kafka is already running on 127.0.0.1:1 (process {recorded.pid}).\n")
        assert (status.returncode, status.stdout) == (3, f"Kafka runs on 127.0.0.1:1 (process {recorded.pid}) and does not answer.\n")
    finally:
        broker.stop()
