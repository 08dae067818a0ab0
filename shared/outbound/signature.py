"""Signatures of messages, by the Standard Webhooks specification 1.0: HMAC-SHA256 over `id.timestamp.body`."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
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


TOLERANCE = timedelta(minutes=5)
"""How far the sender's clock may be from ours, and how long a message that somebody has copied can be sent again."""
LONGEST_ID = 255


class BadSignature(Exception):
    """The message is not from who it says, or not from now. Answer 401 and do not say more."""


def verified(secrets_: Sequence[str], given: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The id of a message from another system that signs by the same standard. `given` are its headers, in small letters.

    `body` is what came, byte by byte. Any of the secrets may have signed it, so they can be replaced with an overlap.
    """
    message_id, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not (0 < len(message_id) <= LONGEST_ID and message_id.isprintable() and stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise BadSignature("the headers webhook-id and webhook-timestamp are missing or make no sense")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise BadSignature("the message is too old, or a clock is wrong")
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    found = [text.encode() for text in given.get("webhook-signature", "").split()]
    good = [_signature(secret, signed).encode() for secret in secrets_]
    if not any(hmac.compare_digest(one, other) for one in good for other in found):
        raise BadSignature("no signature fits")
    return message_id
