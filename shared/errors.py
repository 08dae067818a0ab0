"""What a request can be refused with.

Every refusal ends as one RFC 9457 problem (shared/http/problem.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.known import UnmetCode


@dataclass(frozen=True, slots=True)
class Unmet:
    """One guard that is not met, in words a salesperson can act on. `code` is stable, for clients."""

    code: UnmetCode
    message: str


@dataclass(frozen=True, slots=True)
class Pending(Unmet):
    """A guard that will be met without anybody's doing, in about `seconds`: another service answers, or a time comes."""

    seconds: int = 1


class Problem(Exception):
    """A refusal with an HTTP status and a stable `code`.

    `detail` is shown to the caller and never echoes the input.

    `passes`: the same request may succeed a moment later, so no Idempotency-Key keeps this answer.
    """

    status = 500
    code = "internal"
    title = "Something went wrong on our side"
    passes = False

    def __init__(self, detail: str, *, code: str | None = None, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.headers = dict(headers or {})
        self.extra = extra


class Rejected(Problem):
    """A rule said no (409).

    `unmet` lists every guard that is not met, so that a client can show them all at once.
    """

    status = 409
    code = "rejected"
    title = "The current state does not allow this"

    def __init__(self, detail: str, *, code: str | None = None, unmet: Sequence[Unmet] = ()) -> None:
        listed = [{"code": u.code, "message": u.message} for u in unmet]
        super().__init__(detail, code=code)
        if listed:
            self.extra["unmet"] = listed
        self.unmet = tuple(unmet)
        waits = [u.seconds for u in unmet if isinstance(u, Pending)]
        if waits and len(waits) == len(unmet):
            self.passes = True
            self.headers["Retry-After"] = str(max(waits))


class NotYet(Rejected):
    """Refused for now (409): what is missing is on its way from another service.

    Repeat it after `Retry-After` seconds.
    """

    passes = True

    def __init__(self, detail: str, *, code: str | None = None, retry_after: int = 1) -> None:
        super().__init__(detail, code=code)
        self.headers["Retry-After"] = str(retry_after)


class Invalid(Problem):
    """Input that no state would make right (422).

    `pointer` is an RFC 6901 pointer into the body, or a parameter's name.

    With `retry_after`, in seconds: what the input names may be on its way from another service.
    """

    status = 422
    code = "invalid"
    title = "The request is not valid"

    def __init__(self, detail: str, *, pointer: str = "", code: str = "invalid", retry_after: int | None = None) -> None:
        super().__init__(detail, code="invalid", errors=[{"pointer": pointer, "code": code, "message": detail}])
        if retry_after is not None:
            self.passes = True
            self.headers["Retry-After"] = str(retry_after)


class NotFound(Problem):
    """There is none, or the caller may not see it: the two look the same on purpose (404)."""

    status = 404
    code = "not_found"
    title = "Not found"


class Stale(Problem):
    """Somebody changed it first (412): read it again and decide again."""

    status = 412
    code = "stale"
    title = "It has changed since you read it"

    def __init__(self, current_version: int) -> None:
        super().__init__("Read it again, then repeat the change with the new ETag.", current_version=current_version)


class PreconditionRequired(Problem):
    status = 428
    code = "if_match_required"
    title = "If-Match is required"


class KeyInUse(Problem):
    """Another request with the same Idempotency-Key is on its way, or has just been answered."""

    status = 409
    code = "key_in_use"
    passes = True
    title = "The first request with this key is still running"

    def __init__(self) -> None:
        super().__init__("Ask again in a moment, with the same key.", headers={"Retry-After": "1"})


class Unauthorized(Problem):
    status = 401
    code = "unauthorized"
    title = "A valid access token is required"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


class Forbidden(Problem):
    status = 403
    code = "forbidden"
    title = "Your role does not allow this"


class Unavailable(Problem):
    """Overloaded, or the database is away (503).

    Nothing was changed; the caller may repeat it after `Retry-After` seconds.
    """

    status = 503
    code = "unavailable"
    title = "Not available right now"

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


def require(unmet: Sequence[Unmet], detail: str, code: str) -> None:
    """Raise `Rejected` with everything that is unmet; do nothing when all guards are met."""
    if unmet:
        raise Rejected(detail, code=code, unmet=unmet)
