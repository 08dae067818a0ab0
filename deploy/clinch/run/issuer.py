"""The development issuer: signs tokens for the sample people, so that an embedded run checks tokens by the same code as production.

It gives anybody a token for any role. That is its purpose, and why it refuses to start in production.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from clinch.errors import CommandError
from clinch.run.people import SAMPLE_PEOPLE, SamplePerson
from shared.auth import Role, person_id
from shared.clock import Clock, utcnow
from shared.ids import new_id

DEFAULT_TTL = 3_600
"""Seconds that a token is good for, unless asked otherwise."""
MAX_TTL = 86_400

_ROLES = [role.value for role in Role if role is not Role.system]
_BY_KEY = {person.key: person for person in SAMPLE_PEOPLE}
_BY_ID = {person.id: person for person in SAMPLE_PEOPLE}


class TokenRefused(ValueError):
    """A token request that makes no sense; answered as RFC 6749 §5.2 says."""


@dataclass(frozen=True)
class Issuer:
    """Signs tokens with a key of its own (ES256)."""

    key: ECKey
    issuer: str
    audience: str
    clock: Clock = utcnow

    def token(self, *, role: str | None = None, sub: str | None = None, scope: str | None = None, ttl: int = DEFAULT_TTL) -> str:
        """An access token that is good for `ttl` seconds (1 to 86400).

        `sub` is a sample person's key or id, or any other subject; without it the role's first sample person is meant. Without
        `role` the sample person's own is given. `scope`: what a token of the role service may do, `leads:write deals:read`. Raises
        `TokenRefused`.
        """
        person = _person(role, sub)
        given = role or (person.role if person else None)
        if given is None:
            raise TokenRefused("give a role, or as sub one of the sample people")
        if given not in _ROLES:
            raise TokenRefused(f"there is no such role; roles are {', '.join(_ROLES)}")
        if not 1 <= ttl <= MAX_TTL:
            raise TokenRefused(f"ttl is in seconds, from 1 to {MAX_TTL}")
        if scope and given != Role.service:
            raise TokenRefused("scopes are for the role service")
        subject = person.key if person else sub or f"dev-{given}"
        issued = int(self.clock().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": str(person_id(subject)),
            "roles": [str(given)],
            "name": person.name if person else subject,
            "iat": issued,
            "exp": issued + ttl,
            "jti": str(new_id()),
        } | ({"scope": scope} if scope else {})
        return jwt.encode({"alg": "ES256", "kid": self.key.kid, "typ": "at+jwt"}, claims, self.key)


def issuer_app(*, key_file: Path, issuer: str, audience: str, env: str, clock: Clock = utcnow) -> FastAPI:
    """The issuer as an app to be mounted where `issuer` (its exact URL) points. Raises `CommandError` (2)."""
    if env == "production":
        raise CommandError("With CLINCH_ENV=production there is no development issuer: name your identity provider in CLINCH_ISSUER.", 2)
    signer = Issuer(load_key(key_file), issuer, audience, clock)
    base = issuer.rstrip("/")
    app = FastAPI(title="Clinch development issuer", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.issuer = signer

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": issuer,
            "jwks_uri": f"{base}/jwks",
            "token_endpoint": f"{base}/token",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    @app.get("/jwks")
    async def jwks() -> dict[str, Any]:
        return {"keys": [signer.key.as_dict(private=False, use="sig", alg="ES256")]}

    @app.post("/token")
    async def token(request: Request) -> Response:
        try:
            asked = await _asked(request)
            ttl = _seconds(asked.get("ttl", DEFAULT_TTL))
            access = signer.token(role=_text(asked, "role"), sub=_text(asked, "sub"), scope=_text(asked, "scope"), ttl=ttl)
        except TokenRefused as refused:
            return JSONResponse({"error": "invalid_request", "error_description": str(refused)}, status_code=400)
        body = {"access_token": access, "token_type": "Bearer", "expires_in": ttl}
        return JSONResponse(body, headers={"Cache-Control": "no-store"})  # RFC 6749 §5.1

    @app.get("/people")
    async def people() -> dict[str, Any]:
        return {"items": [{"id": person.id, **asdict(person)} for person in SAMPLE_PEOPLE]}

    return app


def load_key(key_file: Path) -> ECKey:
    """The signing key in this file, made at the first start; readable by its owner only.

    Several processes may start at once: each writes a file of its own and links it into place, which only the first can do.
    """
    try:
        if not key_file.exists():
            _make_key(key_file)
        key = ECKey.import_key(json.loads(key_file.read_text()))
    except OSError as error:
        raise CommandError(f"The development issuer needs its key in {key_file}: {error.strerror}.", 2) from None
    except (ValueError, TypeError, KeyError, JoseError):
        raise CommandError(f"{key_file} holds no signing key: delete the file to have a new one made.", 2) from None
    if not key.is_private:
        raise CommandError(f"{key_file} holds only a public key: delete the file to have a new one made.", 2)
    key.ensure_kid()
    return key


def _make_key(key_file: Path) -> None:
    key_file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=key_file.parent, prefix=f".{key_file.name}.") as draft:  # mode 0600
        json.dump(ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True), draft)
        draft.flush()
        os.fsync(draft.fileno())
        with suppress(FileExistsError):
            os.link(draft.name, key_file)


def _person(role: str | None, sub: str | None) -> SamplePerson | None:
    if sub:
        return _BY_KEY.get(sub) or _BY_ID.get(person_id(sub))
    return next((person for person in SAMPLE_PEOPLE if person.role == role), None)


async def _asked(request: Request) -> Mapping[str, Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            raise TokenRefused("the body is not JSON") from None
        if not isinstance(body, dict):
            raise TokenRefused("the body must be a JSON object")
        return body
    return await request.form()


def _text(asked: Mapping[str, Any], name: str) -> str | None:
    value = asked.get(name)
    if value is not None and not isinstance(value, str):
        raise TokenRefused(f"{name} must be text")
    return value or None


def _seconds(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise TokenRefused("ttl must be a whole number of seconds") from None
