"""Signatures of messages, by the Standard Webhooks specification 1.0: HMAC-SHA256 over `id.timestamp.body`."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

PREFIX = "whsec_"


def new_secret() -> str:
    """A new secret, in the form that receivers get: 32 random bytes in base64 after the prefix."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(secrets_: Sequence[str], message_id: UUID, at: datetime, body: bytes) -> dict[str, str]:
    """`at` is the time of the attempt. One signature for each secret, the newest first."""
    stamp = str(int(at.timestamp()))
    signed = b".".join((str(message_id).encode(), stamp.encode(), body))
    return {
        "content-type": "application/json",
        "webhook-id": str(message_id),
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets_),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
