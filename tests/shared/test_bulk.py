"""Bulk: every row is answered on its own, and the good ones are written by one call."""

from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field, field_validator

from shared.errors import Invalid, Problem, Rejected, Unmet
from shared.http import problem
from shared.http.bulk import Bulk, BulkResult, Done


class Crew(BaseModel):
    nickname: str


class Boat(BaseModel):
    name: Annotated[str, Field(max_length=10)]
    length: int = 10
    crew: list[Crew] = []

    @field_validator("name")
    @classmethod
    def _not_cursed(cls, value: str) -> str:
        if value == "Titanic":
            raise ValueError("that name brings bad luck")
        return value


class Yard:
    """A stand-in for a service: notes each call of the command."""

    def __init__(self) -> None:
        self.calls: list[list[Boat]] = []
        self.app = FastAPI()
        problem.install(self.app)
        self.app.post("/boats/bulk", status_code=207)(self.add)

    async def add(self, body: Bulk[Boat]) -> BulkResult:
        return await body.run(self.launch)

    async def launch(self, boats: list[Boat]) -> list[Done | Problem]:
        self.calls.append(boats)
        return [self.answer(b) for b in boats]

    def answer(self, boat: Boat) -> Done | Problem:
        if boat.name == "known":
            return Done(UUID(int=1), 200)
        if boat.name == "rotten":
            return Rejected("It would sink.", code="rotten", unmet=[Unmet("dry", "Dry it first.")])
        if boat.name == "orphan":
            return Invalid("There is no such owner.", pointer="/owner", code="unknown_owner")
        return Done(uuid4())

    async def post(self, items: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://yard.test") as client:
            return await client.post("/boats/bulk", json={"items": items})


async def test_each_row_is_answered_in_its_place() -> None:
    yard = Yard()
    answer = await yard.post([{"name": "a"}, {"name": "b", "length": "long"}, {"name": "known"}, {"name": "rotten"}, 7, {"name": "orphan"}])
    assert answer.status_code == 207
    items = answer.json()["items"]
    assert [(i["index"], i["status"]) for i in items] == [(0, 201), (1, 422), (2, 200), (3, 409), (4, 422), (5, 422)]
    assert items[2]["id"] == str(UUID(int=1))
    assert items[1]["id"] is None
    assert "problem" not in items[0]
    assert items[1]["problem"]["errors"][0]["pointer"] == "/items/1/length"
    assert items[3]["problem"] == {
        "type": "/problems/rotten",
        "title": Rejected.title,
        "detail": "It would sink.",
        "code": "rotten",
        "unmet": [{"code": "dry", "message": "Dry it first."}],
    }
    assert items[4]["problem"]["errors"][0]["pointer"] == "/items/4"
    assert items[5]["problem"]["errors"] == [{"pointer": "/items/5/owner", "code": "unknown_owner", "message": "There is no such owner."}]


async def test_the_command_is_called_once_with_all_valid_rows() -> None:
    yard = Yard()
    await yard.post([{"name": f"boat {n}"} for n in range(500)])
    assert [len(call) for call in yard.calls] == [500]
    await yard.post([{}, {"name": 3}])
    assert len(yard.calls) == 1, "not called when no row is valid"


async def test_all_that_is_wrong_with_a_row_is_listed_and_never_echoed() -> None:
    answer = await Yard().post([{"name": "Titanic", "crew": [{"nickname": "x"}, {"nickname": 10_101_010}], "length": "secret"}])
    errors = answer.json()["items"][0]["problem"]["errors"]
    assert {e["pointer"] for e in errors} == {"/items/0/name", "/items/0/crew/1/nickname", "/items/0/length"}
    assert "that name brings bad luck" in {e["message"] for e in errors}
    assert "secret" not in answer.text
    assert "10101010" not in answer.text


@pytest.mark.parametrize("items", [[{"name": "a"}] * 501, [], "none", None])
async def test_too_many_rows_or_none_refuse_the_whole_request(items: Any) -> None:
    yard = Yard()
    answer = await yard.post(items)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/items"
    assert yard.calls == []


async def test_a_command_that_forgets_a_row_is_a_mistake_of_ours() -> None:
    async def forgetful(boats: list[Boat]) -> list[Done | Problem]:
        return [Done(uuid4())]

    with pytest.raises(TypeError, match="1 of 2 rows"):
        await Bulk[Boat].model_validate({"items": [{"name": "a"}, {"name": "b"}]}).run(forgetful)


def test_openapi_shows_the_rows_with_their_type() -> None:
    document = Yard().app.openapi()
    schemas = document["components"]["schemas"]
    assert schemas["Bulk_Boat_"]["properties"]["items"]["items"] == {"$ref": "#/components/schemas/Boat"}
    assert schemas["Bulk_Boat_"]["properties"]["items"]["maxItems"] == 500
    assert schemas["Boat"]["properties"]["name"]["maxLength"] == 10
    assert "207" in document["paths"]["/boats/bulk"]["post"]["responses"]
    assert "problem" not in schemas["BulkItem"]["required"]
