"""A link as its table keeps it: with the hash of its secret, never with the secret. Pure."""

import hashlib
import secrets
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
