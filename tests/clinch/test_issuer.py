"""The development issuer: a real verifier accepts what it signs, and it never runs in production."""

import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

from clinch.errors import CommandError
from clinch.run.issuer import _make_key, issuer_app, load_key
from clinch.run.people import SAMPLE_PEOPLE, SAMPLE_TEAMS
from shared.auth import Role, Verifier, person_id
from shared.errors import Unauthorized

URL = "http://127.0.0.1:8000/dev-issuer"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "issuer-key.json"


@pytest.fixture
def http(key_file: Path) -> httpx.AsyncClient:
    outer = FastAPI()
    outer.mount("/dev-issuer", issuer_app(key_file=key_file, issuer=URL, audience="clinch", env="development"))
    return httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url=URL)


async def token(http: httpx.AsyncClient, **asked: Any) -> str:
    answer = await http.post(f"{URL}/token", json=asked)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def test_the_services_verifier_accepts_every_sample_person(http: httpx.AsyncClient) -> None:
    verifier = Verifier(URL, "clinch", http=http)
    for person in SAMPLE_PEOPLE:
        actor = await verifier.actor(await token(http, sub=person.key))
        assert (actor.id, actor.role, actor.type) == (person.id, person.role, "person")
    for role in (role for role in Role if role is not Role.system):
        actor = await verifier.actor(await token(http, role=role))
        assert (actor.id, actor.role) == (person_id(f"dev-{role}"), role)
    assert actor.roles == {actor.role}


async def test_a_token_of_another_audience_or_key_is_not_accepted(http: httpx.AsyncClient, tmp_path: Path) -> None:
    with pytest.raises(Unauthorized, match="audience"):
        await Verifier(URL, "billing", http=http).actor(await token(http, role="rep"))
    forged = issuer_app(key_file=tmp_path / "other.json", issuer=URL, audience="clinch", env="test").state.issuer.token(role="admin")
    with pytest.raises(Unauthorized, match="does not list"):
        await Verifier(URL, "clinch", http=http).actor(forged)


async def test_forms_are_read_too_and_the_claims_are_complete(http: httpx.AsyncClient, key_file: Path) -> None:
    answer = await http.post(f"{URL}/token", data={"role": "manager", "sub": "emp-17", "ttl": "60"})
    assert (answer.json()["token_type"], answer.json()["expires_in"], answer.headers["cache-control"]) == ("Bearer", 60, "no-store")
    claims = jwt.decode(answer.json()["access_token"], load_key(key_file), algorithms=["ES256"]).claims
    assert claims["exp"] - claims["iat"] == 60
    given = {name: claims[name] for name in ("iss", "aud", "sub", "roles", "name")}
    assert given == {"iss": URL, "aud": "clinch", "sub": str(person_id("emp-17")), "roles": ["manager"], "name": "emp-17"}
    by_id = jwt.decode(await token(http, sub=str(person_id("dev-kam"))), load_key(key_file), algorithms=["ES256"]).claims
    assert (by_id["name"], by_id["roles"]) == ("Sofia Lindqvist", ["kam"])
    assert by_id["jti"] != claims["jti"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "give a role"),
        ({"sub": "nobody"}, "give a role"),
        ({"role": "system"}, "no such role"),
        ({"role": "boss"}, "no such role"),
        ({"role": ["admin"]}, "role must be text"),
        ({"role": "rep", "ttl": 0}, "from 1 to 86400"),
        ({"role": "rep", "ttl": 86_401}, "from 1 to 86400"),
        ({"role": "rep", "ttl": "soon"}, "whole number"),
        ({"role": "rep", "ttl": None}, "whole number"),
        ([], "JSON object"),
    ],
)
async def test_a_senseless_request_is_told_why(http: httpx.AsyncClient, asked: Any, says: str) -> None:
    answer = await http.post(f"{URL}/token", json=asked)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert says in answer.json()["error_description"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_is_refused(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post(f"{URL}/token", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_the_key_set_is_public(http: httpx.AsyncClient) -> None:
    (key,) = (await http.get(f"{URL}/jwks")).json()["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}


async def test_people_are_listed(http: httpx.AsyncClient) -> None:
    listed = (await http.get(f"{URL}/people")).json()["items"]
    assert listed[0] == {"id": str(person_id("dev-admin")), "key": "dev-admin", "name": "Ada Okafor", "role": "admin", "team": "operations"}
    assert len(listed) == len(SAMPLE_PEOPLE)


def test_the_sample_company_is_whole() -> None:
    """Every role but those of machines has somebody, keys are unique, and teams come after the team above them."""
    assert {person.role for person in SAMPLE_PEOPLE} == set(Role) - {Role.system, Role.service}
    assert len({person.key for person in SAMPLE_PEOPLE}) == len(SAMPLE_PEOPLE)
    known: list[str | None] = [None]
    for team in SAMPLE_TEAMS:
        assert team.parent in known
        assert team.key not in known
        known.append(team.key)
    assert {person.team for person in SAMPLE_PEOPLE} == set(known) - {None}


def test_the_key_is_made_once_and_is_the_owners_alone(key_file: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        kids = {key.kid for key in pool.map(load_key, [key_file] * 8)}
    assert len(kids) == 1
    _make_key(key_file)  # as a process does that looked just before the first one linked its key
    assert {load_key(key_file).kid} == kids
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert [path.name for path in key_file.parent.iterdir()] == [key_file.name]


def empty(path: Path) -> None:
    path.write_text("")


def public(path: Path) -> None:
    path.write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=False)))


@pytest.mark.parametrize("spoil", [empty, public, Path.mkdir])
def test_a_spoiled_key_file_is_named(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(tmp_path / "key")
    with pytest.raises(CommandError, match="key") as refused:
        load_key(tmp_path / "key")
    assert refused.value.exit_code == 2


def test_it_does_not_start_in_production(key_file: Path) -> None:
    with pytest.raises(CommandError, match="no development issuer") as refused:
        issuer_app(key_file=key_file, issuer=URL, audience="clinch", env="production")
    assert refused.value.exit_code == 2
    assert not key_file.exists()
