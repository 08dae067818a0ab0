"""Access tokens: everything that must be refused, roles and ids, and the dependencies of routes."""

import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc import jws
from joserfc.jwk import Key, OctKey, OKPKey, RSAKey

from shared.acts import who
from shared.auth import SYSTEM, Actor, CurrentActor, Role, person_id
from shared.errors import Forbidden, Problem, Unauthorized
from shared.http.operators import OPERATE
from shared.http.permit import permitted
from shared.ids import external_id
from tests.issuer_mock import ISSUER, NOW, World, ec

RSA = RSAKey.generate_key(2048, auto_kid=True)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("key", "alg"),
    [(RSA, "RS256"), (RSA, "PS256"), (ec(), "ES256"), (OKPKey.generate_key("Ed25519", auto_kid=True), "EdDSA")],
)
async def test_every_allowed_algorithm_is_verified(world: World, key: Key, alg: str, recwarn: pytest.WarningsRecorder) -> None:
    world.keys = [key]
    token = world.token(alg=alg)
    recwarn.clear()
    actor = await world.verifier.actor(token)
    assert actor == Actor(external_id("person", "w.jun"), "person", Role.rep, frozenset({Role.rep}))
    assert not recwarn.list


async def test_an_unsigned_token_is_refused(world: World) -> None:
    head, body, _ = world.token().split(".")
    unsigned = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    assert "algorithm is not accepted" in await world.refusal(f"{unsigned}.{body}.")
    assert "signature is wrong" in await world.refusal(f"{head}.{body}.")


async def test_a_public_key_is_no_hmac_secret(world: World) -> None:
    world.keys = [RSA]
    body = world.token(RSA, "RS256").split(".")[1]
    head = world.token(OctKey.generate_key(256), "HS256", header={"kid": RSA.kid}).split(".")[0]
    for secret in (RSA.as_pem(private=False), RSA.as_pem(private=False).strip(), RSA.as_der(private=False)):
        mac = urlsafe_b64encode(hmac.digest(secret, f"{head}.{body}".encode(), "sha256")).rstrip(b"=").decode()
        assert "algorithm is not accepted" in await world.refusal(f"{head}.{body}.{mac}")


async def test_a_symmetric_key_in_the_key_set_is_ignored(world: World) -> None:
    secret = OctKey.generate_key(256, auto_kid=True)
    world.extra_keys = [secret.as_dict(private=True), {"kty": "EC", "crv": "P-999", "kid": "odd"}, "garbage"]
    await world.verifier.actor(world.token())
    world.ticks += 60
    assert "does not list" in await world.refusal(world.token(header={"kid": secret.kid}))


async def test_algorithm_and_key_must_go_together(world: World) -> None:
    assert "do not go together" in await world.refusal(world.token(RSA, "RS256", header={"kid": world.keys[0].kid}))
    world.keys[0] = RSAKey.import_key({**RSA.as_dict(private=True), "alg": "PS256"})
    world.ticks += 60
    assert "do not go together" in await world.refusal(world.token(RSA, "RS256"))
    encryption = ec()
    world.extra_keys = [encryption.as_dict(private=False, use="enc")]
    world.ticks += 60
    assert "does not list" in await world.refusal(world.token(encryption))


async def test_a_changed_token_is_refused(world: World) -> None:
    head, _, signature = world.token().split(".")
    _, forged, _ = world.token(roles=["admin"]).split(".")
    assert "signature is wrong" in await world.refusal(f"{head}.{forged}.{signature}")
    assert "signature is wrong" in await world.refusal(world.token(ec(), header={"kid": world.keys[0].kid}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"iss": "https://login.example/realms/other"}, f"expected is {ISSUER}"),
        ({"iss": ISSUER + "/"}, "another issuer"),
        ({"iss": [ISSUER]}, "another issuer"),
        ({"aud": "billing"}, "expected is clinch"),
        ({"aud": ["billing", "clinch2"]}, "another audience"),
        ({"aud": None}, "another audience"),
        ({"exp": None}, "no expiry"),
        ({"exp": NOW - 30}, "has expired"),
        ({"exp": True}, "exp is not a time"),
        ({"exp": float("inf")}, "exp is not a time"),
        ({"exp": float("nan")}, "exp is not a time"),
        ({"exp": 10**400}, "exp is not a time"),
        ({"exp": "tomorrow"}, "exp is not a time"),
        ({"nbf": NOW + 31}, "not valid yet"),
        ({"iat": NOW + 31}, "time of issue"),
        ({"iat": NOW + 20, "exp": NOW + 10}, "time of issue"),
        ({"sub": None}, "names nobody"),
        ({"sub": 7}, "names nobody"),
    ],
)
async def test_wrong_claims_are_refused_by_name(world: World, changes: dict[str, Any], says: str) -> None:
    assert says in await world.refusal(world.token(**changes))


@pytest.mark.parametrize(
    "changes", [{"exp": NOW - 29}, {"nbf": NOW + 30}, {"iat": NOW + 30}, {"aud": ["billing", "clinch"]}, {"iat": None}]
)
async def test_clocks_may_differ_by_thirty_seconds(world: World, changes: dict[str, Any]) -> None:
    changes = {"iat": NOW - 3600, **changes} if "exp" in changes else changes
    assert (await world.verifier.actor(world.token(**changes))).has(Role.rep)


@pytest.mark.parametrize(
    "token",
    [
        *("", "x", "a.b.c", "..", "é.é.é", "A" * 200_000, "e30.e30."),
        *("WyJhbGciXQ.e30.AA", "ImFsZyI.e30.AA", "eyJhbGciOltdfQ.e30.AA"),  # headers ["alg"], "alg" and {"alg":[]}
        *("eyJhbGciOiJFUzI1NiJ9.W10.AA", "eyJhbGciOiJFUzI1NiJ9." + "W1tb" * 30_000 + ".AA"),  # payloads [] and [[[[...
    ],
)
async def test_garbage_is_refused_without_asking_the_issuer(world: World, token: str) -> None:
    with pytest.raises(Unauthorized):
        await world.verifier.actor(token)
    assert world.fetched == []


async def test_critical_headers_and_odd_key_ids_are_refused(world: World) -> None:
    signed = world.token().split(".")[1:]
    for head in ({"alg": "ES256", "crit": ["exp"], "exp": 1}, {"alg": "ES256", "kid": {"a": 1}}):
        encoded = jws.serialize_compact({"alg": "ES256"}, json.dumps(head), world.keys[0]).split(".")[1]
        assert "not supported" in await world.refusal(".".join([encoded, *signed]))


async def test_roles_are_read_from_a_nested_path_and_others_are_passed_over() -> None:
    world = World(roles_claim="realm_access.roles", subject_claim="user.key")
    token = world.token(roles=None, realm_access={"roles": ["offline_access", "rep", "manager", "system", 3]}, user={"key": "k1"})
    actor = await world.verifier.actor(token)
    assert actor == Actor(person_id("k1"), "person", Role.manager, frozenset({Role.manager, Role.rep}))
    for realm in ({"roles": ["system"]}, {"roles": 5}, "roles", None):
        with pytest.raises(Forbidden, match=r"realm_access\.roles"):
            await world.verifier.actor(world.token(roles=None, realm_access=realm, user={"key": "k1"}))


async def test_a_claim_name_may_have_dots_and_a_service_is_no_person() -> None:
    world = World(roles_claim="https://example.com/roles")
    named: dict[str, Any] = {"https://example.com/roles": "service ops"}
    actor = await world.verifier.actor(world.token(roles=None, **named))
    assert (actor.type, actor.role) == ("service", Role.ops)


def test_a_subject_and_an_imported_owner_key_meet_in_one_id() -> None:
    uuid = uuid4()
    assert person_id(str(uuid)) == person_id(str(uuid).upper()) == uuid
    assert person_id(uuid.hex) == external_id("person", uuid.hex) != uuid
    assert person_id("emp-17") == external_id("person", "emp-17")
    assert (SYSTEM.type, SYSTEM.has(Role.system), SYSTEM.has(Role.admin, Role.rep)) == ("system", True, False)


APPROVE = replace(OPERATE, who=who(Role.manager, Role.director))


class _Nobody:
    """Nobody left: who did is tested in test_leavers.py."""

    async def refuse(self, actor: Actor) -> None:
        pass


@pytest.fixture
def client(world: World) -> httpx.AsyncClient:
    app = FastAPI()
    app.state.verifier = world.verifier
    app.state.leavers = _Nobody()

    @app.get("/me")
    async def me(actor: CurrentActor, request: Request) -> dict[str, Any]:
        return {"id": actor.id, "kept": request.state.actor is actor}

    @app.get("/approve", dependencies=[permitted(APPROVE)])
    async def approve() -> str:
        return "done"

    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> JSONResponse:
        return JSONResponse({"detail": error.detail}, error.status, error.headers)

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api")


async def test_a_route_knows_its_actor(world: World, client: httpx.AsyncClient) -> None:
    answer = await client.get("/me", headers={"Authorization": f"bearer {world.token()}"})
    assert (answer.status_code, answer.json()) == (200, {"id": str(person_id("w.jun")), "kept": True})
    basic = f"Basic {world.token()}".encode()
    for sent in (None, b"", basic, b"Bearer", b"Bearer \xe9.\xe9.\xe9"):
        answer = await client.get("/me", headers=[] if sent is None else [(b"Authorization", sent)])
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


async def test_a_refusal_names_the_right_roles(world: World, client: httpx.AsyncClient) -> None:
    answer = await client.get("/approve", headers={"Authorization": f"Bearer {world.token(roles=['admin', 'rep'])}"})
    assert (answer.status_code, answer.json()["detail"]) == (403, "This is for the role director or manager.")
    answer = await client.get("/approve", headers={"Authorization": f"Bearer {world.token(roles=['rep', 'director'])}"})
    assert answer.status_code == 200
