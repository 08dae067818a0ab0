"""A receiver of webhooks on loopback: a real HTTP server that answers as it is told, and keeps what it was sent."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from standardwebhooks import Webhook as Oracle


@dataclass(frozen=True, slots=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        return str(orjson.loads(self.body)["type"])

    def verified(self, secret: str) -> bool:
        """By the standard's own library; raises when the signature is not right."""
        Oracle(secret).verify(self.body, dict(self.headers), json_parse=False)
        return True


@dataclass
class Receiver:
    """`answers` are used up first, then it is always `status`.

    `judge` looks at each request and says the status and the body, in place of these. `hold` keeps it silent for so many seconds,
    `together` until so many requests at once were there.
    """

    port: int = 0
    status: int = 204
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hold: float = 0
    together: int = 0
    received: list[Received] = field(default_factory=list)
    judge: Callable[[Received], tuple[int, bytes]] | None = None
    in_flight: int = 0
    most_in_flight: int = 0
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.in_flight += 1
        self.most_in_flight = max(self.in_flight, self.most_in_flight)
        self._more.set()
        try:
            await asyncio.sleep(self.hold)
            while self.most_in_flight < self.together:
                self._more.clear()
                await self._more.wait()
        finally:
            self.in_flight -= 1
        self.received.append(Received(head[0].split(" ")[1], headers, body))
        status, answer = self.answers.pop(0) if self.answers else self.status, self.body
        if self.judge is not None:
            status, answer = self.judge(self.received[-1])
        more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n{more}\r\n".encode() + answer)
        await writer.drain()
        return True


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None, **how: Any) -> AsyncIterator[Receiver]:
    receiver = Receiver(**how)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


def tls_for(host: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate of this name alone: what a sender trusts who knows it, and what the receiver shows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "both.pem"
        path.write_bytes(private + certificate)
        theirs.load_cert_chain(path)
    return ssl.create_default_context(cadata=certificate.decode()), theirs
