"""The key cache and the memory of verified tokens: rotation, outages, many callers at once."""

import asyncio
import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key

from shared.auth import Actor
from shared.auth import jwks as jwks_module
from shared.auth import verifier as verifier_module
from shared.errors import Unavailable
from tests.issuer_mock import ISSUER, NOW, World, ec


@pytest.fixture
def world() -> World:
    return World()


async def test_an_unknown_key_is_looked_up_once_and_then_not_for_half_a_minute(world: World) -> None:
    await world.verifier.actor(world.token())
    rotated = ec()
    world.ticks += 30
    assert "does not list" in await world.refusal(world.token(rotated))
    assert world.key_fetches == 2
    world.keys.append(rotated)
    world.ticks += 29
    await world.refusal(world.token(rotated))
    assert world.key_fetches == 2
    world.ticks += 1
    assert await world.verifier.actor(world.token(rotated))
    assert world.key_fetches == 3


async def test_the_issuer_may_be_down_for_a_day(world: World) -> None:
    token = world.token(exp=NOW + 200_000)
    await world.verifier.actor(token)
    world.up = False
    world.ticks += 86_399
    assert await world.verifier.actor(token)
    await world.settle()
    with pytest.raises(Unavailable):  # perhaps a new key, perhaps not: that cannot be said now
        await world.verifier.actor(world.token(ec()))
    world.ticks += 31
    with pytest.raises(Unavailable):
        await world.verifier.actor(token)
    world.up = True
    world.ticks += 31
    assert await world.verifier.actor(token)
    assert "does not list" in await world.refusal(world.token(ec()))


async def test_a_service_that_started_first_finds_its_issuer_a_second_later(world: World) -> None:
    world.up = False
    with pytest.raises(Unavailable):
        await world.verifier.actor(world.token())
    world.up = True
    world.ticks += 1
    assert await world.verifier.actor(world.token())


@pytest.mark.parametrize("document", [[], {}, {"issuer": ISSUER}, {"issuer": "https://other", "jwks_uri": "https://login.example/keys"}])
async def test_a_wrong_discovery_document_is_no_issuer(world: World, document: Any) -> None:
    world.document = document
    with pytest.raises(Unavailable):
        await world.verifier.actor(world.token())
    assert world.key_fetches == 0


async def test_a_given_key_address_needs_no_discovery() -> None:
    world = World(jwks_url="https://internal.example/keys")
    assert await world.verifier.actor(world.token())
    assert world.fetched == ["/keys"]


async def test_a_token_without_key_id_means_the_only_key(world: World) -> None:
    head = jws.serialize_compact({"alg": "ES256"}, json.dumps(world.claims()), world.keys[0])
    assert await world.verifier.actor(head)
    world.keys.append(ec())
    world.ticks += 600
    await world.verifier.actor(world.token())
    await world.settle()
    assert "does not list" in await world.refusal(head)


async def test_callers_who_wait_share_one_fetch_even_when_one_hangs_up(world: World) -> None:
    world.answering.clear()
    waiting = [asyncio.create_task(world.verifier.actor(world.token(jti=str(n)))) for n in range(50)]
    await world.settle()
    waiting[0].cancel()
    world.ticks += 2
    waiting.append(asyncio.create_task(world.verifier.actor(world.token(jti="late"))))
    await world.settle()
    world.answering.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert all(isinstance(actor, Actor) for actor in results[1:])
    assert world.key_fetches == 1


async def test_a_known_key_never_waits_for_the_issuer(world: World) -> None:
    token = world.token()
    await world.verifier.actor(token)
    world.ticks += 600
    world.answering.clear()
    for n in range(3):
        await asyncio.wait_for(world.verifier.actor(token), 30)
        await asyncio.wait_for(world.verifier.actor(world.token(jti=str(n))), 30)
    await world.settle()
    assert world.fetched.count("/realms/clinch/.well-known/openid-configuration") == 2
    await world.verifier.aclose()


async def test_an_issuer_that_hangs_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks_module, "TIMEOUT", 0.01)
    world.answering.clear()
    with pytest.raises(Unavailable):
        await world.verifier.actor(world.token())


async def test_a_remembered_token_is_not_verified_again_but_does_expire(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[object] = []

    def counting(signed: jws.CompactSignature, key: Key, registry: jws.JWSRegistry) -> bool:
        checked.append(signed)
        return jws.validate_compact(signed, key, registry=registry)

    monkeypatch.setattr(verifier_module, "validate_compact", counting)
    token = world.token()
    first = await world.verifier.actor(token)
    world.now = NOW + 329
    assert await world.verifier.actor(token) is first
    assert len(checked) == 1
    world.now = NOW + 330
    assert "has expired" in await world.refusal(token)


async def test_a_withdrawn_key_ends_its_tokens_although_they_are_remembered(world: World) -> None:
    token = world.token(exp=NOW + 86_400)
    await world.verifier.actor(token)
    world.keys = [ec()]
    world.ticks += 600
    await world.verifier.actor(token)  # the last time: this request starts the refresh
    await world.settle()
    assert "does not list" in await world.refusal(token)


async def test_a_key_id_used_again_for_another_key_ends_the_old_tokens(world: World) -> None:
    token = world.token()
    await world.verifier.actor(token)
    world.keys = [ECKey.generate_key("P-256", {"kid": world.keys[0].kid or ""})]
    world.ticks += 600
    await world.verifier.actor(token)
    await world.settle()
    assert "signature is wrong" in await world.refusal(token)


async def test_the_memory_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier_module, "REMEMBERED", 3)
    tokens = [world.token(jti=str(n)) for n in range(4)]
    first = await world.verifier.actor(tokens[0])
    for token in [*tokens[1:3], tokens[0], tokens[3]]:
        await world.verifier.actor(token)
    assert await world.verifier.actor(tokens[0]) is first
    assert len(world.verifier._verified) == 3
