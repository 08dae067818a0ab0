"""An OIDC issuer on a mock transport, with clocks that a test moves."""

import asyncio
from typing import Any

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key

from shared.auth import Verifier
from shared.errors import Unauthorized

ISSUER = "https://login.example/realms/clinch"
AUDIENCE = "clinch"
NOW = 1_800_000_000.0


def ec() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


class World:
    """An issuer on a mock transport, two clocks, and a verifier that trusts the issuer."""

    def __init__(self, **options: Any) -> None:
        self.keys: list[Key] = [ec()]
        self.now, self.ticks = NOW, 1_000.0
        self.up = True
        self.answering = asyncio.Event()
        self.answering.set()
        self.fetched: list[str] = []
        self.document: Any = {"issuer": ISSUER, "jwks_uri": "https://login.example/keys"}
        self.extra_keys: list[Any] = []
        self.verifier = Verifier(
            ISSUER,
            AUDIENCE,
            http=httpx.AsyncClient(transport=httpx.MockTransport(self._answer)),
            now=lambda: self.now,
            clock=lambda: self.ticks,
            **options,
        )

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.fetched.append(request.url.path)
        await self.answering.wait()
        if not self.up:
            raise httpx.ConnectError("refused")
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return httpx.Response(200, json=self.document)
        return httpx.Response(200, json={"keys": [*self.extra_keys, *(key.as_dict(private=False) for key in self.keys)]})

    @property
    def key_fetches(self) -> int:
        return self.fetched.count("/keys")

    def claims(self, **changes: Any) -> dict[str, Any]:
        base = {"iss": ISSUER, "aud": AUDIENCE, "sub": "w.jun", "roles": ["rep"], "iat": NOW, "exp": NOW + 300}
        return {name: value for name, value in {**base, **changes}.items() if value is not None}

    def token(self, key: Key | None = None, alg: str = "ES256", header: dict[str, Any] | None = None, **changes: Any) -> str:
        signer = key or self.keys[0]
        head = {"alg": alg, "kid": signer.kid, **(header or {})}
        registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
        return jwt.encode(head, self.claims(**changes), signer, registry=registry)

    async def refusal(self, token: str) -> str:
        with pytest.raises(Unauthorized) as caught:
            await self.verifier.actor(token)
        assert token not in caught.value.detail
        return caught.value.detail

    async def settle(self) -> None:
        """Let a background refresh finish."""
        for _ in range(20):
            await asyncio.sleep(0)
