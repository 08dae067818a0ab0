"""Access tokens to actors: an OIDC resource server (RFC 9068), and nothing more.

Sessions and sign-in are the issuer's.
"""

import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import Key
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact

from shared.auth.actor import Actor, Role, person_id
from shared.auth.jwks import TIMEOUT, Jwks
from shared.errors import Forbidden, Unauthorized
from shared.tls import trusted

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Public-key signatures only; `none` and the HMAC family can never be enabled."""
LEEWAY = 30
"""Seconds by which the issuer's clock and ours may differ."""
REMEMBERED = 10_000
"""Verified tokens kept at most, about 600 bytes each."""
_SCOPE = re.compile(r"[a-z_]{1,40}:(read|write)")


class _Registry(JWSRegistry):
    """The allow-list and nothing else. joserfc's own warns at each `EdDSA`, which RFC 9864 renames and issuers still send."""

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


# Unknown header fields are to be ignored (RFC 7515 §4), hence not strict; `crit` is refused below.
_JWS = _Registry(strict_check_header=False)


@dataclass(frozen=True, slots=True)
class _Verified:
    actor: Actor
    until: float
    kid: str | None
    key: Key


class Verifier:
    """Checks access tokens of one issuer for one audience. One per process, at `app.state.verifier`.

    Verified tokens are remembered by their SHA-256 until they expire, because a signature costs over 100 µs and a client
    sends the same token for minutes. What that means for revocation: nothing is revoked before `exp` here, as with every
    self-contained token, so issuers should give out short ones. Withdrawing a signing key does work early: a remembered token
    counts only while the very key object that verified it is in the key set, so it is checked afresh after each key refresh
    (10 minutes) and refused when its key is gone. Changed roles take effect with the next token.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        jwks_url: str | None = None,
        roles_claim: str = "roles",
        subject_claim: str = "sub",
        http: httpx.AsyncClient | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`now` is the wall clock in Unix seconds, which claims are held against; `clock` the one that ages the keys."""
        self._issuer = issuer
        self._audience = audience
        self._roles_claim = roles_claim
        self._subject_claim = subject_claim
        self._http = http or httpx.AsyncClient(timeout=TIMEOUT, verify=trusted())
        self._keys = Jwks(issuer, self._http, url=jwks_url, clock=clock)
        self._now = now
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    async def actor(self, token: str) -> Actor:
        """Who the token was issued to.

        Raises `Unauthorized` with what was wrong (never the token), `Forbidden` for a good token without a role of ours, and
        `Unavailable` when the issuer's keys cannot be had.
        """
        digest = sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known and self._now() < known.until and await self._keys.find(known.kid) is known.key:
            self._verified[digest] = known  # another request may have dropped it meanwhile
            self._verified.move_to_end(digest)
            return known.actor
        self._verified.pop(digest, None)
        verified = await self._verify(token)
        self._verified[digest] = verified
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)
        return verified.actor

    async def aclose(self) -> None:
        await self._keys.aclose()
        await self._http.aclose()

    async def _verify(self, token: str) -> _Verified:
        # The claims come first: they are cheap, they say more than "unknown key" when a client asks the wrong issuer, and
        # such a token then never makes us fetch keys. All checks must pass, so their order opens nothing.
        signed, claims = _read(token)
        until = self._check_claims(claims)
        kid = signed.headers().get("kid")
        key = await self._keys.find(kid)
        if key is None:
            raise Unauthorized("The token is signed with a key that the issuer does not list.")
        try:
            genuine = validate_compact(signed, key, registry=_JWS)
        except (JoseError, ValueError):
            raise Unauthorized("The token's algorithm and the issuer's key do not go together.") from None
        if not genuine:
            raise Unauthorized("The token's signature is wrong.")
        return _Verified(self._actor_of(claims), until, kid, key)

    def _check_claims(self, claims: Mapping[str, Any]) -> float:
        """Returns the Unix time from which the token counts no more."""
        now = self._now()
        if claims.get("iss") != self._issuer:
            raise Unauthorized(f"The token comes from another issuer; expected is {self._issuer}.")
        audience = claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise Unauthorized(f"The token is meant for another audience; expected is {self._audience}.")
        expires = _time(claims, "exp")
        if expires is None:
            raise Unauthorized("The token has no expiry (exp).")
        if expires + LEEWAY <= now:
            raise Unauthorized("The token has expired.")
        starts, issued = _time(claims, "nbf"), _time(claims, "iat")
        if starts is not None and starts - LEEWAY > now:
            raise Unauthorized("The token is not valid yet (nbf).")
        if issued is not None and (issued - LEEWAY > now or issued > expires):
            raise Unauthorized("The token's time of issue (iat) is in the future or after its expiry.")
        return expires + LEEWAY

    def _actor_of(self, claims: Mapping[str, Any]) -> Actor:
        subject = _claim(claims, self._subject_claim)
        if not isinstance(subject, str) or not subject:
            raise Unauthorized(f"The token names nobody: the claim {self._subject_claim} is missing.")
        names = _words(_claim(claims, self._roles_claim))
        # Issuers add roles of other applications, which are passed over; `system` is not for tokens to give.
        roles = [role for role in Role if role in names and role is not Role.system]
        if not roles:
            raise Forbidden(f"The token gives none of Clinch's roles in the claim {self._roles_claim}.")
        # Some issuers give a client its scopes as roles: Entra's app roles, Keycloak's roles of a service account.
        scopes = [name for name in (*_words(_claim(claims, "scope")), *names) if isinstance(name, str) and _SCOPE.fullmatch(name)]
        return Actor.of(person_id(subject), roles, scopes)


def _words(given: Any) -> list[Any]:
    """What a claim lists, as one text or as several."""
    return given.split() if isinstance(given, str) else given if isinstance(given, list) else []


def _read(token: str) -> tuple[CompactSignature, dict[str, Any]]:
    try:
        signed = extract_compact(token.encode(), registry=_JWS)
        claims = json.loads(signed.payload or b"")
        header = signed.headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Unauthorized("The token is not a signed JWT.") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Unauthorized("The token is not a signed JWT.")
    if header.get("alg") not in ALGORITHMS:
        raise Unauthorized(f"The token's algorithm is not accepted; accepted are {', '.join(ALGORITHMS)}.")
    if "crit" in header or not isinstance(header.get("kid"), str | None):
        raise Unauthorized("The token's header asks for something that is not supported.")
    return signed, claims


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519 §2), or None where the claim is absent.

    JSON's Infinity, or 1e400, would be a token for ever.
    """
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise Unauthorized(f"The token's {name} is not a time.")
    return value


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """The claim at a path such as realm_access.roles; a name that itself has dots (https://example.com/roles) is tried first."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
