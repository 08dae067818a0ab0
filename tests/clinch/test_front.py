"""What the front answers for all services, which are played here."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from clinch.errors import CommandError
from clinch.run.front import FrontSettings, front
from clinch.run.people import SAMPLE_PEOPLE, SAMPLE_TEAMS
from shared.auth import Verifier

ISSUER = "http://127.0.0.1:8000/dev-issuer"
SERVICES = {"lead-svc": "http://lead:8000", "deal-svc": "http://deal:8000"}


def client(deal: httpx.Response | Exception, folder: Path, **changed: Any) -> httpx.AsyncClient:
    def play(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/openapi.json" and request.url.host == "lead":
            return httpx.Response(200, json={"info": {"title": "Clinch lead-svc"}})
        assert request.url.path in ("/readyz", "/openapi.json")
        if request.url.host == "lead":
            return httpx.Response(200, json={"status": "ready"})
        if isinstance(deal, Exception):
            raise deal
        return deal

    settings = FrontSettings(**{"services": SERVICES, "issuer": ISSUER, "issuer_key_file": folder / "key.json"} | changed)
    app = front(settings, httpx.MockTransport(play))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


READY = httpx.Response(200, json={"status": "ready"})


@pytest.mark.parametrize(
    ("deal", "says", "status"),
    [
        (READY, "ready", 200),
        (httpx.Response(503, json={"status": "draining"}), "draining", 503),
        (httpx.ConnectError("refused"), "does not answer", 503),
        (httpx.ReadTimeout("slow"), "does not answer", 503),
        (httpx.Response(502, text="<html>"), "does not answer", 503),
    ],
)
async def test_ready_when_every_service_is(deal: httpx.Response | Exception, says: str, status: int, tmp_path: Path) -> None:
    async with client(deal, tmp_path) as http:
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()) == (status, {"lead-svc": {"status": "ready"}, "deal-svc": {"status": says}})
        assert (await http.get("/livez")).status_code == 200


async def test_its_tokens_are_good_for_the_services(tmp_path: Path) -> None:
    async with client(READY, tmp_path) as http:
        given = await http.post("/dev-issuer/token", data={"role": "rep"})
        verifier = Verifier(ISSUER, "clinch", jwks_url=f"{ISSUER}/jwks", http=http)
        assert (await verifier.actor(given.json()["access_token"])).role == "rep"


async def test_its_tokens_outlive_it(tmp_path: Path) -> None:
    async with client(READY, tmp_path) as before:
        given = await before.post("/dev-issuer/token", data={"role": "rep"})
    async with client(READY, tmp_path) as after:
        verifier = Verifier(ISSUER, "clinch", jwks_url=f"{ISSUER}/jwks", http=after)
        assert (await verifier.actor(given.json()["access_token"])).role == "rep"


async def test_the_sample_people_are_entered_once_lead_svc_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinch.run.front.RETRY", 0.01)
    entered: dict[str, list[dict[str, str]]] = {"/v1/team/teams": [], "/v1/team/people": []}
    tries = iter([httpx.ConnectError("starting"), httpx.Response(401, json={})])

    def play(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"].startswith("Bearer ey")
        trouble = next(tries, None)
        if isinstance(trouble, Exception):
            raise trouble
        if trouble is None and request.method == "POST":
            body = json.loads(request.content)
            entered[request.url.path].append(body)
            return httpx.Response(201, json={"id": body["external_id"]})
        return trouble or httpx.Response(200, json={"items": [], "next_cursor": None})

    settings = FrontSettings(services=SERVICES, issuer=ISSUER, issuer_key_file=tmp_path / "key.json")
    app = front(settings, httpx.MockTransport(play))
    async with app.router.lifespan_context(app), asyncio.timeout(10):
        while len(entered["/v1/team/people"]) < len(SAMPLE_PEOPLE):  # noqa: ASYNC110 (the other side is a task)
            await asyncio.sleep(0.01)
    assert [team["external_id"] for team in entered["/v1/team/teams"]] == [team.key for team in SAMPLE_TEAMS]


async def test_with_an_identity_provider_there_is_no_development_issuer(tmp_path: Path) -> None:
    async with client(READY, tmp_path, issuer="https://id.example.com", env="production") as http:
        answer = await http.post("/dev-issuer/token", data={"role": "rep"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_in_production_it_does_not_start_as_the_issuer(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="CLINCH_ISSUER"):
        client(READY, tmp_path, env="production")


async def test_people_find_the_page_at_the_root(tmp_path: Path) -> None:
    async with client(READY, tmp_path) as http:
        development = await http.get("/")
        assert '<meta name="clinch-development" content="true">' in development.text
    async with client(READY, tmp_path, issuer="https://id.example.com/realms/clinch", env="production") as http:
        elsewhere = await http.get("/")
        assert '<meta name="clinch-issuer" content="https://id.example.com/realms/clinch">' in elsewhere.text
        assert '<meta name="clinch-development" content="false">' in elsewhere.text
        assert "connect-src 'self' https://id.example.com;" in elsewhere.headers["content-security-policy"]


async def test_the_page_offers_every_service(tmp_path: Path) -> None:
    async with client(READY, tmp_path) as http:
        assert '["lead-svc", "deal-svc"]' in (await http.get("/docs")).text
        assert (await http.get("/docs/swagger-ui-bundle.js")).status_code == 200


async def test_it_hands_on_the_documents_of_the_page(tmp_path: Path) -> None:
    async with client(httpx.ConnectError("refused"), tmp_path) as http:
        assert (await http.get("/openapi/lead-svc.json")).json()["info"]["title"] == "Clinch lead-svc"
        missing = await http.get("/openapi/deal-svc.json")
        assert (missing.status_code, missing.json()["code"]) == (503, "unavailable")
        assert (await http.get("/openapi/other-svc.json")).json()["code"] == "not_found"


async def test_a_frontend_of_another_origin_may_read_its_refusals(tmp_path: Path) -> None:
    async with client(READY, tmp_path, cors_origins=("https://crm.example",)) as http:
        missing = await http.get("/v1/nothing", headers={"Origin": "https://crm.example"})
        assert (missing.status_code, missing.headers["access-control-allow-origin"]) == (404, "https://crm.example")
        page = await http.get("/docs/swagger-ui-bundle.js")
        assert (page.headers["content-encoding"], page.headers["x-content-type-options"]) == ("gzip", "nosniff")
        assert "Accept-Encoding" in page.headers["vary"]
        assert (await http.get("/docs/", follow_redirects=False)).status_code == 404
