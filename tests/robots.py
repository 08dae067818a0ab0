"""Stand-ins for chat robots and a mail server, which check what their makers document: address, signature, time, form, pace."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.receiver import Received

SECRET = "SEC0123456789"
PATHS = {
    "feishu": "/open-apis/bot/v2/hook/1f2e3d",
    "dingtalk": "/robot/send?access_token=4c5b6a",
    "wecom": "/cgi-bin/webhook/send?key=7e8f90",
    "slack": "/services/T00/B00/x1y2",
}


@dataclass
class Robot:
    """`kind` and `secret` as its owner has set them; `limit` messages it takes at all before it says that they are too many."""

    kind: str
    secret: str | None = None
    limit: int = 1000
    said: list[str] = field(default_factory=list)

    def __call__(self, got: Received) -> tuple[int, bytes]:
        refused, text = getattr(self, f"_{self.kind}")(got, json.loads(got.body))
        if refused:
            return refused
        self.said.append(text)
        return (200, b"ok") if self.kind == "slack" else (200, json.dumps({"errcode": 0, "code": 0, "errmsg": "ok"}).encode())

    def _feishu(self, got: Received, body: dict[str, Any]) -> tuple[tuple[int, bytes] | None, str]:
        if got.path != PATHS["feishu"]:
            return _code("code", 19001), ""
        if self.secret:
            key = f"{body.get('timestamp')}\n{self.secret}".encode()
            sign = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
            if body.get("sign") != sign or abs(int(body["timestamp"]) - _now()) > 3600:
                return _code("code", 19021), ""
        if len(self.said) >= self.limit:
            return _code("code", 11232), ""
        return None, body["content"]["text"] if body["msg_type"] == "text" else ""

    def _dingtalk(self, got: Received, body: dict[str, Any]) -> tuple[tuple[int, bytes] | None, str]:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(got.path).query).items()}
        if asked.get("access_token") != "4c5b6a":
            return _code("errcode", 300001), ""
        if self.secret:
            stamp = asked.get("timestamp", "0")
            signed = hmac.new(self.secret.encode(), f"{stamp}\n{self.secret}".encode(), hashlib.sha256).digest()
            if asked.get("sign") != base64.b64encode(signed).decode() or abs(int(stamp) / 1000 - _now()) > 3600:
                return _code("errcode", 310000), ""
        if len(self.said) >= self.limit:
            return _code("errcode", 130101), ""
        return None, body["text"]["content"] if body["msgtype"] == "text" else ""

    def _wecom(self, got: Received, body: dict[str, Any]) -> tuple[tuple[int, bytes] | None, str]:
        if got.path != PATHS["wecom"]:
            return _code("errcode", 93000), ""
        if len(self.said) >= self.limit:
            return _code("errcode", 45009), ""
        assert len(body["text"]["content"].encode()) <= 2048
        return None, body["text"]["content"] if body["msgtype"] == "text" else ""

    def _slack(self, got: Received, body: dict[str, Any]) -> tuple[tuple[int, bytes] | None, str]:
        if got.path != PATHS["slack"]:
            return (404, b"no_service"), ""
        if len(self.said) >= self.limit:
            return (429, b"rate_limited"), ""
        return None, body["text"]


def _code(name: str, code: int) -> tuple[int, bytes]:
    return 200, json.dumps({name: code, "msg": "refused"}).encode()


def _now() -> float:
    return datetime.now(UTC).timestamp()


@dataclass
class MailServer:
    """SMTP as far as a client of ours speaks it. `refuses` are addresses that it does not know."""

    port: int = 0
    refuses: frozenset[str] = frozenset()
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 stand-in\r\n")
        to: list[str] = []
        while line := (await reader.readline()).decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "RCPT":
                address = line.partition("<")[2].partition(">")[0]
                known = address not in self.refuses
                to += [address] * known
                writer.write(b"250 ok\r\n" if known else b"550 nobody of that name\r\n")
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                body = (await reader.readuntil(b"\r\n.\r\n"))[:-5]
                read: Any = message_from_bytes(body, policy=default)
                self.mails.append((to, read))
                to = []
                writer.write(b"250 taken\r\n")
            else:
                writer.write(b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n")
            await writer.drain()
        writer.close()


@asynccontextmanager
async def mail_server(**how: Any) -> AsyncIterator[MailServer]:
    made = MailServer(**how)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
