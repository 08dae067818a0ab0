"""Identifiers: time-ordered for what is born here, deterministic for what another system named first."""

from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

CLINCH = UUID("6f6c7a52-0b0e-5f0a-9d5c-0c11c4a5e77e")
"""The namespace of every deterministic id; changing it would orphan all imported references."""


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): sorts by the time it was made, so index inserts stay local."""
    return uuid7()


def external_id(kind: str, key: str) -> UUID:
    """The id of the `kind` that another system calls `key`: the same in every service, asked in any order (architecture §4)."""
    return uuid5(CLINCH, f"{kind}:{key}")
