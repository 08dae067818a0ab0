"""Keycloak itself, fetched once with Maven and run on loopback with the realm of deploy/keycloak."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from clinch.errors import CommandError
from clinch.ops.kafka.jars import ROOT, MavenUnreachable
from clinch.ops.kafka.java import java

VERSION = "26.7.3"
SHA256 = "77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47"
CACHE = ROOT / ".cache" / "keycloak"
REALM = ROOT / "deploy" / "keycloak" / "clinch-realm.json"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
START_SECONDS = 300.0
"""Its first start compiles its settings in, a minute of one processor."""
TOKEN_SECONDS = 35
"""How long an access token is good here: the page renews it half a minute before its end."""


def fetched() -> Path:
    """Its folder. Raises `CommandError` without Java or with another file, `MavenUnreachable` where it cannot be fetched."""
    java()
    folder = CACHE / VERSION
    if not folder.exists():
        archive = _archive()
        if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
            raise CommandError(f"{archive} is not the file that is pinned, so it is not used.")
        draft = folder.with_name(f"{VERSION}.new")
        shutil.rmtree(draft, ignore_errors=True)
        with tarfile.open(archive) as packed:
            packed.extractall(draft, filter="data")
        (draft / f"keycloak-{VERSION}").rename(folder)
        shutil.rmtree(draft)
        archive.unlink()
    return folder


def _archive() -> Path:
    maven = shutil.which("mvn")
    if maven is None:
        raise MavenUnreachable("Keycloak is fetched with Maven and there is no mvn.")
    wanted = f"-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:tar.gz"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "maven.log").open("w") as log:
        command = [maven, "--batch-mode", COPY, wanted, f"-DoutputDirectory={CACHE}"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise MavenUnreachable(f"Maven could not fetch Keycloak {VERSION} ({log.name} says why).")
    return CACHE / f"keycloak-quarkus-dist-{VERSION}.tar.gz"


def realm(origin: str) -> str:
    """That of the project, for a page at `origin`, with access tokens that end soon."""
    made = json.loads(REALM.read_text().replace("http://127.0.0.1:8000", origin))
    return json.dumps(made | {"accessTokenLifespan": TOKEN_SECONDS})


@contextmanager
def keycloak(folder: Path, port: int, origin: str) -> Iterator[str]:
    """Run it with an empty database of its own; the URL of the realm."""
    shutil.rmtree(folder / "data", ignore_errors=True)
    (folder / "data" / "import").mkdir(parents=True)
    (folder / "data" / "import" / "clinch-realm.json").write_text(realm(origin))
    command = ["bin/kc.sh", "start-dev", "--import-realm", "--http-host=127.0.0.1", f"--http-port={port}"]
    environment = os.environ | {"JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m", "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1"}
    url = f"http://127.0.0.1:{port}/realms/clinch"
    with (CACHE / "keycloak.log").open("w") as log:
        running = subprocess.Popen(
            [*command, f"--hostname=http://127.0.0.1:{port}"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _until_it_answers(url, running)
            yield url
        finally:
            os.killpg(running.pid, signal.SIGTERM)  # the script and its Java
            running.wait(30)


def _until_it_answers(url: str, running: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if httpx.get(f"{url}/.well-known/openid-configuration").status_code == 200:
                return
        except httpx.TransportError:
            pass
        if running.poll() is not None or time.monotonic() > deadline:
            raise CommandError(f"Keycloak does not answer; {CACHE / 'keycloak.log'} may say why.")
        time.sleep(0.5)
