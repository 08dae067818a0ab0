"""Safe retries: the answer to a key is stored with the change, for 24 hours."""

import hashlib
from contextlib import suppress
from typing import Annotated, NamedTuple

from fastapi import Depends, Request
from prometheus_client import Counter
from starlette.responses import Response

from shared.auth import Actor
from shared.db import outbox
from shared.db.context import Context
from shared.db.tx import Tx
from shared.errors import Invalid, KeyInUse, Problem
from shared.http.documented import documented, parameter
from shared.process.telemetry import trace_id
from shared.seal import Seal

KEPT_REFUSALS = frozenset({409, 412})
"""A rule's refusal is an answer too. What depends on rights, limits or the input's form is decided again each time."""

_KEPT_HEADERS = frozenset({b"content-type", b"etag", b"location", b"link", b"clinch-settled"})
_SEALED = "x-sealed"
"""Marks, among the stored headers, a body that is encrypted: it tells a secret (`keep_secret`)."""
_LONGEST = 200


REPLAYS = Counter("clinch_idempotency_replays_total", "Requests that were answered as their key was answered before.", ["service"])


class Key(NamedTuple):
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
FORGET_OLD = "DELETE FROM idempotency WHERE created_at <= now() - interval '24 hours'"


def key_of(request: Request) -> str | None:
    """The request's key. Two keys, an empty and a too long one are refused: the caller counts on them."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    if len(given) > 1:
        raise Invalid("Send one Idempotency-Key, not several.", pointer="Idempotency-Key", code="several_keys")
    if not 0 < len(given[0]) <= _LONGEST:
        raise Invalid(f"Idempotency-Key takes 1 to {_LONGEST} characters.", pointer="Idempotency-Key", code="bad_key")
    return given[0]


async def begin(request: Request, tx: Tx, actor: Actor, *, keep: bool) -> None:
    """Claim the request's key for this transaction, or raise `Replayed` with the stored answer.

    A transaction that changes nothing (`keep` is false) claims none.
    """
    key = key_of(request)
    if key is None or not keep:
        return
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    scope = f"{actor.id}\n{request.method}\n{path}?{query}\n{key}"
    claimed = Key(hashlib.sha256(scope.encode()).digest(), hashlib.sha256(await request.body()).digest())
    found = await tx.row(_FIND, claimed.digest, claimed.lock)
    if found["status"] is not None:
        if found["body_hash"] != claimed.body_hash:
            raise Invalid("This Idempotency-Key was used with another body; use a new key.", pointer="Idempotency-Key", code="key_reused")
        headers = {**found["headers"], "Idempotency-Replayed": "true"}
        body = found["body"]
        if headers.pop(_SEALED, None):
            body = Seal.of(request.app.state.settings).open(body)
        REPLAYS.labels(request.app.state.service).inc()
        raise Replayed(Response(body, found["status"], headers))
    if not found["mine"]:
        raise KeyInUse
    request.state.idempotency = claimed


class KeyMissing(Problem):
    status = 400
    code = "idempotency_key_required"
    title = "Idempotency-Key is required"


def keep_secret(request: Request) -> None:
    """The answer to this request tells a secret: it is kept encrypted."""
    request.state.tells_secret = True


def keep(request: Request, tx: Tx, response: Response) -> None:
    """Have a successful answer stored with the change it tells of."""
    claimed: Key | None = getattr(request.state, "idempotency", None)
    if claimed is not None:
        tx.answer = _answer(claimed, response)
        if getattr(request.state, "tells_secret", False):
            sealed = Seal.of(request.app.state.settings).close(tx.answer.body)
            tx.answer = tx.answer._replace(headers={**tx.answer.headers, _SEALED: "1"}, body=sealed)
        request.state.idempotency = None


async def keep_refusal(request: Request, response: Response) -> None:
    """Store a rule's refusal: the refused transaction is rolled back by now, so it takes another one."""
    claimed: Key | None = getattr(request.state, "idempotency", None)
    if claimed is None or response.status_code not in KEPT_REFUSALS:
        return
    state = request.app.state
    context = Context(state.service, request.state.actor, state.clock(), trace_id(request.scope))
    with suppress(KeyInUse):  # another request with this key has its answer by now, which stays
        async with state.db.begin(context) as tx:
            tx.answer = _answer(claimed, response)


def _answer(claimed: Key, response: Response) -> outbox.Answer:
    headers = {name.decode(): value.decode("latin-1") for name, value in response.raw_headers if name in _KEPT_HEADERS}
    return outbox.Answer(*claimed, response.status_code, headers, bytes(response.body))


_SAYS = "Any unique text. The same key and body again give the first answer again, and no second effect."
_SCHEMA = {"type": "string", "minLength": 1, "maxLength": _LONGEST}
PARAMETER = parameter("Idempotency-Key", "header", _SAYS, _SCHEMA)


@documented(PARAMETER)
async def _given_key(request: Request) -> str | None:
    return key_of(request)


IdempotencyKey = Annotated[str | None, Depends(_given_key)]
"""For routes that keep the key by means of their own."""


@documented(parameter("Idempotency-Key", "header", _SAYS, _SCHEMA, required=True))
async def key_required(request: Request) -> None:
    """For operations where a repeat would cost money: payments and bulk."""
    if key_of(request) is None:
        raise KeyMissing("Send an Idempotency-Key header: any unique text, the same one when you repeat the request.")
