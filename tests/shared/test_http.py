"""HTTP as other people's clients, browsers and proxies speak it: types of bodies, HEAD, tags, what caches may keep, compression."""

import gzip
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.auth import Actor, Role
from shared.http.etag import SCHEMA, etag, expected, is_among
from tests.harness import Running


@pytest.fixture
async def note(client: httpx.AsyncClient) -> str:
    """The address of a note."""
    return str((await client.post("/v1/notes", json={"text": "a"})).headers["location"])


# -- Bodies and parameters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/jsonish"}, 415),
        ({"Content-Type": "application/json"}, 201),
        ({"Content-Type": "Application/JSON; charset=utf-8"}, 201),
        ({"Content-Type": "application/merge-patch+json"}, 201),
    ],
)
async def test_a_body_is_json_and_says_so(client: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    answer = await client.post("/v1/notes", content=b'{"text": "a"}', headers=headers)
    assert answer.status_code == status
    if status == 415:
        assert (answer.json()["code"], "application/json" in answer.json()["detail"]) == ("unsupported_media_type", True)


async def test_without_a_body_no_type_is_needed(client: httpx.AsyncClient) -> None:
    missing = await client.post("/v1/notes")
    assert (missing.status_code, missing.json()["errors"]) == (422, [{"pointer": "", "code": "missing", "message": "This is needed."}])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"text": ', "It cannot be read as JSON from character 9 on."),
        (b'{"text": ' + b"9" * 5000 + b"}", "The body holds a number of too many digits."),
        (b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "The body is nested too deeply."),
        (b'{"text": "\xff"}', "The body holds bytes that are not UTF-8; send UTF-8 JSON."),
    ],
)
async def test_a_body_that_cannot_be_read_is_told_why(client: httpx.AsyncClient, body: bytes, says: str) -> None:
    answer = await client.post("/v1/notes", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (400, says)


async def test_an_unknown_parameter_is_refused_wherever_it_is(notes: Running, client: httpx.AsyncClient, note: str) -> None:
    for method, address in (("POST", "/v1/notes?dryrun=true"), ("GET", f"{note}?field=text"), ("PATCH", f"{note}?dry_run=true&x=1")):
        answer = await client.request(method, address, json={"text": "b"} if method != "GET" else None, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_parameter")
    assert "It takes dry_run." in (await client.post("/v1/notes?dryrun=true", json={"text": "b"})).json()["detail"]
    assert len(await notes.told()) == 1


async def test_who_is_not_let_in_learns_nothing_about_parameters_and_types(notes: Running) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(notes.app), base_url="http://x") as anybody:
        assert (await anybody.post("/v1/notes?dryrun=true", json={"text": "a"})).status_code == 401
        assert (await anybody.post("/v1/notes", content=b"a")).status_code == 401


async def test_a_switch_is_on_or_off(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/notes?dry_run=true&dry_run=false", json={"text": "a"})).status_code == 422


@pytest.mark.parametrize(
    ("keys", "code"), [(["a", "b"], "several_keys"), (["a", "a"], "several_keys"), ([""], "bad_key"), (["k" * 201], "bad_key")]
)
async def test_a_request_has_one_key(notes: Running, client: httpx.AsyncClient, keys: list[str], code: str) -> None:
    for address in ("/v1/notes", "/v1/notes/paid", "/v1/notes?dry_run=true"):
        answer = await client.post(address, json={"text": "a"}, headers=[("Idempotency-Key", key) for key in keys])
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    assert await notes.told() == []


# -- Methods and addresses ---------------------------------------------------------------------------------------------------


async def test_head_is_get_without_the_body(client: httpx.AsyncClient, note: str) -> None:
    got, head = await client.get(note), await client.head(note)
    assert (head.status_code, head.content) == (200, b"")
    ours = {"x-trace-id", "ratelimit"}
    assert {n: v for n, v in head.headers.items() if n not in ours} == {n: v for n, v in got.headers.items() if n not in ours}
    assert (await client.head(note, headers={"If-None-Match": got.headers["etag"]})).status_code == 304
    assert (await client.head("/v1/notes/01890000-0000-7000-8000-000000000000")).status_code == 404
    assert (await client.head("/v1/notes/paid")).status_code == 405


async def test_an_address_has_one_form(notes: Running, client: httpx.AsyncClient, note: str) -> None:
    for address in ("/v1/notes/", f"{note}/"):
        answer = await client.get(address, headers={"Host": "evil.example"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "location" not in answer.headers


async def test_a_dry_run_leaves_nothing_to_be_found(client: httpx.AsyncClient) -> None:
    tried = await client.post("/v1/notes?dry_run=true", json={"text": "a"})
    assert tried.status_code == 201
    assert "location" not in tried.headers


# -- Tags --------------------------------------------------------------------------------------------------------------------


async def test_a_tag_is_compared_weakly_and_in_lists(client: httpx.AsyncClient, note: str) -> None:
    tag = (await client.get(note)).headers["etag"]
    for given in (tag, f"W/{tag}", f'"0", {tag}', f'W/"x",W/{tag} , "y"', "*"):
        unchanged = await client.get(note, headers={"If-None-Match": given})
        assert (unchanged.status_code, unchanged.headers["etag"], unchanged.content) == (304, tag, b"")
    for given in ('"0"', '"1"', "W/", ""):
        assert (await client.get(note, headers={"If-None-Match": given})).status_code == 200
    await client.patch(note, json={"text": "b"}, headers={"If-Match": tag})
    assert (await client.get(note, headers={"If-None-Match": tag})).status_code == 200


async def test_whoever_signs_in_next_is_not_shown_what_was_sent_before(notes: Running, client: httpx.AsyncClient, note: str) -> None:
    tag = (await client.get(note)).headers["etag"]
    for role, subject in (("auditor", ""), ("rep", "ann"), ("rep", "admin")):
        async with notes.client(role, subject) as other:
            answer = await other.get(note, headers={"If-None-Match": tag})
            assert (answer.status_code, answer.headers["etag"] == tag) == (200, False)
            assert (await other.patch(note, json={"text": "a"}, headers={"If-Match": "*"})).status_code == 200
        tag = (await client.get(note)).headers["etag"]


def test_tokens_of_one_client_with_other_scopes_have_other_tags() -> None:
    client = UUID("01890000-0000-7000-8000-000000000000")
    seen = [["leads:read"], ["leads:read", "leads:write"], ["leads:write", "leads:read"], []]
    reads, writes, again, none = (etag(3, Actor.of(client, [Role.service], scopes)) for scopes in seen)
    assert writes == again
    assert len({reads, writes, none}) == 3


async def test_a_tag_that_a_proxy_has_weakened_still_guards_a_change(client: httpx.AsyncClient, note: str) -> None:
    tag = (await client.get(note)).headers["etag"]
    assert (await client.patch(note, json={"text": "b"}, headers={"If-Match": f"W/{tag}"})).status_code == 200
    assert (await client.patch(note, json={"text": "c"}, headers={"If-Match": f"W/{tag}"})).status_code == 412
    assert (await client.patch(note, json={"text": "c"}, headers={"If-Match": 'W/"2"'})).status_code == 200
    assert (await client.patch(note, json={"text": "d"}, headers={"If-Match": f'{tag}, "3"'})).status_code == 400


@pytest.mark.parametrize(
    ("given", "version"),
    [("*", None), ('"3"', 3), ("3", 3), ('W/"3"', 3), ('"3.0a1b2c3d"', 3), (' "3" ', 3)],
)
def test_the_version_alone_is_enough_for_a_change(given: str, version: int | None) -> None:
    assert expected(given) == version
    assert SCHEMA["pattern"].startswith("^")


def test_a_tag_is_not_found_inside_another() -> None:
    assert not is_among('"1.aa"', '"11.aa"')
    assert is_among('"1.aa"', 'W/"0",W/"1.aa"')
    assert not is_among('"1.aa"', None)


# -- What others may keep ----------------------------------------------------------------------------------------------------


async def test_every_answer_is_private_and_taken_for_what_it_says(notes: Running, client: httpx.AsyncClient, note: str) -> None:
    tag = (await client.get(note)).headers["etag"]
    answers = [
        await client.get(note),
        await client.get(note, headers={"If-None-Match": tag}),
        await client.post("/v1/notes", json={"text": ""}),
        await client.get("/v1/nothing"),
        await client.get("/v1/operations/note-svc/timers"),
        await client.patch(note, json={"text": "crash"}, headers={"If-Match": "*"}),
        await client.delete(note),
    ]
    assert {a.status_code for a in answers} == {200, 304, 422, 404, 500, 405}
    for answer in answers:
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["vary"] == "Authorization, Accept, Accept-Encoding"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("role", ["auditor", "support", "service", "ops", "finance"])
async def test_what_is_masked_for_a_role_is_not_kept(notes: Running, note: str, role: str) -> None:
    async with notes.client(role) as masked:
        answer = await masked.get(note)
        unchanged = await masked.get(note, headers={"If-None-Match": answer.headers["etag"]})
    assert (answer.headers["cache-control"], unchanged.headers["cache-control"]) == ("no-store", "no-store")


# -- Compression -------------------------------------------------------------------------------------------------------------


async def raw(notes: Running, address: str, **headers: str) -> httpx.Response:
    """The answer as it is on the wire."""
    async with notes.client() as client, client.stream("GET", address, headers=headers) as answer:
        body = b"".join([piece async for piece in answer.aiter_raw()])
        answer.extensions["raw"] = body
        return answer


async def test_what_is_long_is_compressed_for_those_who_take_it(notes: Running) -> None:
    address = "/openapi.json"
    plain = await raw(notes, address, **{"Accept-Encoding": "identity"})
    short = await raw(notes, address, **{"Accept-Encoding": "br, gzip;q=0.8"})
    assert "content-encoding" not in plain.headers
    assert short.headers["content-encoding"] == "gzip"
    body: Any = short.extensions["raw"]
    assert gzip.decompress(body) == plain.extensions["raw"]
    assert int(short.headers["content-length"]) == len(body) < len(plain.extensions["raw"]) / 3
    for given in ("gzip;q=0", "br", ""):
        assert "content-encoding" not in (await raw(notes, address, **{"Accept-Encoding": given})).headers


async def test_what_is_short_is_not(notes: Running, note: str) -> None:
    assert "content-encoding" not in (await raw(notes, note, **{"Accept-Encoding": "gzip"})).headers


async def test_head_is_as_long_as_get_compressed_too(notes: Running, client: httpx.AsyncClient) -> None:
    got, head = await client.get("/openapi.json"), await client.head("/openapi.json")
    assert head.headers["content-length"] == got.headers["content-length"]
    assert head.headers["content-encoding"] == "gzip"
