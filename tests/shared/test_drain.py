"""How a server ends, seen from its connections. Under load and with real processes: tests/faults/test_drain.py."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from shared.process import drain
from shared.process.drain import Stop, Stopping, serve

ASK = b"GET /slow?seconds=%s HTTP/1.1\r\nHost: x\r\n\r\n"
LONG = 3600.0


@dataclass
class Server:
    port: int
    stop: Stop
    serving: asyncio.Task[None]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@asynccontextmanager
async def server(delay: float = 0.0) -> AsyncIterator[Server]:
    stop = Stop()
    app = FastAPI()
    app.state.stopping = stop

    @app.get("/slow")
    async def slow(seconds: float) -> dict[str, str]:
        await asyncio.sleep(seconds)
        return {"said": "done"}

    @app.get("/stream")
    async def stream(stopping: Stopping) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"first\n"
            await stopping.wait()
            yield b"last\n"

        return StreamingResponse(pieces())

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    serving = asyncio.create_task(serve(app, stop, listener=listener, delay=delay))
    try:
        async with asyncio.timeout(60):
            yield Server(port, stop, serving)
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status, and whether the answer says that the connection ends."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().splitlines()
    headers = dict(line.split(": ", 1) for line in lines if line)
    await reader.readexactly(int(headers["content-length"]))
    return int(first.split()[1]), headers.get("connection") == "close"


async def test_a_stream_ends_at_once() -> None:
    async with server() as given:
        reader, writer = await given.connect()
        writer.write(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"first\n")
        given.stop.set()
        assert b"last" in await reader.read()
        await given.serving
        writer.close()


async def test_a_connection_that_is_kept_is_told_to_end_with_its_next_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "LAST_CALL_SECONDS", LONG)
    monkeypatch.setattr(drain, "DRAIN_SECONDS", 2 * LONG)
    async with server() as given:
        reader, writer = await given.connect()
        writer.write(ASK % b"0")
        assert await answer(reader) == (200, False)
        given.stop.set()
        await asyncio.sleep(0.1)
        with pytest.raises(ConnectionRefusedError):
            await given.connect()
        writer.write(ASK % b"0")
        assert await answer(reader) == (200, True)
        assert await reader.read() == b""
        await given.serving
        writer.close()


async def test_new_connections_are_taken_until_the_balancer_has_noticed() -> None:
    async with server(delay=LONG) as given:
        given.stop.set()
        await asyncio.sleep(0.1)
        reader, writer = await given.connect()
        writer.write(ASK % b"0")
        assert await answer(reader) == (200, True)
        writer.close()


async def test_what_is_in_progress_ends_although_its_connection_was_idle_a_moment_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "LAST_CALL_SECONDS", 0.0)
    async with server() as given:
        reader, writer = await given.connect()
        writer.write(ASK % b"0")
        assert await answer(reader) == (200, False)
        writer.write(ASK % b"0.5")  # has arrived, and is not read yet
        given.stop.set()
        assert await answer(reader) == (200, True)
        await given.serving
        writer.close()


async def test_idle_connections_end_after_the_last_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "LAST_CALL_SECONDS", 0.1)
    async with server() as given:
        reader, writer = await given.connect()
        given.stop.set()
        assert await reader.read() == b""
        await given.serving
        writer.close()


async def test_at_once_waits_for_requests_only() -> None:
    async with server(delay=LONG) as given:
        idle, _ = await given.connect()
        reader, writer = await given.connect()
        writer.write(ASK % b"0.5")
        await asyncio.sleep(0.2)
        given.stop.at_once = True
        given.stop.set()
        assert await idle.read() == b""
        assert await answer(reader) == (200, True)
        await given.serving
        writer.close()
