"""Ports for programs that are told one and take it later: none that the system may give to somebody's outgoing connection meanwhile."""

import socket
from contextlib import suppress
from random import SystemRandom

RANGE = range(20_000, 32_000)
"""Outgoing connections get 32768 and above on Linux, 49152 and above on macOS."""


def free_port() -> int:
    """By chance, not the next free one: tests that run at the same time should not agree on it."""
    while True:
        port = SystemRandom().choice(RANGE)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def free_ports(count: int) -> list[int]:
    """Different ones."""
    found = set[int]()
    while len(found) < count:
        found.add(free_port())
    return list(found)
