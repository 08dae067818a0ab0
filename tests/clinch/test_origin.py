"""Dispatch by prefix, without a network and without services."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI, Response

from clinch.run.origin import Origin, Served


def app(name: str, events: list[str], ready: bool = True) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        events.append(f"{name} up")
        yield
        events.append(f"{name} down")

    made = FastAPI(title=name, lifespan=lifespan)

    @made.get("/readyz")
    async def readyz(response: Response) -> dict[str, str]:
        response.status_code = 200 if ready else 503
        return {"status": "ready" if ready else "database not available"}

    @made.get("/{path:path}")
    async def anything(path: str) -> dict[str, str]:
        return {"by": name, "path": path}

    return made


def origin(events: list[str], *, deal_ready: bool = True, cors_origins: tuple[str, ...] = ()) -> Origin:
    lead = Served("lead-svc", ["/v1/leads", "/v1/imports/leads"], app("lead", events))
    deal = Served("deal-svc", ["/v1/deals", "/v1/imports/deals"], app("deal", events, deal_ready))
    return Origin([lead, deal], {"/dev-issuer": app("issuer", events)}, cors_origins)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(origin([])), base_url="http://clinch") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/v1/leads", "lead"),
        ("/v1/leads/42/transitions", "lead"),
        ("/v1/imports/leads", "lead"),
        ("/v1/imports/deals/42", "deal"),
    ],
)
async def test_the_longest_prefix_decides(client: httpx.AsyncClient, path: str, owner: str) -> None:
    assert (await client.get(path)).json() == {"by": owner, "path": path[1:]}


@pytest.mark.parametrize("path", ["/v1/leadsx", "/v1/imports", "/v1", "/v2/leads", "/openapi/nobody.json", "/docs/../etc/passwd"])
async def test_a_path_that_nobody_owns_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"


async def test_the_issuer_sees_paths_below_its_own(client: httpx.AsyncClient) -> None:
    assert (await client.get("/dev-issuer/jwks")).json() == {"by": "issuer", "path": "jwks"}


async def test_ready_when_every_service_is(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"lead-svc": {"status": "ready"}, "deal-svc": {"status": "ready"}}


async def test_not_ready_when_one_is_not() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(origin([], deal_ready=False)), base_url="http://clinch") as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["deal-svc"] == {"status": "database not available"}


async def test_the_apps_live_as_long_as_the_origin() -> None:
    events: list[str] = []
    async with origin(events).running():
        assert events == ["lead up", "deal up", "issuer up"]
    assert events[3:] == ["issuer down", "deal down", "lead down"]


async def test_the_docs_come_from_this_machine_only(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert '["lead-svc", "deal-svc"]' in page
    assert "http://" not in page
    assert "https://" not in page
    for path in ("/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/docs/favicon.png"):
        assert path in page
        assert (await client.get(path)).status_code == 200
    assert (await client.get("/openapi/deal-svc.json")).json()["info"]["title"] == "deal"


async def test_a_frontend_of_another_origin_may_read_that_a_path_is_nobodys() -> None:
    ours = {"Origin": "https://crm.example"}
    made = origin([], cors_origins=("https://crm.example",))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://clinch") as client:
        missing = await client.get("/v1/nothing", headers=ours)
        asked = await client.options("/v1/nothing", headers={**ours, "Access-Control-Request-Method": "PATCH"})
        elsewhere = await client.get("/v1/nothing", headers={"Origin": "https://elsewhere.example"})
    assert (missing.status_code, missing.headers["access-control-allow-origin"]) == (404, "https://crm.example")
    assert missing.headers["x-content-type-options"] == "nosniff"
    assert asked.status_code == 200
    assert "access-control-allow-origin" not in elsewhere.headers


async def test_no_address_leads_to_the_host_that_a_caller_names(client: httpx.AsyncClient) -> None:
    for path in ("/docs/", "/readyz/"):
        answer = await client.get(path, headers={"Host": "evil.example"})
        assert (answer.status_code, "location" in answer.headers) == (404, False)


async def test_the_contracts_are_served_to_everybody_and_may_be_kept(client: httpx.AsyncClient) -> None:
    for path in ("/schemas/clinch.deal.won.v1.json", "/asyncapi/asyncapi.json", "/openapi/lead-svc.json"):
        answer = await client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "public, max-age=3600"
        again = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert (await client.get("/schemas/clinch.deal.won.v1.json")).json()["$id"] == "/schemas/clinch.deal.won.v1.json"
    assert (await client.get("/schemas/clinch.deal.forgotten.v1.json")).status_code == 404
    assert (await client.get("/schemas/..%2fasyncapi%2fasyncapi.json")).status_code == 404


async def test_every_reference_of_the_asyncapi_document_leads_to_what_is_served(client: httpx.AsyncClient) -> None:
    text = (await client.get("/asyncapi/asyncapi.json")).text
    named = set(re.findall(r'"\.\./(schemas/[^"#]+)"', text))
    assert len(named) > 150
    assert {(await client.get(f"/{path}")).status_code for path in named} == {200}
