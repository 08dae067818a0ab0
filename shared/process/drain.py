"""Serves HTTP until told to stop, and then ends so that no client notices.

On SIGTERM the probe says draining; streams, which wait for the same event, end; and each answer says `Connection: close` (RFC 9112
§9.6), so that clients leave the connections they keep. Connections are still taken for `delay` seconds, until the balancer has noticed.
Those that are open then may ask once more: a request may be on its way. At last, requests in progress end. SIGINT goes there at once.
"""

import asyncio
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, Request
from starlette.types import ASGIApp

DRAIN_SECONDS = 10
"""From when no more connections are taken until the last request must have ended: the last call, and what is in progress then.
Without a limit a client that reads slowly, or not at all, would hold the process for ever."""
LAST_CALL_SECONDS = 5.0
"""How long a connection that stays open may bring one more request, after new ones are taken no more. Closing one that is kept
fails the request that is sent on it in the same instant; after so long, most have been told to leave."""
KEEP_ALIVE_SECONDS = 75
"""Longer than balancers keep an idle connection (60 s is usual): who closes first must be the one that sends requests on it."""

_CLOSE = (b"connection", b"close")


class Stop(asyncio.Event):
    """Set when the process shall end.

    `at_once`: nobody takes over, so there is nothing to wait for but the requests in progress.
    """

    def __init__(self, *, at_once: bool = False) -> None:
        super().__init__()
        self.at_once = at_once


def stop_on_signals() -> Stop:
    """Set by SIGTERM, and by SIGINT for at once. A second signal ends the process as it is."""
    stop = Stop()
    loop = asyncio.get_running_loop()

    def told(first: signal.Signals) -> None:
        stop.at_once = first is signal.SIGINT
        stop.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told, number)
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

    async def last_call(self) -> None:
        """No new connections; each of those there are may ask once more."""
        for listener in self.servers:
            listener.close()
        loop = asyncio.get_running_loop()
        until = loop.time() + LAST_CALL_SECONDS
        while self.server_state.connections and loop.time() < until:  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.02)
        for _ in range(100):  # what comes on and on is not a request that is on its way
            if not self._close_idle():
                break
            await asyncio.sleep(0)

    def _close_idle(self) -> bool:
        """Close those that wait for a request, each after a look whether one has just come: then it is to be read first."""
        asking = False
        connections: list[Any] = list(self.server_state.connections)
        for connection in connections:
            cycle, transport = connection.cycle, connection.transport
            if transport.is_closing() or not (cycle is None or cycle.response_complete):
                continue
            look = select.poll()
            look.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
            if look.poll(0):
                asking = True
            else:
                transport.close()
        return asking


async def serve(
    app: ASGIApp, stop: Stop, *, host: str = "127.0.0.1", port: int = 0, listener: socket.socket | None = None, delay: float = 0.0
) -> None:
    """Serve until `stop` is set, then drain.

    `listener` is a socket that listens already, and that other processes may share.

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
        timeout_graceful_shutdown=int(DRAIN_SECONDS - LAST_CALL_SECONDS),
    )
    config.load()
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener] if listener else None))
    ended = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, ended], return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if server.started and not stop.at_once:
        server.say_close()
        await asyncio.sleep(delay)
        await server.last_call()
    server.should_exit = True
    await serving
