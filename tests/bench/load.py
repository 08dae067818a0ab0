"""A client that costs little next to what it measures: HTTP/1.1 keep-alive over plain asyncio, requests made beforehand as bytes."""

import asyncio
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import psutil

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


class LoadError(Exception):
    """A server answered otherwise than the benchmark takes for granted; its words are the message."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one server did in one round. Times are in seconds."""

    requests: int
    seconds: float
    cpu: float
    """CPU time of the server's process, without Postgres."""
    latencies: list[float]

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def p50(self) -> float:
        return statistics.median(self.latencies)

    @property
    def p99(self) -> float:
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)]


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[bytes]
        self._transport: asyncio.Transport

    @classmethod
    async def open(cls, port: int) -> "Connection":
        _, made = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._buffer, 0, end)
        body = end + 4
        if length is None or len(self._buffer) >= body + int(length[1]):
            answered, self._buffer = self._buffer, b""
            if answered[9:10] == b"2":
                self._answer.set_result(answered[body:])
            else:
                self._answer.set_exception(LoadError(answered.decode(errors="replace")))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answer.done():
            self._answer.set_exception(LoadError("the server closed the connection"))

    async def ask(self, sent: bytes) -> bytes:
        """The body of the answer. Raises LoadError for any status but 2xx."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(sent)
        return await self._answer

    def close(self) -> None:
        self._transport.close()


async def drive(port: int, pid: int, requests: Sequence[Iterator[bytes]], seconds: float) -> Load:
    """Ask as fast as answers come, over one connection per iterator."""
    connections = [await Connection.open(port) for _ in requests]
    latencies: list[float] = []
    process = psutil.Process(pid)
    started, used = perf_counter(), process.cpu_times()
    deadline = started + seconds

    async def ask(connection: Connection, waiting: Iterator[bytes]) -> None:
        while (sent_at := perf_counter()) < deadline:
            await connection.ask(next(waiting))
            latencies.append(perf_counter() - sent_at)

    await asyncio.gather(*[ask(c, r) for c, r in zip(connections, requests, strict=True)])
    took, now = perf_counter() - started, process.cpu_times()
    for connection in connections:
        connection.close()
    return Load(len(latencies), took, now.user + now.system - used.user - used.system, latencies)
