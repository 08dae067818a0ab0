"""The issuer's public keys (RFC 7517), found by OIDC discovery, kept fresh in the background."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from shared.errors import Unavailable

FRESH = 600.0
"""Seconds after which the keys are fetched again, while the old ones still serve."""
KEEP = 86_400.0
"""Seconds that the last good keys are trusted while the issuer cannot be reached."""
PAUSE = 30.0
"""Seconds between two fetches at least, so that tokens with invented key ids cannot make us flood the issuer."""
FIRST_PAUSE = 1.0
"""The same while there is no key yet: a service that started before its issuer must not wait half a minute."""
TIMEOUT = 5.0
"""Seconds that one refresh, discovery included, may take."""

_ASYMMETRIC = {"RSA", "EC", "OKP"}
_log = structlog.get_logger()


class Jwks:
    """Keys by `kid`.

    A known key never waits for the network; only an unknown one does, and all who wait share one fetch.
    """

    def __init__(
        self, issuer: str, http: httpx.AsyncClient, *, url: str | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._http = http
        self._url = url
        self._clock = clock
        self._keys: Mapping[str | None, Key] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._failed = False
        self._refreshing: asyncio.Task[None] | None = None

    async def find(self, kid: str | None) -> Key | None:
        """The key with this id, or None when the issuer lists no such key.

        Without an id the issuer's only key is meant. Raises `Unavailable` when the issuer cannot be asked and the keys at hand
        do not answer: the token may well be good, so this is no 401.
        """
        now = self._clock()
        age = now - self._fetched_at
        key = self._keys.get(kid) if age < KEEP else None
        if key is None or age >= FRESH:
            self._refresh_unless_just_done(now)
        if key is None and self._refreshing is not None:
            # Shielded: a caller who hangs up must not cancel the fetch that others wait for.
            await asyncio.shield(self._refreshing)
            key = self._keys.get(kid) if self._clock() - self._fetched_at < KEEP else None
        if key is None and self._failed:
            raise Unavailable("The token cannot be checked now, because the identity provider does not answer.", retry_after=5)
        return key

    async def aclose(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)

    def _refresh_unless_just_done(self, now: float) -> None:
        pause = PAUSE if self._keys else FIRST_PAUSE
        if self._refreshing is None and now - self._tried_at >= pause:
            self._tried_at = now
            self._refreshing = asyncio.create_task(self._refresh(now), name="jwks")

    async def _refresh(self, now: float) -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                self._keys = _usable(await self._fetch())
            self._fetched_at, self._failed = now, False
        except Exception as error:
            # Whatever it was, the last good keys go on serving, and the next attempt is at most half a minute away.
            self._failed = True
            _log.warning("jwks_refresh_failed", issuer=self._issuer, reason=str(error) or type(error).__name__)
        finally:
            self._refreshing = None

    async def _fetch(self) -> dict[str, Any]:
        url = self._url
        if url is None:
            about = await self._get(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
            if about.get("issuer") != self._issuer:  # OpenID Connect Discovery 1.0 §4.3
                raise ValueError("the discovery document names another issuer")
            url = about.get("jwks_uri")
            if not isinstance(url, str):
                raise ValueError("the discovery document has no jwks_uri")
        return await self._get(url)

    async def _get(self, url: str) -> dict[str, Any]:
        response = await self._http.get(url, headers={"Accept": "application/json"})
        response.raise_for_status()
        document = response.json()
        if not isinstance(document, dict):
            raise ValueError(f"{url} did not answer with a JSON object")
        return document


def _usable(document: Mapping[str, Any]) -> Mapping[str | None, Key]:
    """The public signing keys of a key set by id.

    One that we cannot read does not spoil the others (RFC 7517 §5).
    """
    listed = document.get("keys")
    keys: dict[str | None, Key] = {}
    for jwk in listed if isinstance(listed, list) else []:
        if not isinstance(jwk, dict) or jwk.get("kty") not in _ASYMMETRIC or jwk.get("use", "sig") != "sig":
            continue
        try:
            key = JWKRegistry.import_key(jwk)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        key.ensure_kid()
        keys.setdefault(key.kid, key)
    if not keys:
        raise ValueError("the issuer lists no key that this API can use")
    if len(keys) == 1:
        keys[None] = next(iter(keys.values()))
    return keys
