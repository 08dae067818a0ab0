"""The edge: commit before the answer, idempotency, ETags, problems, dry run. On real Postgres."""

import asyncio
from decimal import Decimal

import httpx
import pytest
from pydantic import BaseModel, ValidationError

from clinch.run.postgres import Postgres
from shared.errors import Pending, Rejected, Unmet
from shared.fields import Time
from shared.money import Amount
from tests.harness import Running, running
from tests.shared.notes_service import NoteEdited, NoteWritten, service


async def test_a_write_is_stored_with_its_event_and_its_version_is_the_etag(notes: Running, client: httpx.AsyncClient) -> None:
    made = await client.post("/v1/notes", json={"text": "hello"})
    assert made.status_code == 201
    assert made.headers["etag"].startswith('"1.')
    assert made.headers["location"] == f"/v1/notes/{made.json()['id']}"
    [told] = await notes.told(NoteWritten)
    assert told.version == 1
    assert str(told.subject) == made.json()["id"]
    assert told.data.actor is not None
    assert told.data.actor.role == "admin"
    assert told.data.correlation_id == made.headers["x-trace-id"]


async def test_two_writers_on_one_version_one_wins(notes: Running, client: httpx.AsyncClient) -> None:
    id = (await client.post("/v1/notes", json={"text": "a"})).json()["id"]
    answers = await asyncio.gather(
        *[client.patch(f"/v1/notes/{id}", json={"text": f"t{n}"}, headers={"If-Match": '"1"'}) for n in range(6)]
    )
    assert sorted(a.status_code for a in answers) == [200] + [412] * 5
    stale = next(a for a in answers if a.status_code == 412)
    assert stale.json()["current_version"] == 2
    assert [e.version for e in await notes.told(NoteWritten, NoteEdited)] == [1, 2]


async def test_without_if_match_428_and_with_nonsense_400(client: httpx.AsyncClient) -> None:
    id = (await client.post("/v1/notes", json={"text": "a"})).json()["id"]
    assert (await client.patch(f"/v1/notes/{id}", json={"text": "b"})).status_code == 428
    assert (await client.patch(f"/v1/notes/{id}", json={"text": "b"}, headers={"If-Match": 'W/"x"'})).status_code == 400
    assert (await client.patch(f"/v1/notes/{id}", json={"text": "b"}, headers={"If-Match": "*"})).status_code == 200


async def test_the_same_key_has_one_effect_and_the_same_answer(notes: Running, client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k1"}
    first, *others = await asyncio.gather(*[client.post("/v1/notes", json={"text": "once"}, headers=key) for _ in range(5)])
    again = await client.post("/v1/notes", json={"text": "once"}, headers=key)
    assert again.headers["idempotency-replayed"] == "true"
    done = [a for a in (first, *others, again) if a.status_code == 201]
    assert {a.headers["etag"] for a in done} == {again.headers["etag"]}
    assert {a.headers["location"] for a in done} == {f"/v1/notes/{again.json()['id']}"}
    assert all(a.status_code in (201, 409) for a in (first, *others))
    assert {a.content for a in done} == {again.content}
    assert len(await notes.told(NoteWritten)) == 1


async def test_a_key_with_another_body_is_refused(client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k2"}
    await client.post("/v1/notes", json={"text": "one"}, headers=key)
    other = await client.post("/v1/notes", json={"text": "two"}, headers=key)
    assert other.status_code == 422
    assert other.json()["errors"][0]["pointer"] == "Idempotency-Key"


async def test_a_key_belongs_to_its_principal(notes: Running, client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k3"}
    await client.post("/v1/notes", json={"text": "mine"}, headers=key)
    async with notes.client("rep", "ann") as ann:
        assert (await ann.post("/v1/notes", json={"text": "hers"}, headers=key)).status_code == 201


async def test_a_refusal_is_kept_for_its_key_but_a_validation_error_is_not(notes: Running, client: httpx.AsyncClient) -> None:
    id = (await client.post("/v1/notes", json={"text": "a"})).json()["id"]
    headers = {"Idempotency-Key": "k4", "If-Match": "*"}
    refused = await client.patch(f"/v1/notes/{id}", json={"text": "forbidden"}, headers=headers)
    assert refused.status_code == 409
    assert refused.json()["unmet"] == [{"code": "other_text", "message": "Write something else."}]
    replayed = await client.patch(f"/v1/notes/{id}", json={"text": "forbidden"}, headers=headers)
    assert replayed.headers["idempotency-replayed"] == "true"
    assert replayed.content == refused.content
    bad = {"Idempotency-Key": "k5"}
    assert (await client.post("/v1/notes", json={"text": ""}, headers=bad)).status_code == 422
    assert (await client.post("/v1/notes", json={"text": "fine"}, headers=bad)).status_code == 201


async def test_a_refusal_that_passes_by_itself_is_not_kept(client: httpx.AsyncClient) -> None:
    id = (await client.post("/v1/notes", json={"text": "a"})).json()["id"]
    headers = {"Idempotency-Key": "early", "If-Match": "*"}
    for _ in range(2):
        refused = await client.patch(f"/v1/notes/{id}", json={"text": "early"}, headers=headers)
        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (409, "wet", "1")
        assert "idempotency-replayed" not in refused.headers


def test_a_refusal_passes_by_itself_when_all_that_is_unmet_does() -> None:
    soon, never = Pending("soon", "Wait.", seconds=7), Unmet("never", "No.")
    passing = Rejected("No.", unmet=[soon, Pending("sooner", "Wait.")])
    assert (passing.passes, passing.headers["Retry-After"]) == (True, "7")
    assert passing.extra["unmet"][0] == {"code": "soon", "message": "Wait."}
    assert not Rejected("No.", unmet=[soon, never]).passes
    assert not Rejected("No.").passes


async def test_a_crash_changes_nothing_leaks_nothing_and_frees_the_key(notes: Running, client: httpx.AsyncClient) -> None:
    id = (await client.post("/v1/notes", json={"text": "a"})).json()["id"]
    headers = {"Idempotency-Key": "k6", "If-Match": '"1"'}
    crashed = await client.patch(f"/v1/notes/{id}", json={"text": "crash"}, headers=headers)
    assert crashed.status_code == 500
    assert crashed.headers["content-type"] == "application/problem+json"
    assert crashed.headers["x-trace-id"] == crashed.json()["trace_id"]
    assert "secret" not in crashed.text
    assert (await client.get(f"/v1/notes/{id}")).json()["version"] == 1
    assert await notes.told(NoteEdited) == []


async def test_a_required_key(client: httpx.AsyncClient) -> None:
    missing = await client.post("/v1/notes/paid", json={"text": "a"})
    assert missing.status_code == 400
    assert missing.json()["code"] == "idempotency_key_required"
    assert (await client.post("/v1/notes/paid", json={"text": "a"}, headers={"Idempotency-Key": "x"})).status_code == 201


async def test_a_dry_run_answers_but_changes_nothing(notes: Running, client: httpx.AsyncClient) -> None:
    tried = await client.post("/v1/notes?dry_run=true", json={"text": "a"}, headers={"Idempotency-Key": "dry"})
    assert tried.status_code == 201
    assert (await client.get(f"/v1/notes/{tried.json()['id']}")).status_code == 404
    assert await notes.told() == []
    real = await client.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "dry"})
    assert "idempotency-replayed" not in real.headers


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        ({"content": b'{"text": "\xff"}'}, 400, "bad_request"),
        ({"content": b"{"}, 400, "bad_json"),
        ({"json": {"text": 5}}, 422, "invalid"),
        ({"json": {}}, 422, "invalid"),
        ({"content": b'{"text": "' + b"x" * 1_100_000 + b'"}'}, 413, "too_large"),
    ],
)
async def test_bad_input_is_a_clear_problem(client: httpx.AsyncClient, send: dict[str, object], status: int, code: str) -> None:
    answer = await client.post("/v1/notes", headers={"content-type": "application/json"}, **send)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"]


async def test_unknown_addresses_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/nothing")).json()["code"] == "not_found"
    wrong = await client.delete("/v1/notes/01890000-0000-7000-8000-000000000000")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (405, "method_not_allowed", "GET, HEAD, PATCH")


async def test_a_key_is_checked_in_a_dry_run_too(client: httpx.AsyncClient) -> None:
    refused = await client.post("/v1/notes?dry_run=true", json={"text": "a"}, headers={"Idempotency-Key": "k" * 201})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "Idempotency-Key")


async def test_who_is_not_let_in_learns_nothing_about_the_input(notes: Running) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(notes.app), base_url="http://x") as anybody:
        assert (await anybody.get("/v1/operations/note-svc/timers?limit=many")).status_code == 401
        assert (await anybody.get("/v1/operations/note-svc/timers?colour=red")).status_code == 401
        note = "/v1/notes/01890000-0000-7000-8000-000000000000"
        assert (await anybody.patch(note, content=b"{", headers={"Content-Type": "application/json"})).status_code == 401
        assert (await anybody.patch(note, content=b"a=1")).status_code == 401


async def test_a_role_that_never_may_learns_nothing_about_the_input(notes: Running) -> None:
    async with notes.client("rep") as rep:
        assert (await rep.get("/v1/operations/note-svc/timers?limit=many")).status_code == 403
        assert (await rep.post("/v1/operations/note-svc/dead-letters/x/drop", json={"reason": ""})).status_code == 403


async def test_every_operation_needs_a_token(notes: Running) -> None:
    operations = [operation for methods in notes.app.openapi()["paths"].values() for operation in methods.values()]
    assert all(operation["security"] == [{"access_token": []}] for operation in operations)


async def test_no_token_no_answer(notes: Running) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(notes.app), base_url="http://x") as anybody:
        refused = await anybody.post("/v1/notes", json={"text": "a"})
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")


async def test_overload_waits_and_then_says_503(postgres: Postgres) -> None:
    async with (
        running(service, postgres, pool_size=2, pool_wait_seconds=0.2) as busy,
        busy.client() as client,
        busy.db.read(),
        busy.db.read(),
    ):
        answer = await client.post("/v1/notes", json={"text": "a"})
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"


async def test_every_error_is_in_the_openapi_document(notes: Running) -> None:
    responses = notes.app.openapi()["paths"]["/v1/notes"]["post"]["responses"]
    assert {"201", "400", "401", "403", "404", "409", "412", "413", "422", "428", "503"} <= set(responses)


async def test_what_the_edge_reads_itself_is_in_the_openapi_document(notes: Running) -> None:
    document = notes.app.openapi()
    edit = document["paths"]["/v1/notes/{note_id}"]["patch"]
    shown = {(p["name"], p["in"]): p["required"] for p in edit["parameters"]}
    assert shown == {
        ("note_id", "path"): True,
        ("Idempotency-Key", "header"): False,
        ("dry_run", "query"): False,
        ("If-Match", "header"): True,
    }
    assert edit["security"] == [{"access_token": []}]
    assert document["components"]["securitySchemes"]["access_token"]["scheme"] == "bearer"
    paid = document["paths"]["/v1/notes/paid"]["post"]["parameters"]
    assert [p["required"] for p in paid if p["name"] == "Idempotency-Key"] == [True]


@pytest.mark.parametrize(
    ("query", "headers", "pointer"),
    [("?dry_run=perhaps", {}, "dry_run"), ("", {"Idempotency-Key": "x" * 201}, "Idempotency-Key")],
)
async def test_parameters_of_the_edge_are_checked(
    notes: Running, client: httpx.AsyncClient, query: str, headers: dict[str, str], pointer: str
) -> None:
    refused = await client.post(f"/v1/notes{query}", json={"text": "a"}, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert await notes.told() == []


@pytest.mark.parametrize("given", [{"at": 1700000000}, {"at": 1700000000.5}, {"amount": 0.1}, {"amount": 5}])
def test_numbers_are_neither_times_nor_amounts(given: dict[str, object]) -> None:
    class Body(BaseModel):
        at: Time | None = None
        amount: Amount = Decimal(0)

    with pytest.raises(ValidationError, match=r"Write a (time|decimal number)"):
        Body.model_validate(given)


async def test_only_origins_on_the_list_may_read_the_answers(postgres: Postgres) -> None:
    async with running(service, postgres, cors_origins=("https://crm.example",)) as open_to_one, open_to_one.client() as client:
        ours = await client.post("/v1/notes", json={"text": "a"}, headers={"Origin": "https://crm.example"})
        others = await client.post("/v1/notes", json={"text": "a"}, headers={"Origin": "https://elsewhere.example"})
    assert ours.headers["access-control-allow-origin"] == "https://crm.example"
    assert "ETag" in ours.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in others.headers
