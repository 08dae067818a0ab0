"""Signature Version 4, by which S3 and what is compatible with it know who asks. Pure.

Every request is signed with the hash of its whole body, which the store compares with what arrived.
Source: "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API Reference.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import SecretStr

NO_BODY = hashlib.sha256(b"").hexdigest()
_METHOD = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Keys:
    """Who we are to a store in this region."""

    access_key: str
    secret_key: SecretStr = field(repr=False)
    region: str


def signed(
    keys: Keys,
    method: str,
    host: str,
    path: str,
    query: Mapping[str, str],
    *,
    body_sha256: str,
    at: datetime,
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The headers to send, with `headers`, whose names are in lower case.

    `path` and the names and values of `query` are percent-encoded already; `at` is the machine's time.
    """
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{keys.region}/s3/aws4_request"
    sent = {**(headers or {}), "host": host, "x-amz-content-sha256": body_sha256, "x-amz-date": stamp}
    names = ";".join(sorted(sent))
    canonical = "\n".join(
        [method, path, written(query), *(f"{name}:{sent[name]}" for name in sorted(sent)), "", names, body_sha256],
    )
    to_sign = "\n".join([_METHOD, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{keys.secret_key.get_secret_value()}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    signature = _hmac(key, to_sign).hex()
    return sent | {"authorization": f"{_METHOD} Credential={keys.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"}


def written(query: Mapping[str, str]) -> str:
    """The query as it is signed and sent: in order, each with its `=`."""
    return "&".join(f"{name}={value}" for name, value in sorted(query.items()))


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
