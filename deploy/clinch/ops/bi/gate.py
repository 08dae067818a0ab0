"""A port of 127.0.0.1 before the embedded Postgres, which itself listens on a socket in its folder only.

Whoever says at the beginning of a connection to be anybody but the role of BI tools, or to want another database, is sent away here;
Postgres then asks for the password. TLS is declined: nothing leaves the machine.
"""

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_DECLINED = (80877103, 80877104)
"""Requests for TLS and for GSSAPI."""
_CANCEL = 80877102
_LONGEST = 10_000
"""Bytes of a first message, as in Postgres itself."""
_PATIENCE_SECONDS = 30
_WANTED = {"user": "bi", "database": "metrics"}


class Refused(Exception):
    """Why somebody is sent away."""


async def open_gate(socket: Path, port: int, say: Callable[[str], None]) -> None:
    """Serve until cancelled. OSError when the port is taken."""

    async def let_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            try:
                first = await asyncio.wait_for(_first_message(reader, writer), _PATIENCE_SECONDS)
                await _joined(socket, first, reader, writer)
            except Refused as refused:
                writer.write(_error(str(refused)))
                await writer.drain()
            finally:
                writer.close()

    server = await asyncio.start_server(let_in, "127.0.0.1", port)
    async with server:
        say(f"BI tools on this machine connect to 127.0.0.1:{port}, database metrics, user bi, without TLS. Ctrl-C ends it.")
        await server.serve_forever()


async def _first_message(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The startup message, if it is of the role and its database; the request to cancel a statement, which has a secret of its own."""
    for _ in range(3):
        head = await reader.readexactly(8)
        length, code = struct.unpack("!II", head)
        if not 8 <= length <= _LONGEST:
            raise Refused("This is no message of Postgres's protocol.")
        rest = await reader.readexactly(length - 8)
        if code == _CANCEL:
            return head + rest
        if code not in _DECLINED:
            _check(rest)
            return head + rest
        writer.write(b"N")
        await writer.drain()
    raise Refused("Connect without TLS: nothing leaves this machine.")


def _check(said: bytes) -> None:
    words = said.rstrip(b"\0").decode(errors="replace").split("\0")
    given = dict(zip(words[::2], words[1::2], strict=False))
    if "replication" in given or {name: given.get(name) for name in _WANTED} != _WANTED:
        raise Refused("Only the user bi gets in here, and only to the database metrics.")


async def _joined(socket: Path, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass everything on in both directions until one side has enough."""
    from_postgres, to_postgres = await asyncio.open_unix_connection(str(socket))
    to_postgres.write(first)
    ways = [asyncio.create_task(_pass_on(reader, to_postgres)), asyncio.create_task(_pass_on(from_postgres, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        to_postgres.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()


def _error(says: str) -> bytes:
    fields = b"".join(code + text.encode() + b"\0" for code, text in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", "28000"), (b"M", says)))
    return b"E" + struct.pack("!I", len(fields) + 5) + fields + b"\0"
