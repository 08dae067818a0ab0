"""Lists: what they refuse, what they hide, and what the OpenAPI document says of them."""

import base64
import random
from decimal import Decimal

import httpx
import pytest

from tests.harness import Running
from tests.shared.harbour import boat, ids, put, refusal


async def test_a_cursor_is_good_only_where_it_came_from(harbour: Running, admin: httpx.AsyncClient) -> None:
    await put(harbour, *[boat(length=n) for n in range(6)])
    asked = {"sort": "length", "limit": "2", "length[lt]": "6"}
    good = (await admin.get("/v1/boats", params=asked)).json()["next_cursor"]
    assert len(await ids(admin, **asked, cursor=good)) == 2
    assert len(await ids(admin, **asked | {"limit": "4"}, cursor=good)) == 4, "the limit may change"
    for other in ({"sort": "-length"}, {"length[lt]": "5"}, {"rig": "sloop"}, {"q": "a"}):
        error = await refusal(admin, **asked | other, cursor=good)
        assert (error["pointer"], error["code"]) == ("cursor", "cursor_of_another_list")


async def test_a_changed_cursor_is_refused_wherever_it_was_changed(harbour: Running, admin: httpx.AsyncClient) -> None:
    await put(harbour, *[boat(length=n) for n in range(3)])
    good = (await admin.get("/v1/boats", params={"limit": "1"})).json()["next_cursor"]
    raw = bytearray(base64.urlsafe_b64decode(good + "=="))
    for at in random.Random(1).sample(range(len(raw)), 12):
        changed = bytearray(raw)
        changed[at] ^= 1
        forged = base64.urlsafe_b64encode(changed).decode()
        assert (await refusal(admin, limit="1", cursor=forged))["code"] == "bad_cursor"
    for nonsense in ("", "x", "%%%", "ü", good[:-4], good + "AAAA", "A" * 4000):
        assert (await refusal(admin, limit="1", cursor=nonsense))["code"] == "bad_cursor"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rig", "cutter"),
        ("rig", ""),
        ("price", "much"),
        ("price", "NaN"),
        ("price[gte]", "1e99"),
        ("price[gte]", "Infinity"),
        ("length", "2147483648"),
        ("length[gt]", "1.5"),
        ("hull_number", "9223372036854775808"),
        ("built_on[lt]", "yesterday"),
        ("seen_at", "2026-01-01T00:00:00"),
        ("seen_at[gte]", "1767225600"),
        ("seen_at[gte]", "0001-01-01T00:00:00+14:00"),
        ("owner_id", "you"),
        ("racing", "yes"),
        ("name", "a\0b"),
        ("name", "x" * 201),
        ("q", ""),
        ("q", "\0"),
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "ten"),
        ("sort", "tags"),
        ("count", "about"),
        ("fields", "id,secret"),
        ("colour", "red"),
        ("rig[gte]", "sloop"),
    ],
)
async def test_a_bad_value_is_a_422_that_points_at_its_parameter(admin: httpx.AsyncClient, name: str, value: str) -> None:
    error = await refusal(admin, **{name: value})
    assert error["pointer"] == name
    assert not value or len(value) < 4 or value not in error["message"], "the input is not echoed"


async def test_a_parameter_of_its_own_that_the_route_declares_is_let_through(harbour: Running, admin: httpx.AsyncClient) -> None:
    await put(harbour)
    assert await ids(admin, embed="owner") == []
    assert "rig" in (await refusal(admin, colour="red"))["message"], "the refusal lists what there is"


async def test_extreme_but_valid_numbers_find_nothing_instead_of_failing(harbour: Running, admin: httpx.AsyncClient) -> None:
    await put(harbour, boat(price=Decimal("1.00")))
    for price in ("1.004", "1e30", "1.004,2", "-1e-30"):
        assert await ids(admin, price=price) == []
    assert len(await ids(admin, **{"price[lt]": "1.004"})) == 1


async def test_only_the_wanted_fields_are_sent(harbour: Running, admin: httpx.AsyncClient) -> None:
    await put(harbour, boat(name="Ä"), boat())
    answer = await admin.get("/v1/boats", params={"fields": "id,name", "limit": 1, "count": "exact"})
    page = answer.json()
    assert page["items"][0].keys() == {"id", "name"}
    assert page.keys() == {"items", "next_cursor", "count"}
    assert "fields=id%2Cname" in answer.headers["link"]


async def test_a_parameter_given_twice_is_a_list_or_refused(harbour: Running, admin: httpx.AsyncClient) -> None:
    await put(harbour, boat(length=1), boat(length=2), boat(length=3))
    assert len(await ids(admin, length=["1", "2"])) == 2
    assert (await refusal(admin, **{"length[gt]": ["1", "2"]}))["pointer"] == "length[gt]"
    assert (await refusal(admin, sort=["name", "-name"]))["pointer"] == "sort"


def test_openapi_shows_every_parameter_with_its_type(harbour: Running) -> None:
    operation = harbour.app.openapi()["paths"]["/v1/boats"]["get"]
    shown = {p["name"]: p for p in operation["parameters"]}
    assert shown["rig"]["schema"] == {"type": "array", "minItems": 1, "items": {"type": "string", "enum": ["sloop", "ketch"]}}
    assert shown["rig"]["explode"] is False
    assert shown["price[gte]"]["schema"].items() >= {"type": "string", "format": "decimal"}.items()
    assert shown["seen_at[lt]"]["schema"]["format"] == "date-time"
    assert {"const": "none"} in shown["owner_id"]["schema"]["items"]["anyOf"]
    assert "-price" in shown["sort"]["schema"]["enum"]
    assert shown["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    assert {"q", "cursor", "count", "fields", "embed"} <= shown.keys()
    assert "rig[gte]" not in shown
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["$ref"].endswith("Page_BoatOut_")


@pytest.mark.parametrize(
    ("role", "deals", "anything"), [("rep", 200, 200), ("ops", 200, 403), ("finance", 200, 403), ("support", 403, 403)]
)
async def test_what_is_masked_goes_by_the_kind_and_without_one_by_any(harbour: Running, role: str, deals: int, anything: int) -> None:
    async with harbour.client(role) as client:
        answers = [await client.get(f"/v1/boats/{which}", params={"name": "Argo"}) for which in ("deals", "anything")]
    assert [answer.status_code for answer in answers] == [deals, anything]
