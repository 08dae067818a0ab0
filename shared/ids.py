"""Identifiers: time-ordered for what is born here, deterministic for what another system named first."""

from uuid import UUID

import uuid_utils
from asyncpg.pgproto import pgproto

CLINCH = UUID("6f6c7a52-0b0e-5f0a-9d5c-0c11c4a5e77e")
"""The namespace of every deterministic id; changing it would orphan all imported references."""


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): sorts by the time it was made, so index inserts stay local.

    By the machine's clock, also where the business's is moved: ids keep the order in which they were made, and no rule of the business
    reads a time from one.
    """
    return _plain(uuid_utils.uuid7())


def external_id(kind: str, key: str) -> UUID:
    """The id of the `kind` that another system calls `key`: the same in every service, asked in any order."""
    return _plain(uuid_utils.uuid5(_NAMESPACE, f"{kind}:{key}"))


def read_id(text: str) -> UUID:
    """The id that `text` writes, as asyncpg gives ids; ValueError when it writes none."""
    found: UUID = pgproto.UUID(text)
    return found


_NAMESPACE = uuid_utils.UUID(str(CLINCH))


def _plain(made: uuid_utils.UUID) -> UUID:
    """As asyncpg gives ids: equal to Python's own, and made, looked up, put in order and sent several times as quickly. That counts
    where they come by the thousand, as in imports.
    """
    plain: UUID = pgproto.UUID(made.bytes)
    return plain
