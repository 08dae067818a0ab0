"""What routes depend on: who asks. What they may do is said by acts (`shared.http.permit`)."""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from shared.auth.actor import Actor
from shared.auth.verifier import Verifier
from shared.errors import Unauthorized

TOKEN_NAME = "access_token"
TOKEN = HTTPBearer(bearerFormat="JWT", description="An OIDC access token of the configured issuer.")
"""How the OpenAPI document shows what every route needs."""


async def authenticate(request: Request) -> Actor:
    """The actor of the request's bearer token; also kept at `request.state.actor`.

    Raises `Unauthorized` for a token that is not valid, and `Forbidden` for somebody who left.
    """
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("Send an access token: Authorization: Bearer <token>.")
    actor = await admit(request.app.state, token)
    request.state.actor = actor
    return actor


async def admit(state: Any, token: str) -> Actor:
    """Who the token was issued to, if the roster does not know them as inactive."""
    verifier: Verifier = state.verifier
    actor = await verifier.actor(token)
    await state.leavers.refuse(actor)
    return actor


async def current_actor(request: Request) -> Actor:
    """Who asks. The edge of a service has read the token before anything else of the request."""
    known: Actor | None = getattr(request.state, "actor", None)
    return known or await authenticate(request)


CurrentActor = Annotated[Actor, Depends(current_actor)]
