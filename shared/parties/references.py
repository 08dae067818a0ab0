"""The ids of records that other systems name by a key of theirs: in imports, in request bodies, and in what services tell each other.

An id is made from the kind and the key (UUIDv5), so that each service arrives at it without a call. An account's is made from the compared
form of its name. A person's is made from the key as it was first written, because access tokens name people that way. Every person's
key stands in `known_name`, and so does each account whose id was made from another form, before names were compared.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Column, Index, MetaData, PrimaryKeyConstraint, Table, Text, Uuid

from shared.auth.actor import person_id
from shared.db.tables import At
from shared.db.tx import Reader, Tx
from shared.events.envelope import Envelope
from shared.events.party import AccountCreated
from shared.events.team import PersonAdded
from shared.ids import external_id
from shared.spelling import compared_key

Spelled = Literal["account", "person"]
"""Kinds whose keys are names that people write in several ways."""
Kind = Literal[Spelled, "contact", "deal", "lead", "team"]


def made_id(kind: Kind, key: str) -> UUID:
    """The id of a new record that another system calls `key`."""
    if kind == "person":
        return person_id(key)
    return external_id(kind, compared_key(key) if kind == "account" else key)


def told_id(kind: Kind, id: UUID | None, *keys: str | None) -> UUID | None:
    """The record that an event or a row names: by its id, else by the first key that is given; None where it names none."""
    return id or next((made_id(kind, key) for key in keys if key), None)


def known_name(metadata: MetaData) -> Table:
    """The table, for a service that resolves names."""
    return Table(
        "known_name",
        metadata,
        Column("kind", Text, nullable=False, comment="account or person"),
        Column("spelling", Text, nullable=False),
        Column("compared", Text, nullable=False),
        Column("id", Uuid, nullable=False),
        Column("since", At, nullable=False, comment="the earliest of several spellings is what a new one stands for"),
        Column(
            "stub", Boolean, nullable=False, comment="only an import has used it so far; whoever is entered under the name takes it over"
        ),
        PrimaryKeyConstraint("kind", "spelling"),
        Index("ix_known_name_compared", "kind", "compared"),
        comment="records whose id is not made from the compared form of their name",
    )


class Known(NamedTuple):
    """A spelling, whom it names, since when, and whether only imports have used it."""

    spelling: str
    id: UUID
    since: datetime
    stub: bool


_FIND = "SELECT spelling, compared, id FROM known_name WHERE kind = $1 AND compared = ANY($2::text[]) ORDER BY since, spelling"
_LEARN = """
INSERT INTO known_name (kind, spelling, compared, id, since, stub)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::uuid[], $5::timestamptz[], $6::boolean[]) AS n (spelling) ORDER BY spelling
ON CONFLICT (kind, spelling) DO UPDATE
SET since = least(known_name.since, excluded.since), stub = known_name.stub AND excluded.stub
WHERE known_name.since > excluded.since OR known_name.stub > excluded.stub
"""
_TAKE_OVER = """
UPDATE known_name k SET id = n.id FROM unnest($2::text[], $3::uuid[]) AS n (compared, id)
WHERE k.kind = $1 AND k.compared = n.compared AND k.stub AND k.id <> n.id
"""


async def ids_of(db: Reader, kind: Spelled, keys: Iterable[str]) -> dict[str, UUID]:
    """The record that each of these keys stands for, in whatever spelling; a new name gets the id that it will have."""
    forms = {key: compared_key(key) for key in dict.fromkeys(keys)}
    if not forms:
        return {}
    exact: dict[str, UUID] = {}
    first: dict[str, UUID] = {}
    for row in await db.rows(_FIND, kind, list(set(forms.values()))):
        exact[row["spelling"]] = row["id"]
        first.setdefault(row["compared"], row["id"])
    found: dict[str, UUID] = {}
    for key, form in forms.items():
        found[key] = exact[key] if key in exact else first.setdefault(form, made_id(kind, key))
    return found


async def learn(tx: Tx, kind: Spelled, names: Sequence[Known]) -> None:
    """Keep what these spellings stand for; what is known stays.

    A record that was entered takes over the spellings of stubs.
    """
    wanted = {n.spelling: n for n in names if kind == "person" or external_id(kind, compared_key(n.spelling)) != n.id}
    if not wanted:
        return
    spellings = sorted(wanted)
    forms, ids = [compared_key(s) for s in spellings], [wanted[s].id for s in spellings]
    stubs = [wanted[s].stub for s in spellings]
    await tx.execute(_LEARN, kind, spellings, forms, ids, [wanted[s].since for s in spellings], stubs)
    if not all(stubs):
        entered = [n for n, stub in enumerate(stubs) if not stub]
        await tx.execute(_TAKE_OVER, kind, [forms[n] for n in entered], [ids[n] for n in entered])


async def hear(tx: Tx, events: Sequence[Envelope[Any]]) -> None:
    """Keeps the keys by which other systems know accounts and people."""
    await learn(tx, "account", [_known(e) for e in events if isinstance(e.data, AccountCreated) and e.data.external_id])
    await learn(tx, "person", [_known(e) for e in events if isinstance(e.data, PersonAdded) and e.data.external_id])


def _known(e: Envelope[Any]) -> Known:
    return Known(e.data.external_id, e.subject, e.time, e.data.imported)
