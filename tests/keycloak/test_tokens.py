"""Tokens of a real identity provider, with the realm of deploy/keycloak: by Keycloak on this machine, and by the containers."""

import base64
import hashlib
import html
import re
import secrets
from collections.abc import Callable, Mapping

import httpx

from clinch.run.people import SAMPLE_PEOPLE

PASSWORD = "development-only"
BACK = "http://localhost:5173/signed-in"

Reached = Callable[[str], httpx.Client]
"""The API with this token, with none for "": a fixture, as `realm`, where the realm's endpoints are, of those who run these tests."""


def given(realm: str, asked: Mapping[str, str]) -> str:
    answer = httpx.post(f"{realm}/token", data=dict(asked), timeout=30)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def by_password(realm: str, person: str, client: str = "clinch-dev") -> str:
    return given(realm, {"grant_type": "password", "client_id": client, "username": person, "password": PASSWORD})


def of_a_service(realm: str) -> str:
    return given(realm, {"grant_type": "client_credentials", "client_id": "clinch-integration", "client_secret": PASSWORD})


def signed_in(realm: str, person: str) -> str:
    """As a browser application gets it (RFC 7636): the sign-in page, its form, the code, the proof."""
    proof = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(proof.encode()).digest()).rstrip(b"=").decode()
    asked = {"response_type": "code", "client_id": "clinch-web", "redirect_uri": BACK, "scope": "openid"}
    page = httpx.get(f"{realm}/auth", params=asked | {"code_challenge": challenge, "code_challenge_method": "S256"}, timeout=30)
    form = re.search(r'<form[^>]* action="([^"]+)"', page.text)
    assert form, page.text
    # Its cookies are for https only, which browsers do not insist on for 127.0.0.1 and httpx does.
    cookies = "; ".join(cookie.partition(";")[0] for cookie in page.headers.get_list("set-cookie"))
    sent = {"username": person, "password": PASSWORD}
    answer = httpx.post(html.unescape(form[1]), data=sent, headers={"Cookie": cookies}, timeout=30)
    code = httpx.URL(answer.headers["location"]).params["code"]
    return given(
        realm, {"grant_type": "authorization_code", "client_id": "clinch-web", "code": code, "redirect_uri": BACK, "code_verifier": proof}
    )


def test_the_sample_people_are_there_under_their_own_ids(reached: Reached, realm: str) -> None:
    with reached(by_password(realm, "dev-admin")) as admin:
        people = admin.get("/v1/team/people", params={"limit": 200}).raise_for_status().json()["items"]
    assert {(p["id"], p["name"], p["role"]) for p in people} == {(str(p.id), p.name, p.role) for p in SAMPLE_PEOPLE}


def test_the_api_takes_tokens_of_every_client(reached: Reached, realm: str) -> None:
    for token in (by_password(realm, "dev-rep"), of_a_service(realm), signed_in(realm, "dev-manager")):
        with reached(token) as client:
            assert client.get("/v1/leads").status_code == 200
            assert client.get("/v1/contracts").status_code == 200


def test_roles_come_from_the_token(reached: Reached, realm: str) -> None:
    product = {"sku": "IDENTITY", "name": "Identity", "line": "suite", "tax_percent": "13"}
    for person, status in (("dev-auditor", 403), ("dev-ops", 201)):
        with reached(by_password(realm, person)) as client:
            made = client.post("/v1/products", json=product, headers={"Idempotency-Key": person})
            assert made.status_code == status, made.text


def test_a_token_for_another_audience_is_refused(reached: Reached, realm: str) -> None:
    """`admin-cli`, which every realm has, puts no audience of ours into its tokens."""
    with reached(by_password(realm, "dev-admin", "admin-cli")) as client:
        answer = client.get("/v1/leads")
        assert answer.status_code == 401
        assert "audience" in answer.json()["detail"]


def test_tokens_of_the_development_issuer_have_ended(reached: Reached, realm: str) -> None:
    with reached("") as client:
        assert client.post("/dev-issuer/token", json={"role": "admin"}).status_code == 404


def test_no_code_without_a_proof_to_come(realm: str) -> None:
    asked = {"response_type": "code", "client_id": "clinch-web", "redirect_uri": BACK, "scope": "openid"}
    answer = httpx.get(f"{realm}/auth", params=asked, timeout=30)
    assert "error=invalid_request" in answer.headers["location"]
    elsewhere = httpx.get(f"{realm}/auth", params=asked | {"redirect_uri": "https://elsewhere.example"}, timeout=30)
    assert elsewhere.status_code == 400
