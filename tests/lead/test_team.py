"""The roster over HTTP: the tree of teams, people, and what the other services are told of them."""

import httpx
import pytest

from shared.events.lead import LeadUpdated
from shared.events.team import PersonAdded, PersonChanged, TeamChanged, TeamCreated
from tests.client import codes, done
from tests.harness import Running
from tests.lead.desk import Desk


async def team(desk: Desk, name: str) -> dict[str, str]:
    page = done(await desk.by("ann").get("/v1/team/teams", params={"external_id": name}), 200)
    found: dict[str, str] = page["items"][0]
    return found


async def change(desk: Desk, path: str, version: int, by: str = "admin", **given: object) -> httpx.Response:
    return await desk.by(by).patch(f"/v1/team/{path}", json=given, headers={"If-Match": f'"{version}"'})


async def test_people_and_teams_are_told_with_their_paths(desk: Desk, svc: Running) -> None:
    sales, north = await team(desk, "sales"), await team(desk, "north")
    told = {e.data.name: [str(id) for id in e.data.path] for e in await svc.told(TeamCreated)}
    assert told["north"] == [sales["id"], north["id"]]
    (ann,) = await svc.told(PersonAdded, subject=svc.person(subject="ann"))
    assert (ann.data.role, [str(id) for id in ann.data.team_path]) == ("rep", [sales["id"], north["id"]])
    assert "Ann" not in ann.data.model_dump_json()


async def test_entering_the_same_again_changes_nothing(desk: Desk, svc: Running) -> None:
    before = len(await svc.told())
    again = {"name": "Ann", "role": "rep", "team_id": (await team(desk, "north"))["id"], "external_id": "ann"}
    done(await desk.by("admin").post("/v1/team/people", json=again), 200)
    done(await desk.by("admin").post("/v1/team/teams", json={"name": "sales", "external_id": "sales"}), 200)
    assert len(await svc.told()) == before
    promoted = done(await desk.by("admin").post("/v1/team/people", json=again | {"role": "manager"}), 200)
    assert (promoted["role"], promoted["version"]) == ("manager", 2)


async def test_only_admin_and_operations_keep_the_roster(desk: Desk) -> None:
    for by, status in (("ops", 201), ("max", 403), ("ann", 403), ("auditor", 403)):
        assert (await desk.by(by).post("/v1/team/teams", json={"name": f"by {by}"})).status_code == status
    assert (await desk.by("admin").post("/v1/team/people", json={"name": "X", "role": "system"})).status_code == 422


async def test_moving_a_team_moves_its_people(desk: Desk, svc: Running) -> None:
    north, south = await team(desk, "north"), await team(desk, "south")
    lead = await desk.lead("sue")
    assert (await desk.by("max").get(f"/v1/leads/{lead['id']}")).status_code == 404
    moved = await change(desk, f"teams/{south['id']}", 1, parent_id=north["id"])
    assert moved.json()["version"] == 2
    (told,) = await svc.told(PersonChanged)
    assert (told.subject, told.version) == (svc.person(subject="sue"), 2)
    assert [str(id) for id in told.data.team_path][1:] == [north["id"], south["id"]]
    assert (await svc.told(TeamChanged))[0].data.path == told.data.team_path
    assert (await desk.see(lead, "max"))["id"] == lead["id"]


async def test_a_team_cannot_come_under_itself(desk: Desk) -> None:
    sales, north = await team(desk, "sales"), await team(desk, "north")
    assert codes(await change(desk, f"teams/{sales['id']}", 1, parent_id=north["id"])) == {"team_cycle"}
    unknown = await change(desk, f"teams/{north['id']}", 1, parent_id=desk.id("no team"))
    assert done(unknown, 422)["errors"][0]["pointer"] == "/parent_id"


async def test_changing_a_person(desk: Desk, svc: Running) -> None:
    path, south = f"people/{desk.id('bob')}", await team(desk, "south")
    moved = done(await change(desk, path, 1, team_id=south["id"], email="bob@x.example"), 200)
    assert (moved["team_id"], moved["email"], moved["name"]) == (south["id"], "bob@x.example", "Bob")
    assert done(await change(desk, path, 1, name="Rob"), 412)["current_version"] == 2
    assert done(await change(desk, path, 2, name=None), 422)["errors"][0]["pointer"] == "/name"
    (told,) = await svc.told(PersonChanged)
    assert str(told.data.team_id) == south["id"]


async def test_who_am_i(desk: Desk) -> None:
    me = done(await desk.by("ann").get("/v1/team/people/me"), 200)
    assert (me["name"], me["allowed_actions"]) == ("Ann", []), "only those who keep the roster change it"
    assert (await desk.by("legal").get("/v1/team/people/me")).status_code == 404
    listed = done(await desk.by("ann").get("/v1/team/people", params={"role": "rep", "sort": "name"}), 200)["items"]
    assert [p["name"] for p in listed] == ["Ann", "Bob", "Sue"]


async def test_leads_follow_their_owner_into_another_team(desk: Desk, svc: Running) -> None:
    mine, closed = await desk.lead(), await desk.lead()
    closed = await desk.act(closed, "disqualify", reason="no_budget")
    bobs = await desk.lead("bob")
    south = await team(desk, "south")
    svc.clock.advance(seconds=1)
    done(await change(desk, f"people/{desk.id('ann')}", 1, team_id=south["id"]), 200)
    await svc.fire_due()
    assert (await desk.see(mine))["team_id"] == south["id"]
    assert (await desk.see(closed))["team_id"] == closed["team_id"] != south["id"], "it counts where it was closed"
    assert (await desk.see(bobs))["version"] == 1
    (told,) = await svc.told(LeadUpdated)
    assert (str(told.subject), told.data.changed, str(told.data.team_id), str(told.data.owner_id)) == (
        mine["id"], ["team_id"], south["id"], desk.id("ann"),
    )  # fmt: skip
    assert (await desk.see(mine))["version"] == 2
    await svc.fire_due()
    assert len(await svc.told(LeadUpdated)) == 1


async def test_leads_get_the_team_of_an_owner_who_is_entered_later(desk: Desk, svc: Running) -> None:
    lead = await desk.lead("marketing", owner_external_id="late")
    ended = await desk.lead("marketing", owner_external_id="late")
    await desk.act(ended, "disqualify", "eva", reason="no_budget")
    assert (lead["team_id"], (await desk.see(ended))["team_id"]) == (None, None)
    north = await team(desk, "north")
    entered = {"name": "Late", "role": "rep", "external_id": "late", "team_id": north["id"]}
    done(await desk.by("admin").post("/v1/team/people", json=entered), 200)
    await svc.fire_due()
    assert [(await desk.see(each))["team_id"] for each in (lead, ended)] == [north["id"]] * 2


async def test_many_leads_follow_a_batch_at_a_time(desk: Desk, svc: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lead_svc.leads.commands.BATCH", 2)
    leads = [await desk.lead() for _ in range(5)]
    south = await team(desk, "south")
    svc.clock.advance(seconds=1)
    done(await change(desk, f"people/{desk.id('ann')}", 1, team_id=south["id"]), 200)
    svc.clock.advance(seconds=1)
    assert await svc.fire_due() >= 3
    assert {(await desk.see(lead))["team_id"] for lead in leads} == {south["id"]}
