"""A network between a client and its server, as bad as a test wants it: slow, cut by chance, or cut at one exact moment."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_PIECE = 65536
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset (RFC 9293 §3.10.7)."""
SPRUNG_WITHIN = 120.0


@dataclass(eq=False)
class Trap:
    """Holds the first connection on which `word` is sent, after `first` was: before it gets there, or with `passed` once it is answered."""

    word: bytes
    first: bytes
    passed: bool
    _sprung: asyncio.Event = field(default_factory=asyncio.Event)
    _cut: asyncio.Event = field(default_factory=asyncio.Event)

    async def sprung(self) -> None:
        """Return when a connection is held."""
        try:
            await asyncio.wait_for(self._sprung.wait(), SPRUNG_WITHIN)
        except TimeoutError:
            raise AssertionError(f"nobody has sent {self.word!r} after {self.first!r}") from None

    def cut(self) -> None:
        """Reset what is held."""
        self._cut.set()

    async def hold(self) -> None:
        self._sprung.set()
        await self._cut.wait()


class _Cut(Exception):
    """The connection ends here."""


@dataclass
class Proxy:
    """`latency` is that of a question with its answer, in seconds. `resets`: the chance of each question to be the connection's last."""

    port: int
    _dial: Callable[[], Awaitable[Streams]]
    latency: float = 0.0
    resets: float = 0.0
    cut: int = 0
    """Connections reset so far."""
    _traps: list[Trap] = field(default_factory=list)
    _pumps: set[asyncio.Task[None]] = field(default_factory=set)
    _chance: random.Random = field(default_factory=lambda: random.Random(1))

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def database(self, url: str) -> str:
        """The same database by way of this proxy."""
        return f"postgresql://postgres@127.0.0.1:{self.port}{urlsplit(url).path}?sslmode=disable"

    def calm(self) -> None:
        self.latency = self.resets = 0.0

    def trap(self, word: bytes, *, first: bytes = b"", passed: bool = False) -> Trap:
        made = Trap(word, first, passed)
        self._traps.append(made)
        return made

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await self._dial()
        except OSError:
            _reset(writer)
            return
        answered: list[Trap] = []
        """Whose word has been passed on: the next answer is held."""
        pumps = [
            asyncio.create_task(self._questions(reader, there[1], answered)),
            asyncio.create_task(self._answers(there[0], writer, answered)),
        ]
        self._pumps.update(pumps)
        done, left = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in left:
            pump.cancel()
        await asyncio.wait(pumps)
        self._pumps.difference_update(pumps)
        there[1].close()
        if any(not pump.cancelled() and isinstance(pump.exception(), _Cut) for pump in done):
            self.cut += 1
            _reset(writer)
        else:
            writer.close()

    async def _questions(self, here: asyncio.StreamReader, there: asyncio.StreamWriter, answered: list[Trap]) -> None:
        said = set[bytes]()
        with suppress(ConnectionError):
            while piece := await here.read(_PIECE):
                said |= {trap.first for trap in self._traps if trap.first in piece}
                for trap in [t for t in self._traps if t.word in piece and t.first in said]:
                    self._traps.remove(trap)
                    if not trap.passed:
                        await trap.hold()
                        raise _Cut
                    answered.append(trap)
                await asyncio.sleep(self.latency / 2)
                if self._chance.random() < self.resets / 2:
                    raise _Cut  # nothing of it arrives
                there.write(piece)
                await there.drain()

    async def _answers(self, there: asyncio.StreamReader, here: asyncio.StreamWriter, answered: list[Trap]) -> None:
        with suppress(ConnectionError):
            while piece := await there.read(_PIECE):
                for trap in answered:
                    await trap.hold()
                    raise _Cut
                await asyncio.sleep(self.latency / 2)
                if self._chance.random() < self.resets / 2:
                    raise _Cut  # it has been done, and nobody is told
                here.write(piece)
                await here.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


@asynccontextmanager
async def proxied(dial: Callable[[], Awaitable[Streams]]) -> AsyncIterator[Proxy]:
    proxy = Proxy(0, dial)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        while proxy._pumps:
            for pump in proxy._pumps:
                pump.cancel()
            await asyncio.sleep(0.01)


def to_postgres(url: str) -> AbstractAsyncContextManager[Proxy]:
    """In front of the server of this database, which listens on a Unix socket; for all its databases."""
    [folder] = parse_qs(urlsplit(url).query)["host"]
    return proxied(lambda: asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432"))


def to_port(port: int) -> AbstractAsyncContextManager[Proxy]:
    return proxied(lambda: asyncio.open_connection("127.0.0.1", port))
