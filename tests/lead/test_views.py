"""Saved views: kept when their list takes them, used by whom they are shared with, and no way around what somebody may see."""

from typing import Any

import pytest

from clinch.dev.documents import _services
from clinch.dev.lists import lists
from lead_svc.team.tables import TEAM
from lead_svc.views.lists import LISTS, RECORDS, known_lists
from lead_svc.views.record import ViewKind
from lead_svc.views.rules import MOST, VIEW_ACTS, most_unmet
from lead_svc.views.tables import VIEWS
from shared.auth import Role
from shared.events.view import ViewChanged, ViewRemoved, ViewSaved
from tests.acts import Acts
from tests.client import codes
from tests.harness import Running
from tests.lead.desk import Desk
from tests.lead.test_acts import ROLES, read

BEST = {
    "kind": "leads",
    "name": "Best first",
    "filters": {"state": "mql,sql", "owner_id": "me"},
    "sort": "-score",
    "columns": ["company", "score"],
}


async def team(desk: Desk, key: str) -> str:
    found = await desk.ask("admin", "GET", "/v1/team/teams", external_id=key)
    return str(found["items"][0]["id"])


async def names(desk: Desk, who: str, **filters: Any) -> set[str]:
    return {view["name"] for view in (await desk.ask(who, "GET", "/v1/views", **filters))["items"]}


async def test_a_view_is_saved_used_changed_and_removed_by_its_owner(desk: Desk, svc: Running) -> None:
    made = await desk.ask("ann", "POST", "/v1/views", BEST, expect=201)
    assert {name: made[name] for name in BEST} == BEST
    used = await desk.ask("ann", "GET", "/v1/leads", **made["filters"], sort=made["sort"], fields=",".join(made["columns"]))
    assert used["items"] == []
    at = f"/v1/views/{made['id']}"
    changed = await desk.ask("ann", "PATCH", at, {"filters": {"q": "Acme"}, "sort": None}, etag=1)
    assert (changed["filters"], changed["sort"], changed["columns"], changed["version"]) == ({"q": "Acme"}, None, BEST["columns"], 2)
    assert (await desk.raw("ann", "PATCH", at, {"name": "Other"}, etag=1)).status_code == 412
    assert (await desk.ask("ann", "PATCH", at, {"filters": {"q": "Acme"}}, etag=2))["version"] == 2
    assert (await desk.raw("ann", "GET", at)).headers["etag"].startswith('"2.')
    await desk.ask("ann", "DELETE", at, etag=2)
    assert (await desk.raw("ann", "GET", at)).status_code == 404
    told = await svc.told(ViewSaved, ViewChanged, ViewRemoved)
    assert [(type(event.data), event.version) for event in told] == [(ViewSaved, 1), (ViewChanged, 2), (ViewRemoved, 3)]
    assert "Acme" not in str([event.data for event in told])
    assert told[1].data.changed == ["filters", "sort"]


@pytest.mark.parametrize(
    ("wrong", "pointer", "code"),
    [
        ({"filters": {"colour": "red"}}, "/filters/colour", "not_in_list"),
        ({"filters": {"state[gte]": "sql"}}, "/filters/state[gte]", "not_in_list"),
        ({"filters": {"a/b": "red"}}, "/filters/a~1b", "not_in_list"),
        ({"filters": {"state": "mql,gold"}}, "/filters/state", "bad_filter"),
        ({"filters": {"captured_at[gte]": "yesterday"}}, "/filters/captured_at[gte]", "bad_filter"),
        ({"filters": {"owner_id": "you"}}, "/filters/owner_id", "bad_filter"),
        ({"filters": {"score[gte]": "3000000000"}}, "/filters/score[gte]", "bad_filter"),
        ({"filters": {"q": "a" * 201}}, "/filters/q", "bad_filter"),
        ({"sort": "-company"}, "/sort", "not_in_list"),
        ({"sort": "--score"}, "/sort", "not_in_list"),
        ({"columns": ["company", "colour"]}, "/columns/1", "not_in_list"),
        ({"name": " "}, "/name", "string_too_short"),
        ({"kind": "people"}, "/kind", "enum"),
        ({"team_id": "0198c0de-0000-7000-8000-000000000001"}, "/team_id", "unknown_team"),
    ],
)
async def test_what_the_list_does_not_take_is_refused_by_its_name(desk: Desk, wrong: dict[str, Any], pointer: str, code: str) -> None:
    refused = await desk.raw("ann", "POST", "/v1/views", {**BEST, **wrong})
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [(pointer, code)]
    made = await desk.ask("ann", "POST", "/v1/views", BEST, expect=201)
    if "kind" not in wrong:
        assert (await desk.raw("ann", "PATCH", f"/v1/views/{made['id']}", wrong, etag=1)).status_code == 422


@pytest.mark.parametrize(
    "filters",
    [
        {"state": "mql", "score[gte]": "60"},
        {"owner_id": "me"},
        {"owner_id": "none,me"},
        {"captured_at[gte]": "2026-01-01T00:00:00Z", "captured_at[lt]": "2026-02-01T00:00:00+08:00"},
        {"q": "Acme"},
        {"flag": "none"},
    ],
)
async def test_what_is_saved_the_list_takes(desk: Desk, filters: dict[str, str]) -> None:
    await desk.ask("ann", "GET", "/v1/leads", **filters)
    assert (await desk.ask("ann", "POST", "/v1/views", {**BEST, "filters": filters}, expect=201))["filters"] == filters


async def test_a_view_is_seen_by_its_team_and_those_above_and_below_it(desk: Desk) -> None:
    north, sales = await team(desk, "north"), await team(desk, "sales")
    await desk.ask("ann", "POST", "/v1/views", {**BEST, "name": "Mine"}, expect=201)
    await desk.ask("ann", "POST", "/v1/views", {**BEST, "name": "North's", "team_id": north}, expect=201)
    await desk.ask("eva", "POST", "/v1/views", {**BEST, "name": "Everybody's", "team_id": sales}, expect=201)
    assert await names(desk, "ann") == {"Mine", "North's", "Everybody's"}
    assert await names(desk, "bob") == await names(desk, "max") == await names(desk, "eva") == {"North's", "Everybody's"}
    assert await names(desk, "sue") == {"Everybody's"}
    assert await names(desk, "rep:nobody") == set()
    assert await names(desk, "eva", owner_id="me") == {"Everybody's"}


async def test_sharing_is_with_ones_own_team_or_one_below_it(desk: Desk) -> None:
    north, south, sales = [await team(desk, key) for key in ("north", "south", "sales")]
    for who, id in (("ann", south), ("ann", sales), ("rep:nobody", north)):
        assert codes(await desk.raw(who, "POST", "/v1/views", {**BEST, "team_id": id})) == {"not_in_team"}
    await desk.ask("eva", "POST", "/v1/views", {**BEST, "team_id": south}, expect=201)


async def test_whoever_uses_a_shared_view_does_not_change_it(desk: Desk) -> None:
    made = await desk.ask("ann", "POST", "/v1/views", {**BEST, "team_id": await team(desk, "north")}, expect=201)
    at = f"/v1/views/{made['id']}"
    for who in ("bob", "max", "eva", "admin"):
        assert codes(await desk.raw(who, "PATCH", at, {"filters": {}}, etag="*")) == {"not_owner"}
    assert codes(await desk.raw("bob", "DELETE", at, etag="*")) == {"not_owner"}
    assert (await desk.raw("sue", "DELETE", at, etag="*")).status_code == 404
    assert (await desk.ask("ann", "GET", at)) == made
    await desk.ask("sales_ops:ola", "DELETE", at, etag="*")


async def test_a_view_shows_each_reader_only_their_own_records(desk: Desk) -> None:
    hers = await desk.lead(company="Acme")
    made = await desk.ask(
        "ann", "POST", "/v1/views", {**BEST, "filters": {"owner_id": "me"}, "team_id": await team(desk, "north")}, expect=201
    )
    found = {who: (await desk.ask(who, "GET", "/v1/leads", **made["filters"]))["items"] for who in ("ann", "bob")}
    assert ([lead["id"] for lead in found["ann"]], found["bob"]) == ([hers["id"]], [])


async def test_who_sees_such_records_masked_or_not_at_all_is_not_shown_what_is_filtered_by(desk: Desk) -> None:
    """An auditor of the team sees contacts masked, and support sees no deals."""
    north = await team(desk, "north")
    for role in ("auditor", "marketing"):
        body = {"name": role, "role": role, "team_id": north, "external_id": role}
        await desk.ask("admin", "POST", "/v1/team/people", body, expect=201)
    shared = {"team_id": north, "sort": None, "columns": []}
    for kind, name, filters in (
        ("contacts", "Anna", {"email": "anna@acme.example"}),
        ("contacts", "All", {}),
        ("deals", "Deals", {"open": "true"}),
        ("leads", "Named", {"q": "Anna Berg"}),
    ):
        await desk.ask("ann", "POST", "/v1/views", {**shared, "kind": kind, "name": name, "filters": filters}, expect=201)
    assert await names(desk, "bob") == {"Anna", "All", "Deals", "Named"}
    assert await names(desk, "auditor:auditor") == {"All", "Deals"}
    assert await names(desk, "marketing:marketing") == {"Anna", "All", "Named"}


async def test_a_name_is_used_once_for_each_list(desk: Desk) -> None:
    made = await desk.ask("ann", "POST", "/v1/views", BEST, expect=201)
    assert codes(await desk.raw("ann", "POST", "/v1/views", BEST)) == {"name_taken"}
    await desk.ask("bob", "POST", "/v1/views", BEST, expect=201)
    other = await desk.ask("ann", "POST", "/v1/views", {**BEST, "name": "Other"}, expect=201)
    assert codes(await desk.raw("ann", "PATCH", f"/v1/views/{other['id']}", {"name": made["name"]}, etag=1)) == {"name_taken"}
    await desk.ask("ann", "POST", "/v1/views", {**BEST, "kind": "deals", "filters": {}, "sort": None, "columns": []}, expect=201)


def test_a_person_has_so_many_views_at_most() -> None:
    assert [unmet.code for unmet in most_unmet(MOST)] == ["too_many"]
    assert not [*most_unmet(MOST - 1)]


async def test_what_a_view_allows_is_what_its_routes_do(desk: Desk, svc: Running) -> None:
    north = await team(desk, "north")
    acts = Acts(desk, VIEW_ACTS)
    for who in ("ann", "sales_ops:ola"):
        made = await desk.ask(who, "POST", "/v1/views", BEST, expect=201)
        async with svc.transaction() as tx:
            row = await tx.load(VIEWS, made["id"])
            row = await tx.save(VIEWS, row, ViewChanged.of(row, changed=["team_id"]), team_id=north)
        await acts.hold(row, [role for role in ROLES if role != Role.service] + ["rep:ann", "rep:bob"], read(desk, f"/v1/views/{row.id}"))
    acts.complete()


async def test_another_system_saves_none(desk: Desk) -> None:
    assert (await desk.raw("service", "POST", "/v1/views", BEST)).status_code == 403


def test_what_the_lists_take_is_known_for_every_kind() -> None:
    assert set(known_lists()) == set(RECORDS) == set(ViewKind)


def test_the_known_lists_are_those_of_the_services() -> None:
    import orjson

    assert orjson.loads(LISTS.read_bytes()) == lists(list(_services()))


def test_filters_of_known_lists_compare_as_those_of_the_services() -> None:
    """Each parameter of the list, ranges too, is one of the known list."""
    for kind, said in lists(list(_services())).items():
        names = {one["name"] for one in said["filters"]} | {
            f"{one['name']}[{by}]" for one in said["filters"] if one["ranges"] for by in ("gte", "gt", "lte", "lt")
        }
        assert set(known_lists()[ViewKind(kind)].filters) == names


def test_a_team_of_a_view_is_a_team() -> None:
    assert {key.column for key in VIEWS.table.c.team_id.foreign_keys} == {TEAM.c.id}
