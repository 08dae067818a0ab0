"""Safe retries: the answer to a key is kept in the transaction of the change, for 24 hours (conventions §1)."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Header, Request
from starlette.responses import Response

from shared.auth import Actor
from shared.db import Context, Tx
from shared.errors import Invalid, Problem
from shared.telemetry import trace_id

KEPT_REFUSALS = frozenset({409, 412})
"""A rule's refusal is an answer too. What depends on rights, limits or the input's form is decided anew each time."""

_KEPT_HEADERS = ("content-type", "etag", "location", "link")


@dataclass(frozen=True, slots=True)
class Key:
    digest: bytes
    body_hash: bytes

    @property
    def lock(self) -> int:
        return int.from_bytes(self.digest[:8], "big", signed=True)


class Replayed(Exception):
    """The key was answered before: the route gives this answer again."""

    def __init__(self, response: Response) -> None:
        self.response = response


_FIND = """
SELECT pg_try_advisory_xact_lock($2) AS mine, k.body_hash, k.status, k.headers, k.body
FROM (SELECT 1) AS one LEFT JOIN idempotency k ON k.key = $1 AND k.created_at > now() - interval '24 hours'
"""
_KEEP = """
INSERT INTO idempotency (key, body_hash, status, headers, body, created_at) VALUES ($1, $2, $3, $4, $5, now())
ON CONFLICT (key) DO UPDATE SET body_hash = $2, status = $3, headers = $4, body = $5, created_at = now()
WHERE idempotency.created_at <= now() - interval '24 hours' RETURNING true
"""
FORGET_OLD = "DELETE FROM idempotency WHERE created_at <= now() - interval '24 hours'"


async def begin(request: Request, tx: Tx, actor: Actor, key: str | None) -> None:
    """Claim the request's key for this transaction, or raise `Replayed` with the answer that it got before."""
    if not key:
        return
    scope = f"{actor.id}\n{request.method}\n{request.url.path}?{request.url.query}\n{key}"
    claimed = Key(hashlib.sha256(scope.encode()).digest(), hashlib.sha256(await request.body()).digest())
    found = await tx.conn.fetchrow(_FIND, claimed.digest, claimed.lock)
    if found["status"] is not None:
        if found["body_hash"] != claimed.body_hash:
            raise Invalid("This Idempotency-Key was used with another body; use a new key.", pointer="Idempotency-Key", code="key_reused")
        headers = {**found["headers"], "Idempotency-Replayed": "true"}
        raise Replayed(Response(found["body"], found["status"], headers))
    if not found["mine"]:
        raise KeyInUse
    request.state.idempotency = claimed


class KeyInUse(Problem):
    status = 409
    code = "key_in_use"
    title = "The first request with this key is still running"

    def __init__(self) -> None:
        super().__init__("Ask again in a moment, with the same key.", headers={"Retry-After": "1"})


class KeyMissing(Problem):
    status = 400
    code = "idempotency_key_required"
    title = "Idempotency-Key is required"


async def keep(request: Request, tx: Tx, response: Response) -> None:
    """Store a successful answer with the change it tells of."""
    claimed: Key | None = getattr(request.state, "idempotency", None)
    if claimed is not None and not await _store(tx.conn, claimed, response):
        request.state.idempotency = None
        raise KeyInUse


async def keep_refusal(request: Request, response: Response) -> None:
    """Store a rule's refusal: the refused transaction is rolled back by now, so in one of its own."""
    claimed: Key | None = getattr(request.state, "idempotency", None)
    if claimed is None or response.status_code not in KEPT_REFUSALS:
        return
    state = request.app.state
    async with state.db.begin(Context(state.service, request.state.actor, state.clock(), trace_id(request.scope))) as tx:
        await _store(tx.conn, claimed, response)


async def _store(conn: Any, claimed: Key, response: Response) -> bool:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return bool(await conn.fetchval(_KEEP, claimed.digest, claimed.body_hash, response.status_code, headers, bytes(response.body)))


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Any unique text. The same key and body again give the first answer again, and no second effect.",
    ),
]


async def key_required(key: IdempotencyKey = None) -> None:
    """For operations where a repeat would cost money: payments and bulk."""
    if not key:
        raise KeyMissing("Send an Idempotency-Key header: any unique text, the same one when you repeat the request.")
