"""A stand-in for an S3-compatible store on loopback. It checks what a real one checks: signature, time, hash, sizes of parts, ETags.

The signature is verified by AWS's own library.
"""

import asyncio
import hashlib
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from shared.clock import utcnow

ACCESS_KEY, SECRET_KEY, REGION, BUCKET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-central-1", "files"
LEAST_PART = 5 * 1024**2
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(\S+?)/(\d{8})/(\S+?)/s3/aws4_request, ?SignedHeaders=(\S+?), ?Signature=(\w{64})"
)


@dataclass
class StandIn:
    """`objects` by `bucket/key`, `uploads` that are not whole by their id: their parts by number.

    `answers` are used up first: a status to give in place of what was asked for, 0 to break the connection. `when` hears of each request
    before it is answered. `spoil` changes what is read.
    """

    port: int = 0
    clock: Callable[[], datetime] = utcnow
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    away: bool = False
    when: Callable[[str], None] = lambda asked: None
    spoil: Callable[[bytes], bytes] = lambda body: body

    @property
    def settings(self) -> dict[str, Any]:
        """What a service is told to keep its files here."""
        return {
            "attachment_store": "s3",
            "s3_endpoint": f"http://127.0.0.1:{self.port}",
            "s3_region": REGION,
            "s3_bucket": BUCKET,
            "s3_access_key": ACCESS_KEY,
            "s3_secret_key": SECRET_KEY,
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        path, query = scope["raw_path"].decode(), scope["query_string"].decode()
        self.asked.append(f"{scope['method']} {path}" + (f"?{query}" if query else ""))
        self.when(self.asked[-1])
        told = 503 if self.away else self.answers.pop(0) if self.answers else None
        if told == 0:
            raise ConnectionAbortedError
        status, more_headers, said = _error(told, "SlowDown") if told else self._answer(scope["method"], path, query, headers, body)
        sent = [(name.encode(), value.encode()) for name, value in {**more_headers, "content-length": str(len(said))}.items()]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": said})

    def _answer(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if refused := self._refused(method, path, query, headers, body):
            return _error(*refused)
        host = headers["host"].partition(":")[0]
        at = path[1:] if host == "127.0.0.1" else f"{host.partition('.')[0]}{path}"
        if at.partition("/")[0] != BUCKET:
            return _error(404, "NoSuchBucket")
        given = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        return (
            self._of_upload(method, at, given, body)
            if given.keys() & {"uploads", "uploadId"}
            else self._of_object(method, at, headers, body)
        )

    def _refused(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> tuple[int, str] | None:
        found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if found is None or found[1] != ACCESS_KEY:
            return 403, "InvalidAccessKeyId"
        at = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(at - self.clock()) > timedelta(minutes=15):
            return 403, "RequestTimeTooSkewed"
        names = found[4].split(";")
        if not {"host", "x-amz-content-sha256", "x-amz-date"} <= set(names) or found[3] != REGION:
            return 403, "AuthorizationHeaderMalformed"
        url = f"http://{headers['host']}{path}" + (f"?{query}" if query else "")
        request = AWSRequest(method, url, headers={name: headers[name] for name in names})
        request.context["timestamp"] = headers["x-amz-date"]
        by = S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", REGION)
        if by.signature(by.string_to_sign(request, by.canonical_request(request)), request) != found[5]:
            return 403, "SignatureDoesNotMatch"
        return (400, "XAmzContentSHA256Mismatch") if hashlib.sha256(body).hexdigest() != headers["x-amz-content-sha256"] else None

    def _of_object(self, method: str, at: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if method == "PUT":
            self.objects[at] = body
            return 200, {"etag": _etag(body)}, b""
        if method == "DELETE":
            self.objects.pop(at, None)
            return 204, {}, b""
        if at not in self.objects:
            return _error(404, "NoSuchKey")
        whole = self.objects[at]
        if headers.get("if-match", _etag(whole)) != _etag(whole):
            return _error(412, "PreconditionFailed")
        if asked := re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("range", "")):
            start, end = int(asked[1]), min(int(asked[2]), len(whole) - 1)
            said = self.spoil(whole[start : end + 1])
            return 206, {"etag": _etag(whole), "content-range": f"bytes {start}-{end}/{len(whole)}"}, said
        return 200, {"etag": _etag(whole)}, whole

    def _of_upload(self, method: str, at: str, given: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if "uploads" in given:
            id = f"{len(self.asked)}~up/load+{len(self.uploads)}=="
            self.uploads[id] = {}
            return (
                200,
                {},
                f"<InitiateMultipartUploadResult xmlns='urn:s3'><UploadId>{id}</UploadId></InitiateMultipartUploadResult>".encode(),
            )
        parts = self.uploads.get(given["uploadId"])
        if parts is None:
            return _error(404, "NoSuchUpload")
        if method == "PUT":
            parts[int(given["partNumber"])] = body
            return 200, {"etag": _etag(body)}, b""
        del self.uploads[given["uploadId"]]
        if method == "DELETE":
            return 204, {}, b""
        listed = re.findall(rb"<PartNumber>(\d+)</PartNumber><ETag>([^<]+)</ETag>", body)
        if [(int(n), etag.decode().replace("&quot;", '"')) for n, etag in listed] != [(n, _etag(parts[n])) for n in sorted(parts)]:
            return _error(200, "InvalidPart")
        if any(len(parts[n]) < LEAST_PART for n in sorted(parts)[:-1]):
            return _error(200, "EntityTooSmall")
        self.objects[at] = b"".join(parts[n] for n in sorted(parts))
        return 200, {}, b"<CompleteMultipartUploadResult/>"


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


def _error(status: int, code: str) -> tuple[int, dict[str, str], bytes]:
    return status, {"content-type": "application/xml"}, f"<?xml version='1.0'?>\n<Error><Code>{code}</Code></Error>".encode()


@asynccontextmanager
async def stand_in(**how: Any) -> AsyncIterator[StandIn]:
    made = StandIn(**how)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        made.port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(made, log_level="critical", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield made
        finally:
            server.should_exit = True
            await serving
