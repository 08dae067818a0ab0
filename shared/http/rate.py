"""How many requests a principal may send: a token bucket that holds over all processes of a service.

The bucket is a row in Postgres. No request waits for it as a rule: each process leases a portion of its tokens and asks for the next one,
beside the requests, when half of it is used. So all processes together stay within the limit and one portion each. While the database is
away, nobody is refused because of the limit. Probes and requests without a valid token are not counted.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from prometheus_client import Counter

from shared.db.pool import Pool
from shared.errors import Problem
from shared.policy.parts import Requests

PORTIONS = 20
"""Of a full bucket: what a process leases at a time."""
PRINCIPALS = 10_000
"""Leases that a process keeps; the one that was not used for longest goes first."""
AWAY_SECONDS = 1.0
"""For so long a process that could not ask gives tokens by itself."""

# Of the machine's time: it is the machine that the limit protects.
_FULL = "least($2::float8, b.tokens + $3::float8 * greatest(0, extract(epoch FROM clock_timestamp() - b.at)))"
_TAKE = f"""
INSERT INTO rate_limit AS b (principal, tokens, taken, at) VALUES ($1, $2::float8 - $4::int, $4::int, clock_timestamp())
ON CONFLICT (principal) DO UPDATE SET
  tokens = {_FULL} - least($4::int, floor({_FULL})), taken = least($4::int, floor({_FULL})), at = greatest(b.at, clock_timestamp())
RETURNING taken, tokens
"""
FORGET_OLD = "DELETE FROM rate_limit WHERE at < clock_timestamp() - interval '1 day'"

REFUSED = Counter("clinch_rate_limited_total", "Requests that were refused because their principal had sent too many.", ["service"])
_log = structlog.get_logger()


class TooMany(Problem):
    """More requests than the principal may send (429). Repeat it after `Retry-After` seconds."""

    status = 429
    code = "rate_limited"
    passes = True
    title = "Too many requests"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"You have sent too many requests; repeat this one in {seconds} s.", headers={"Retry-After": str(seconds)})


@dataclass(slots=True)
class _Lease:
    """What a process may give to a principal without asking."""

    left: int = 0
    known: float = 0.0
    """Tokens that were in the bucket when it was asked last."""
    again: float = float("-inf")
    """When it makes sense to ask again."""
    asking: asyncio.Task[None] | None = field(default=None)


class Limiter:
    """The limit of one service in one process; `limits` gives the numbers that count now."""

    def __init__(self, db: Pool, limits: Callable[[], Requests], service: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._db, self._limits, self._service, self._clock = db, limits, service, clock
        self._leases: OrderedDict[UUID, _Lease] = OrderedDict()
        REFUSED.labels(service)  # there from the beginning, so that the first one is an increase

    async def count(self, principal: UUID, limits: Requests | None = None) -> tuple[tuple[bytes, bytes], ...]:
        """Count a request; the headers that tell how many are left. Raises `TooMany`, which has them too.

        `limits`: other ones than those of the service, for a bucket of its own.
        """
        limits = limits or self._limits()
        if not limits.per_minute:
            return ()
        lease = self._leases.get(principal)
        if lease is None:
            lease = self._leases[principal] = _Lease()
            if len(self._leases) > PRINCIPALS:
                self._leases.popitem(last=False)
        portion = _portion(limits)
        if lease.left * 2 <= portion:
            # A small portion is gone when many have waited for it, so whoever got none of it asks for the next one.
            while (asking := self._asking(principal, lease, limits)) is not None and lease.left <= 0:
                # Shielded: a caller who hangs up must not cancel what others wait for.
                await asyncio.shield(asking)
            self._leases.move_to_end(principal)
        if lease.left <= 0:
            REFUSED.labels(self._service).inc()
            raise TooMany(max(1, math.ceil(lease.again - self._clock())))
        lease.left -= 1
        return told(limits, lease.left + int(lease.known))

    async def aclose(self) -> None:
        asking = [lease.asking for lease in self._leases.values() if lease.asking is not None]
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def _asking(self, principal: UUID, lease: _Lease, limits: Requests) -> "asyncio.Task[None] | None":
        """The question for more, which begins if none is on its way; None while there is nothing to get."""
        if lease.asking is None and self._clock() >= lease.again:
            lease.asking = asyncio.create_task(self._ask(principal, lease, limits), name="rate limit")
        return lease.asking

    async def _ask(self, principal: UUID, lease: _Lease, limits: Requests) -> None:
        rate, portion = limits.per_minute / 60, _portion(limits)
        try:
            async with self._db.connection() as conn:
                row = await conn.fetchrow(_TAKE, principal, float(limits.burst), rate, portion)
        except Exception as error:
            _log.warning("rate_limit_not_asked", service=self._service, error=type(error).__name__)
            lease.left, lease.known, lease.again = portion, 0.0, self._clock() + AWAY_SECONDS
        else:
            lease.left, lease.known = lease.left + row["taken"], row["tokens"]
            # Nearly empty: ask again when there is something, not with each request.
            lease.again = self._clock() + (0.0 if row["taken"] else max(0.2, (1 - row["tokens"]) / rate))
        finally:
            lease.asking = None


def _portion(limits: Requests) -> int:
    return max(1, limits.burst // PORTIONS)


def told(limits: Requests, left: int) -> tuple[tuple[bytes, bytes], ...]:
    """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11): quota and window, what is left, until all is back."""
    back = math.ceil(max(0, limits.burst - left) * 60 / limits.per_minute)
    return (
        (b"ratelimit-policy", b'"principal";q=%d;w=60' % limits.per_minute),
        (b"ratelimit", b'"principal";r=%d;t=%d' % (left, back)),
    )
