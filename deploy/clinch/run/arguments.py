"""What the processes of an embedded run are started with, written and read in one place."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clinch.run.folder import DataFolder
from clinch.run.settings import Embedded


@dataclass(frozen=True)
class Arguments:
    """`listen` is the inherited listening socket of the API, `ready` the inherited pipe to the supervisor (-1: none)."""

    run: Embedded
    listen: int = -1
    ready: int = -1

    def to_list(self) -> list[str]:
        """The data folder in it is also what `clinch down` recognises our processes by."""
        run = self.run
        given = {"data": run.folder.path, "port": run.port, "admin-port": run.admin_port, "listen": self.listen, "ready": self.ready}
        return [text for name, value in given.items() for text in (f"--{name}", str(value))]

    def say_ready(self, name: str) -> None:
        if self.ready >= 0:
            os.write(self.ready, f"{name}\n".encode())


def parse(arguments: Sequence[str]) -> Arguments:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--admin-port", type=int, default=0)
    parser.add_argument("--listen", type=int, default=-1)
    parser.add_argument("--ready", type=int, default=-1)
    given = parser.parse_args(arguments)
    return Arguments(Embedded(DataFolder(given.data), given.port, given.admin_port), given.listen, given.ready)
