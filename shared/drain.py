"""Serving HTTP until told to stop, and ending then without a client that notices (conventions §4, quality F13).

Once `stop` is set: the probe says draining; streams, which wait for the same event, end; and each answer says `Connection: close`
(RFC 9112 §9.6), so that clients leave the connections they keep. Connections are still taken for `delay` seconds, until the balancer
has noticed. Those that are open then may ask once more: a request may be on its way. At last, requests in progress end.
"""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import uvicorn
from fastapi import Depends, Request
from starlette.types import ASGIApp

DRAIN_SECONDS = 10
"""How long requests in progress may take to end; without a limit an open event stream would hold the shutdown for ever."""
LAST_CALL_SECONDS = 1.0
"""How long an open connection may bring one more request after the last one was accepted."""
KEEP_ALIVE_SECONDS = 75
"""Longer than balancers keep an idle connection (60 s is usual): who closes first must be the one that sends requests on it."""

_CLOSE = (b"connection", b"close")


def stop_on_signals() -> asyncio.Event:
    """Set by SIGTERM and SIGINT. A second signal ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told() -> None:
        stop.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    return stop


async def _stopping(request: Request) -> asyncio.Event:
    event: asyncio.Event = request.app.state.stopping
    return event


Stopping = Annotated[asyncio.Event, Depends(_stopping)]
"""For routes that stream: set when the process is told to end, and the stream must end at once. `pause(seconds, stopping)` waits for it."""


class _Server(uvicorn.Server):
    """Leaves the signals to the process: uvicorn would raise them again when done, before our own clean-up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def say_close(self) -> None:
        """On every answer from now on: in the headers of this second, and in those that uvicorn makes each second."""
        self.server_state.default_headers.append(_CLOSE)
        self.config.encoded_headers.append(_CLOSE)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in self.servers:
            listener.close()
        loop = asyncio.get_running_loop()
        until = loop.time() + LAST_CALL_SECONDS
        while self.server_state.connections and loop.time() < until:  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.02)
        # What has arrived is read before idle connections are closed: closing with unread data resets the connection.
        for _ in range(2):
            await asyncio.sleep(0)
        await super().shutdown(sockets)


async def serve(
    app: ASGIApp, stop: asyncio.Event, *, host: str = "127.0.0.1", port: int = 0, listener: socket.socket | None = None, delay: float = 0.0
) -> None:
    """Serve until `stop` is set, then drain. `listener` is a socket that listens already, and that other processes may share.

    Exits the process when the port is taken.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    config.load()
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener] if listener else None))
    ended = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, ended], return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        server.say_close()
        await asyncio.wait([serving], timeout=delay)
        server.should_exit = True
    ended.cancel()
    await serving
