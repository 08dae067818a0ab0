"""One request to a receiver, at no other address than the one that was checked.

Name look-up, check and connection are one step inside httpcore's pool, so a name that leads elsewhere a moment later (DNS rebinding)
changes nothing; TLS still verifies the name. Redirects are not followed, proxies of the environment are not used, no cookie is kept,
and what the receiver says is not stored: it may hold anybody's data. It is read beyond its head only where it must be judged.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, Self

import httpcore
import httpx

from shared.clock import Clock, machine
from shared.outbound.addresses import Allowed
from shared.outbound.rules import AT_ONCE, Answer, retry_after
from shared.tls import trusted

Resolve = Callable[[str, int], Awaitable[list[str]]]

READ_AT_MOST = 16_384
"""Bytes of a receiver's answer that are taken from the connection so that it can be used again; with more to come it is closed."""
DRAIN_SECONDS = 1.0
RESOLVE_SECONDS = 5.0

UNKNOWN_HOST = "the host name is not known"


class OutOfBounds(Exception):
    """The host name leads to an address that nothing may be sent to, or to none."""


async def look_up(host: str, port: int) -> list[str]:
    """All addresses of a host, by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


async def checked(host: str, port: int, allowed: Allowed, resolve: Resolve = look_up) -> list[str]:
    """The addresses of `host`, all of which may be sent to. `OutOfBounds` says why they may not."""
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            addresses = await resolve(host, port)
    except (OSError, UnicodeError):  # TimeoutError is an OSError; a label of over 63 characters is no IDNA
        raise OutOfBounds(UNKNOWN_HOST) from None
    if allowed.refuses(host, addresses):
        raise OutOfBounds(allowed.refusal)
    return addresses


class _Checking(httpcore.AsyncNetworkBackend):
    """Connects to what `checked` gave, and to nothing else."""

    def __init__(self, allowed: Allowed, resolve: Resolve) -> None:
        self._allowed, self._resolve = allowed, resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        *others, last = await checked(host, port, self._allowed, self._resolve)
        for address in others:
            with suppress(httpcore.ConnectError):
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)


CONNECTIONS = 200
"""At most, to all receivers together: with more in flight, attempts wait for one."""


class Sender:
    """Sends until closed. `clock` tells the time when a receiver names a date in Retry-After; `agent` says who we are."""

    def __init__(
        self,
        clock: Clock,
        *,
        allowed: Allowed,
        seconds: float,
        agent: str,
        resolve: Resolve = look_up,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._seconds, self._agent = seconds, agent
        self._clock = machine(clock)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or trusted(),
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS // AT_ONCE,
            keepalive_expiry=30,
            network_backend=_Checking(allowed, resolve),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, *, listens: bool = False) -> Answer:
        """The outcome. Never raises for anything that the receiver or the network does. `listens`: what it said is in the outcome."""
        target = httpx.URL(url)
        own = {"host": target.netloc.decode(), "user-agent": self._agent, "accept": "*/*"}
        sent: Sequence[tuple[bytes | str, bytes | str]] = [*own.items(), *headers.items()]
        to = httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
        started = monotonic()
        try:
            async with asyncio.timeout(self._seconds) as limit, self._pool.stream("POST", to, headers=sent, content=body) as response:
                limit.reschedule(None)  # it has answered; what follows has its own limit
                later = retry_after(_header(response, b"retry-after"), self._clock())
                took = monotonic() - started
                said = await _drain(response)
                return Answer(response.status, None, took, later, said if listens else b"")
        except OutOfBounds as refused:
            error = str(refused)
        except TimeoutError:
            error = f"no answer within {self._seconds:g} s"
        except httpcore.ConnectError as failure:
            error = f"could not connect: {failure}"[:200]
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as failure:
            error = f"the connection broke: {type(failure).__name__}"
        return Answer(None, error, monotonic() - started)


def _header(response: httpcore.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1") for given, value in response.headers if given.lower() == name), None)


async def _drain(response: httpcore.Response) -> bytes:
    """Read the rest of the answer off the connection, and give it. Errors no longer matter: the receiver has answered."""
    taken = bytearray()
    with suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for part in response.aiter_stream():
                taken += part
                if len(taken) > READ_AT_MOST:
                    break
    return bytes(taken)
