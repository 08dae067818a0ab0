"""A cluster of real brokers on loopback, as `clinch kafka up` starts them, with what a test does to one of them."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil

from clinch.ops.kafka.jars import jars
from clinch.ops.kafka.java import java
from clinch.ops.kafka.node import Node, new_cluster_id, until_they_answer
from tests.ports import free_ports

HEAP = 256  # MB each
READY_SECONDS = 180.0


class Cluster:
    """`size` nodes, numbered from 1; `settings` go on top of those that a developer's broker has."""

    def __init__(self, folder: Path, size: int, settings: Mapping[str, str] | None = None) -> None:
        ports = free_ports(2 * size)
        self._id = new_cluster_id()
        node = Node(folder, 0, ports[size:], heap=HEAP, settings=settings or {})
        self.nodes = [replace(node, folder=folder / str(n), port=ports[n - 1], number=n) for n in range(1, size + 1)]

    @property
    def url(self) -> str:
        return "kafka://" + ",".join(node.address for node in self.nodes)

    @classmethod
    @asynccontextmanager
    async def running(cls, folder: Path, size: int, settings: Mapping[str, str] | None = None) -> "AsyncIterator[Cluster]":
        cluster = cls(folder, size, settings)
        try:
            await cluster.start()
            yield cluster
        finally:
            cluster.stop()

    async def start(self) -> None:
        """Start the nodes that do not run; return when each knows of all."""
        for node in self.nodes:
            if node.process.running() is None:
                node.start(java(), jars(), self._id)
        await until_they_answer(self.nodes, READY_SECONDS)

    def stop(self) -> None:
        for node in self.nodes:
            node.process.send(signal.SIGCONT)
            node.process.kill()

    def kill(self, number: int) -> None:
        """End a node at once, as a power cut would; `start` brings it back with its data."""
        self.nodes[number - 1].process.kill()

    async def freeze(self, number: int) -> None:
        """Stop a node's time, as a pause of its machine would: its connections stay open and silent."""
        process = self.nodes[number - 1].process.running()
        assert process
        process.send_signal(signal.SIGSTOP)
        while process.status() != psutil.STATUS_STOPPED:  # noqa: ASYNC110 (nothing tells us)
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)  # on a busy machine some of its threads stop later

    def thaw(self, number: int) -> None:
        self.nodes[number - 1].process.send(signal.SIGCONT)
