"""The project's containers under a name, ports and an image tag of their own, so that they run beside a developer's."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from tests.clinch.walk import ROOT
from tests.ports import free_ports

NAME = "clinch-compose-test"
TAG = "compose-test"
USERS = ("lead", "deal", "contract", "metrics")
IMAGES = [f"clinch/{name}:{TAG}" for name in (*(f"{user}-svc" for user in USERS), "front")]
EVERYTHING = ("--profile", "observability", "--profile", "identity")
TIMEOUT = 1200
"""Seconds for one command: the first one pulls and builds."""


class Project:
    """Settings come from here alone: no `.env`, no variable of the developer's shell. Passwords differ, to be seen to be used."""

    def __init__(self) -> None:
        names = ("CLINCH", "PROMETHEUS", "GRAFANA", "KEYCLOAK")
        self.ports = {f"{name}_PORT": port for name, port in zip(names, free_ports(len(names)), strict=True)}
        self.passwords = {user: f"only-for-{user}" for user in USERS}
        self.given = {
            "CLINCH_VERSION": TAG,
            "CLINCH_TOPIC_PARTITIONS": "6",
            **{name: str(port) for name, port in self.ports.items()},
            **{f"{user.upper()}_DB_PASSWORD": password for user, password in self.passwords.items()},
        }
        self.url = self.at("CLINCH")

    def at(self, name: str) -> str:
        """Where this port's container answers."""
        return f"http://127.0.0.1:{self.ports[f'{name}_PORT']}"

    def compose(self, *words: str, env_file: str = os.devnull, check: bool = True) -> str:
        """What this `docker compose` command wrote to standard output; an AssertionError with all it wrote where it failed."""
        command = ["docker", "compose", "-p", NAME, "-f", "docker-compose.yml", "--env-file", env_file, *words]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=_bare() | self.given,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0 or not check, f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr[-1500:]}"
        return done.stdout

    def up(self, *words: str, env_file: str = os.devnull, profile: str = "") -> None:
        """Start what is not running, or runs with other settings; returns when all of it is healthy."""
        chosen = ("--profile", profile) if profile else ()
        self.compose(*chosen, "up", "-d", "--wait", "--wait-timeout", "900", *words, env_file=env_file)

    def down(self) -> None:
        """Containers, volumes and images of the tests; also what a run that was killed has left."""
        self.compose(*EVERYTHING, "down", "-v", "--remove-orphans", "--timeout", "5", check=False)
        subprocess.run(["docker", "image", "rm", *IMAGES], capture_output=True, timeout=TIMEOUT, check=False)

    def inspect(self, service: str) -> Any:
        """What the engine knows of a service's container, one that has ended included."""
        container = self.compose("ps", "-aq", service).strip()
        shown = subprocess.run(["docker", "inspect", container], capture_output=True, text=True, timeout=60, check=True)
        return json.loads(shown.stdout)[0]

    def environment(self) -> Mapping[str, str]:
        """For commands on this machine that work with these containers."""
        return _bare() | {"CLINCH_URL": self.url}

    def client(self, token: str = "") -> httpx.Client:
        """The API through the gateway, by default without a token."""
        return httpx.Client(base_url=self.url, timeout=60, headers={"Authorization": f"Bearer {token}"} if token else {})


def _bare() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("CLINCH_", "COMPOSE_"))}


def eventually(check: Callable[[], Any], seconds: float = 120) -> float:
    """Seconds until `check` was true; a request that fails meanwhile is no answer."""
    started = time.monotonic()
    while True:
        try:
            if check():
                return time.monotonic() - started
        except httpx.HTTPError:
            pass
        assert time.monotonic() - started < seconds, f"not within {seconds} s"
        time.sleep(0.5)
