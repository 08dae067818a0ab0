"""A bucket of an S3-compatible store, as far as attachments need one: put in parts, read in ranges, delete.

No transfer waits for whoever uploads or downloads: each call sends or takes one piece that is whole in memory, so a slow reader holds no
connection here either. What the store says is logged and not shown; callers are told what to do.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import httpx
import structlog

from shared.attachments.signing import NO_BODY, Keys, signed, written
from shared.clock import Clock, machine, utcnow
from shared.errors import Unavailable
from shared.process.settings import Settings
from shared.tls import trusted

log = structlog.get_logger()

RANGE = 1024**2
"""Bytes that a download takes at a time."""
MOST = RANGE + 65_536
"""Bytes of an answer that are taken: more is not what was asked for."""
TRIES = 3
TIMEOUT = httpx.Timeout(30, connect=5)
"""Seconds: for each piece of at most a few megabytes, and for a connection."""
_PASSES = {500, 502, 503, 504}
"""Amazon S3 API Reference, error responses: InternalError, SlowDown and their like are to be repeated."""


class StoreFailed(Unavailable):
    """The bytes cannot be kept or fetched now (503). Nothing was changed."""

    def __init__(self, detail: str = "") -> None:
        says = "Files cannot be kept or fetched right now: their store does not answer. Try again in a minute."
        super().__init__(detail or f"{says} If it lasts, operations find the reason in the log.", retry_after=30)


class Bucket:
    """The store of the settings. `pause`: seconds before a call that failed is repeated, doubled each time."""

    def __init__(self, settings: Settings, clock: Clock = utcnow, *, pause: float = 0.2) -> None:
        if settings.s3_secret_key is None:
            raise ValueError("the settings name no bucket")
        endpoint = urlsplit(settings.s3_endpoint)
        self._scheme, self._host, self._path_style = endpoint.scheme, endpoint.netloc, settings.s3_path_style
        self._to = f"{settings.s3_bucket}/{settings.s3_prefix}"
        self._clock, self._pause = machine(clock), pause
        self._keys = Keys(settings.s3_access_key, settings.s3_secret_key, settings.s3_region)
        self._client = httpx.AsyncClient(verify=trusted(), timeout=TIMEOUT, trust_env=False, follow_redirects=False)

    @classmethod
    def of(cls, settings: Settings, clock: Clock = utcnow) -> "Self | None":
        """None where the settings name no bucket."""
        return cls(settings, clock) if settings.s3_bucket else None

    async def aclose(self) -> None:
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def address(self, name: str) -> str:
        """Where an object of this name is put now: `bucket/key`, which stays right when the settings change."""
        return f"{self._to}{name}"

    async def put(self, address: str, body: bytes) -> None:
        """Keep an object that is whole."""
        await self._ask("PUT", address, body=body)

    async def begin(self, address: str) -> str:
        """Begin an object that comes in parts; the id of the upload."""
        answer = await self._ask("POST", address, {"uploads": ""})
        return _said(answer.body, "UploadId")

    async def part(self, address: str, upload: str, number: int, body: bytes) -> str:
        """Keep a part, numbered from 1. All but the last have at least 5 MiB. Its ETag, for `complete`."""
        answer = await self._ask("PUT", address, {"partNumber": str(number), "uploadId": upload}, body=body)
        return answer.headers.get("etag", "")

    async def complete(self, address: str, upload: str, etags: Sequence[str]) -> None:
        """Make the object of its parts: only now is it there."""
        parts = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{escape(etag)}</ETag></Part>" for n, etag in enumerate(etags, 1))
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        answer = await self._ask("POST", address, {"uploadId": upload}, body=body)
        if _code(answer.body):  # S3 begins to answer before it is done, and says in the body that it failed
            raise self._failed("POST", answer)

    async def abort(self, address: str, upload: str) -> None:
        """Forget the parts of an upload. One that is gone already is well."""
        await self._ask("DELETE", address, {"uploadId": upload}, gone=True)

    async def delete(self, address: str) -> None:
        """Delete an object. One that is gone already is well."""
        await self._ask("DELETE", address, gone=True)

    async def read(self, address: str, size: int, sha256: str) -> AsyncIterator[bytes]:
        """An object in ranges, all of the same ETag.

        The last piece is only given when all of it has the size and the hash that the record knows.
        """
        digest, etag = hashlib.sha256(), ""
        for start in range(0, size, RANGE):
            end = min(start + RANGE, size) - 1
            of_same = {"if-match": etag} if etag else {}
            answer = await self._ask("GET", address, headers={"range": f"bytes={start}-{end}", **of_same})
            etag = answer.headers.get("etag", "")
            if answer.headers.get("content-range") != f"bytes {start}-{end}/{size}" or len(answer.body) != end + 1 - start:
                raise self._failed("GET", answer, "another range than was asked for")
            digest.update(answer.body)
            if end + 1 == size and digest.hexdigest() != sha256:
                raise self._failed("GET", answer, "other bytes than were attached")
            yield answer.body

    async def _ask(
        self,
        method: str,
        address: str,
        query: Mapping[str, str] | None = None,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        gone: bool = False,
    ) -> "_Answer":
        """The answer to a call that may be repeated. `gone`: 404 is an answer too."""
        wait = self._pause
        sha256 = await asyncio.to_thread(_sha256, body) if body else NO_BODY
        for last in [False] * (TRIES - 1) + [True]:
            try:
                answer = await self._once(method, address, query or {}, body, sha256, headers or {})
            except (httpx.HTTPError, TimeoutError) as failure:
                if last:
                    log.error("attachment_store_failed", method=method, error=f"{type(failure).__name__}: {failure}"[:200])
                    raise StoreFailed from None
            else:
                if 200 <= answer.status < 300 or (gone and answer.status == 404):
                    return answer
                if last or answer.status not in _PASSES:
                    raise self._failed(method, answer)
            await asyncio.sleep(wait)
            wait *= 2
        raise AssertionError("the last try answers or raises")

    async def _once(
        self, method: str, address: str, query: Mapping[str, str], body: bytes, sha256: str, headers: Mapping[str, str]
    ) -> "_Answer":
        bucket, _, key = address.partition("/")
        host, path = (self._host, f"/{address}") if self._path_style else (f"{bucket}.{self._host}", f"/{key}")
        asked = {name: quote(value, safe="-_.~") for name, value in query.items()}
        sent = signed(self._keys, method, host, path, asked, body_sha256=sha256, at=self._clock(), headers=headers)
        url = f"{self._scheme}://{host}{path}" + (f"?{written(asked)}" if asked else "")
        sent |= {"accept-encoding": "identity", "content-length": str(len(body))}
        async with asyncio.timeout(TIMEOUT.read), self._client.stream(method, url, content=body, headers=sent) as response:
            taken = bytearray()
            async for part in response.aiter_raw():
                taken += part
                if len(taken) > MOST:
                    raise httpx.RemoteProtocolError("it sends more than it was asked for")
            return _Answer(response.status_code, response.headers, bytes(taken))

    def _failed(self, method: str, answer: "_Answer", says: str = "") -> StoreFailed:
        log.error("attachment_store_refused", method=method, status=answer.status, said=(says or _code(answer.body))[:200])
        if answer.status in (401, 403):
            return StoreFailed("The store of files refuses Clinch: operations check CLINCH_S3_ACCESS_KEY and what it may do in the bucket.")
        if answer.status == 404:
            return StoreFailed("The store of files does not have it: operations bring it back, or check CLINCH_S3_BUCKET.")
        return StoreFailed()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def _sha256(body: bytes) -> str:
    """Of a part, 10 ms that nobody else should wait for."""
    return hashlib.sha256(body).hexdigest()


def _code(body: bytes) -> str:
    """The code of an error, or nothing."""
    return _said(body, "Code") if b"<Error" in body else ""


def _said(body: bytes, name: str) -> str:
    """The text of an element of the answer, whatever its namespace; empty where there is none."""
    try:
        return next((e.text or "" for e in ElementTree.fromstring(body).iter() if e.tag.rpartition("}")[2] == name), "")
    except ElementTree.ParseError:
        return ""
