"""How a route runs: each dependency once and in order, everything that is wrong at once, and the answer from what it returns."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from shared.http.edge import ClinchRoute
from shared.postgres import Postgres
from shared.service import Service
from shared.tables import service_metadata
from shared.testing import running

router = APIRouter(prefix="/v1/plans", route_class=ClinchRoute)


async def noted(request: Request, response: Response) -> list[str]:
    response.headers["X-Noted"] = "yes"
    request.state.calls = [*getattr(request.state, "calls", []), "noted"]
    return list(request.state.calls)


async def limited(request: Request, most: Annotated[int, Query(ge=1)], before: Annotated[list[str], Depends(noted)]) -> int:
    request.state.calls.append("limited")
    return most


async def doubled(limit: Annotated[int, Depends(limited)], before: Annotated[list[str], Depends(noted)]) -> int:
    return 2 * limit


class Given(BaseModel):
    text: str


class Out(BaseModel):
    text: str
    doubled: int
    calls: list[str]


@router.post("/{number}", response_model=Out)
async def plan(number: int, body: Given, request: Request, response: Response, twice: Annotated[int, Depends(doubled)]) -> Any:
    response.status_code = 202 if number else 200
    return {"text": body.text, "doubled": twice, "calls": request.state.calls}


@router.get("/raw", response_model=Out)
async def raw() -> Response:
    return Response(b"as it is", media_type="text/plain")


@router.get("/wrong", response_model=Out)
async def wrong() -> Any:
    return {"text": "the rest is missing"}


service = Service(name="plan-svc", prefixes=["/v1/plans"], metadata=service_metadata(), migrations=Path(__file__).parent, routers=[router])


@pytest.fixture
async def client(postgres: Postgres) -> AsyncIterator[httpx.AsyncClient]:
    async with running(service, postgres) as started, started.client() as made:
        yield made


async def test_each_dependency_runs_once_and_those_it_needs_before_it(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/plans/1?most=4", json={"text": "a"})
    assert (answer.status_code, answer.headers["x-noted"]) == (202, "yes")
    assert answer.json() == {"text": "a", "doubled": 8, "calls": ["noted", "limited"]}


async def test_all_that_is_wrong_is_told_at_once_and_the_route_does_not_run(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/plans/one?most=0", json={"text": 5})
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == ["most", "number", "/text"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("APPLICATION/JSON", 200),
        ("application/merge-patch+json", 200),
        ("text/plain", 422),
        ("text/json", 422),
        (None, 422),
    ],
)
async def test_a_body_is_json_when_it_says_so(client: httpx.AsyncClient, kind: str | None, status: int) -> None:
    headers = {} if kind is None else {"content-type": kind}
    answer = await client.post("/v1/plans/0?most=1", content=b'{"text": "a"}', headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(("body", "status"), [(b"", 422), (b"[" * 100_000, 400), (b'{"text": "\\ud8"}', 400), (b"null", 422)])
async def test_a_body_that_is_none_is_a_problem(client: httpx.AsyncClient, body: bytes, status: int) -> None:
    answer = await client.post("/v1/plans/0?most=1", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_dependency_that_would_need_a_thread_or_an_end_is_refused() -> None:
    def waits() -> int:
        return 1

    async def ends() -> AsyncIterator[int]:
        yield 1

    for dependency in (waits, ends):
        with pytest.raises(TypeError, match="must be `async def`"):
            router.get("/never", dependencies=[Depends(dependency)], response_model=Out)(raw)


async def test_a_route_may_answer_itself_but_not_otherwise_than_it_says(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/plans/raw")).text == "as it is"
    assert (await client.get("/v1/plans/wrong")).status_code == 500
