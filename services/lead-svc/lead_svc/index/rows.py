"""Writing entries: what of a record is searched goes in, together with the change that makes it so."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from lead_svc.index import rules
from lead_svc.index.record import Entry
from shared.db.tx import Tx

_SET = "ON CONFLICT (id) DO UPDATE SET public = excluded.public, personal = excluded.personal, pieces = excluded.pieces"
_NAMES = "INSERT INTO search_entry (id, kind, created_at, public, personal, pieces)"
_CHANGED = "WHERE (search_entry.public, search_entry.personal) IS DISTINCT FROM (excluded.public, excluded.personal)"
_PUT = f"{_NAMES} VALUES ($1, $2, $3, $4, $5, $6) {_SET} {_CHANGED}"
_PUT_MANY = f"""
{_NAMES} SELECT id, kind, created_at, public, personal, pieces::integer[]
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[])
  AS given(id, kind, created_at, public, personal, pieces)
{_SET} {_CHANGED}
"""
_ALL = tuple(name for name in Entry.__slots__)
_TYPES = {"id": "uuid", "created_at": "timestamptz", "heard": "bigint"} | {
    n: "uuid" for n in _ALL if n.endswith("_id") and n != "external_id"
}
_given = ", ".join(f"${n}::{_TYPES.get(name, 'text')}[]" for n, name in enumerate(_ALL, 1))
_PUT_HEARD = f"""
INSERT INTO search_entry ({", ".join(_ALL)}, pieces) SELECT {", ".join(_ALL)}, pieces::integer[]
FROM unnest({_given}, ${len(_ALL) + 1}::text[]) AS given({", ".join(_ALL)}, pieces)
ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in (*_ALL, "pieces") if name != "id")}
WHERE search_entry.heard < excluded.heard
"""
_DROP = "DELETE FROM search_entry WHERE id = ANY($1::uuid[])"

Texts = tuple[str, str]
"""What of a record everybody who sees it may find, and what of it is personal."""


def texts(record: Any, public: Sequence[str], personal: Sequence[str]) -> Texts:
    said: Mapping[str, Any] = {name: getattr(record, name) for name in (*public, *personal)}
    first, second = ({name: said[name] for name in names} for names in (public, personal))
    return rules.text(first), rules.text(second)


async def put(tx: Tx, kind: str, records: Sequence[tuple[Any, Texts]]) -> None:
    """Bring the entries of our own records to what is searched of them."""
    rows = [(record.id, kind, record.created_at, *said, rules.pieces(*said)) for record, said in records]
    ids = [row[0] for row in rows]
    if len(rows) == 1:
        await tx.insert(_PUT, *rows[0], into="search_entry", ids=ids)
    elif rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        columns[5] = [_array(found) for found in columns[5]]
        await tx.insert(_PUT_MANY, *columns, into="search_entry", ids=ids)


async def put_heard(tx: Tx, entries: Sequence[Entry]) -> None:
    """Bring the entries of records of other services to what is known of them now; what was told earlier changes nothing."""
    if entries:
        rows = [(*(getattr(one, name) for name in _ALL), _array(rules.pieces(one.public))) for one in entries]
        await tx.execute(_PUT_HEARD, *[list(column) for column in zip(*rows, strict=True)])


def _array(pieces: Sequence[int]) -> str:
    return "{" + ",".join(map(str, pieces)) + "}"


async def drop(tx: Tx, ids: Sequence[UUID]) -> None:
    if ids:
        await tx.execute(_DROP, list(ids))
