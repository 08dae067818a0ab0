"""A link as its table keeps it: with the hash of its secret, never with the secret. Pure."""

import hashlib
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

_BYTES = 16
"""128 bits: nobody guesses one."""


@dataclass(frozen=True, slots=True)
class Link:
    """`document_id` is what it leads to: a document that was kept before."""

    id: UUID
    kind: str
    record_id: UUID
    document_id: UUID
    language: str
    hash: bytes
    created_by: UUID
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def new_secret() -> str:
    return secrets.token_urlsafe(_BYTES)


def hash_of(secret: str) -> bytes:
    """A secret of 128 random bits needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def caller(peer: str | None, forwarded: Sequence[str], trusted: int) -> str:
    """The address that counts for limits: as the farthest of our own proxies saw it, of which there are `trusted`.

    Each proxy adds the address that it was called from at the end of X-Forwarded-For. What stands before those is what the caller
    wrote, and does not count. Of an IPv6 address its network counts, which one customer has for themselves.
    """
    seen = [part.strip() for line in forwarded for part in line.split(",")]
    address = seen[-trusted] if 0 < trusted <= len(seen) else peer or ""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else str(known)
