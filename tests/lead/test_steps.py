"""The steps of a lead over HTTP: each one done, and each guard that can stand in its way."""

import asyncio
from datetime import timedelta

import pytest

from shared.events.lead import (
    LeadAssigned,
    LeadBantUpdated,
    LeadDisqualified,
    LeadMqlReached,
    LeadNurtured,
    LeadQualified,
    LeadReactivated,
    LeadRegraded,
    LeadTaskDone,
    LeadTaskDue,
    LeadUpdated,
)
from tests.client import codes, done
from tests.harness import Running
from tests.lead.desk import WHO, Desk

LATER = "2026-04-01T08:00:00Z"


async def test_from_captured_to_sql(desk: Desk, svc: Running) -> None:
    lead = await desk.qualifiable()
    assert (lead["grade"], lead["bant_score"], lead["responses"]) == ("A", 80, 1)
    action = next(a for a in lead["allowed_actions"] if a["action"] == "qualify")
    assert action == {"action": "qualify", "allowed": True, "unmet": [], "operation_id": "qualify_lead"}
    sql = await desk.act(lead, "qualify", at="2026-03-01T10:00:00Z")
    assert (sql["state"], sql["version"]) == ("sql", lead["version"] + 1)
    (told,) = await svc.told(LeadQualified)
    assert (told.data.bant_score, told.time.isoformat(), told.version) == (80, "2026-03-01T10:00:00+00:00", sql["version"])


async def test_qualifying_lists_everything_that_is_unmet_as_the_lead_itself_does(desk: Desk, svc: Running) -> None:
    lead = await desk.lead("marketing")
    needed = {"owner", "intent", "two_way_interaction", "bant_need", "bant_others", "bant_score"}
    assert codes(await desk.attempt(lead, "qualify", "max")) == needed
    shown = next(a for a in (await desk.see(lead, "max"))["allowed_actions"] if a["action"] == "qualify")
    assert {u["code"] for u in shown["unmet"]} == needed
    assert not await svc.told(LeadQualified)


async def test_every_change_wants_to_know_the_version(desk: Desk) -> None:
    lead = await desk.lead()
    path, client = f"/v1/leads/{lead['id']}", desk.by("ann")
    assert (await client.post(f"{path}/qualify", json={})).status_code == 428
    assert (await client.patch(path, json={"product": "crm"}, headers={"If-Match": '"1"'})).status_code == 200
    stale = await client.patch(path, json={"product": "erp"}, headers={"If-Match": '"1"'})
    assert done(stale, 412)["current_version"] == 2


async def test_of_parallel_writers_on_one_version_one_wins(desk: Desk) -> None:
    lead = await desk.lead()
    change = [desk.by("ann").patch(f"/v1/leads/{lead['id']}", json={"title": f"t{n}"}, headers={"If-Match": '"1"'}) for n in range(4)]
    assert sorted([a.status_code for a in await asyncio.gather(*change)]) == [200, 412, 412, 412]


async def test_patch_changes_what_is_given_and_null_empties_it(desk: Desk, svc: Running) -> None:
    lead = await desk.lead(**WHO)
    changed = await desk.attempt(lead, "", method="PATCH", source="SEO", title=None)
    body = done(changed, 200)
    assert (body["source"], body["title"], body["company"]) == ("seo", None, "Acme Ltd")
    (told,) = await svc.told(LeadUpdated)
    assert (told.data.changed, told.data.source) == (["source", "title"], "seo")
    assert done(await desk.attempt(lead, "", method="PATCH", source="SEO"), 200)["version"] == 2


async def test_bant_regrades_at_once_upwards_and_downwards(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    lead = await desk.bant(lead, need="confirmed")
    assert lead["grade"] == "B"
    lead = await desk.bant(lead, budget="confirmed")
    assert (lead["grade"], lead["bant_score"]) == ("A", 55)
    lead = await desk.bant(lead, budget="refuted", timeline=("confirmed", 2))
    assert (lead["grade"], lead["bant_score"]) == ("B", 50)
    timeline = next(b for b in lead["bant"] if b["dimension"] == "timeline")
    assert (timeline["status"], timeline["months"], timeline["evidence"], timeline["by"]) == (
        "confirmed",
        2,
        "said timeline",
        desk.id("ann"),
    )
    assert [(e.data.old, e.data.new, e.data.rule) for e in await svc.told(LeadRegraded)] == [
        ("C", "B", "need_confirmed"), ("B", "A", "budget_confirmed"), ("A", "B", "need_confirmed"),
    ]  # fmt: skip
    for told in await svc.told(LeadBantUpdated):
        assert "said" not in told.data.model_dump_json()


async def test_bant_said_twice_is_told_once_and_only_the_timeline_has_months(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    first = await desk.bant(lead, need="confirmed")
    assert (await desk.bant(lead, need="confirmed"))["version"] == first["version"]
    assert (await desk.attempt(lead, "bant/need", method="PUT", status="confirmed", months=2)).status_code == 422


async def test_a_grade_by_hand_lasts_until_bant_says_otherwise(desk: Desk) -> None:
    lead = await desk.lead()
    assert done(await desk.attempt(lead, "grade", method="PUT", grade="A"), 200)["grade"] == "A"
    assert done(await desk.attempt(lead, "grade", method="PUT", grade="A"), 409)["code"] == "same_grade"
    assert (await desk.bant(lead, need="confirmed"))["grade"] == "B"


async def test_marketing_or_a_manager_declares_an_mql_with_a_reason(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    assert (await desk.attempt(lead, "mql", "ann", reason="hot")).status_code == 403
    assert (await desk.attempt(lead, "mql", "marketing")).status_code == 422
    assert (await desk.act(lead, "mql", "marketing", reason="downloaded the price list"))["state"] == "mql"
    (told,) = await svc.told(LeadMqlReached)
    assert (told.data.how, told.data.reason) == ("manual", "downloaded the price list")
    assert codes(await desk.attempt(lead, "mql", "max", reason="again")) == {"wrong_state"}


async def test_nurturing_until_the_wake_up_date(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    assert codes(await desk.attempt(lead, "nurture", reason="no budget this year")) == {"wake_at"}
    assert codes(await desk.attempt(lead, "nurture", reason="x", wake_at="2026-03-01T00:00:00Z")) == {"wake_at_past"}
    assert codes(await desk.attempt(lead, "nurture", reason="x", wake_at="2200-12-31T23:59:59Z")) == {"wake_at_far"}
    aside = await desk.act(lead, "nurture", reason="no budget this year", wake_at=LATER)
    assert (aside["state"], aside["reason"], aside["wake_at"]) == ("nurturing", "no budget this year", LATER)
    assert await svc.fire_due() == 0
    svc.clock.advance(days=31)
    await svc.fire_due()
    awake = await desk.see(lead)
    assert (awake["state"], awake["reactivations"], awake["reason"], awake["wake_at"]) == ("captured", 1, None, None)
    (told,) = await svc.told(LeadReactivated)
    assert (told.data.reason, told.time.isoformat(), told.data.actor and told.data.actor.role) == (
        "wake_up", "2026-04-01T08:00:00+00:00", "system",
    )  # fmt: skip
    (due,), (done,) = [[e for e in await svc.told(event) if e.data.kind == "wake_up"] for event in (LeadTaskDue, LeadTaskDone)]
    assert due.time == done.time == told.time
    assert str(due.data.lead_id) == lead["id"]


async def test_who_wakes_a_lead_by_hand_stops_the_timer(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    await desk.act(lead, "nurture", reason="later", wake_at=LATER)
    assert (await desk.act(lead, "reactivate", "marketing", reason="webinar"))["state"] == "captured"
    svc.clock.advance(days=40)
    await svc.fire_due()
    assert len(await svc.told(LeadReactivated)) == 1
    assert codes(await desk.attempt(lead, "reactivate", reason="again")) == {"wrong_state"}


async def test_sales_refuses_an_mql_without_a_date(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    await desk.act(lead, "mql", "marketing", reason="hot")
    assert (await desk.act(lead, "nurture", reason="a student"))["state"] == "nurturing"
    (told,) = await svc.told(LeadNurtured)
    assert (told.data.from_state, told.data.wake_at) == ("mql", None)


async def test_disqualifying_needs_a_reason_that_is_true(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    assert (await desk.attempt(lead, "disqualify", reason="boring")).status_code == 422
    assert codes(await desk.attempt(lead, "disqualify", reason="other")) == {"note"}
    assert codes(await desk.attempt(lead, "disqualify", reason="no_response_3")) == {"counted_reason"}
    gone = await desk.act(lead, "disqualify", reason="need_mismatch", note="wants a bakery")
    assert (gone["state"], gone["reason"], gone["note"]) == ("disqualified", "need_mismatch", "wants a bakery")
    (told,) = await svc.told(LeadDisqualified)
    assert told.data.from_state == "captured"
    assert codes(await desk.attempt(lead, "reactivate", "marketing", reason="offer")) == {"role"}
    assert (await desk.act(lead, "reactivate", "max", reason="they bake software now"))["state"] == "captured"


async def test_an_opt_out_is_final(desk: Desk) -> None:
    lead = await desk.lead()
    await desk.act(lead, "disqualify", reason="opt_out")
    assert codes(await desk.attempt(lead, "reactivate", "eva", reason="please")) == {"opted_out"}


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("qualify", {}),
        ("nurture", {"reason": "x", "wake_at": LATER}),
        ("disqualify", {"reason": "no_budget"}),
        ("intent", {"level": "low"}),
        ("convert", {}),
    ],
)
async def test_a_lead_of_the_pool_must_be_claimed_before_it_is_worked_on(desk: Desk, action: str, body: dict[str, str]) -> None:
    lead = await desk.lead("marketing")
    assert "not_owner" in codes(await desk.attempt(lead, action, "ann", **body))
    assert (await desk.attempt(lead, action, "marketing", **body)).status_code == 403


@pytest.mark.parametrize("action", ["qualify", "nurture", "disqualify", "reactivate", "assign", "convert", "intent", "interactions", "mql"])
async def test_somebody_elses_lead_is_not_there(desk: Desk, action: str) -> None:
    lead = await desk.sql()
    bodies = {
        "nurture": {"reason": "x"}, "disqualify": {"reason": "no_budget"}, "reactivate": {"reason": "x"}, "mql": {"reason": "x"},
        "assign": {"owner_id": None}, "intent": {"level": "low"}, "interactions": {"kind": "call", "outcome": "reached"},
    }  # fmt: skip
    stranger = desk.svc.client("manager", "south-manager") if action == "mql" else desk.by("bob")
    answer = await stranger.post(f"/v1/leads/{lead['id']}/{action}", json=bodies.get(action, {}), headers={"If-Match": "*"})
    assert answer.status_code == 404
    for path in ("", "/timeline", "/interactions"):
        assert (await desk.by("bob").get(f"/v1/leads/{lead['id']}{path}")).status_code == 404


async def test_lists_stay_within_the_readers_reach(desk: Desk) -> None:
    await desk.lead("ann", company="A")
    await desk.lead("bob", company="B")
    await desk.lead("sue", company="S")
    await desk.lead("marketing", company="P")

    async def seen(by: str, **query: str) -> set[str]:
        page = done(await desk.by(by).get("/v1/leads", params=query), 200)
        return {item["company"] for item in page["items"]}

    assert await seen("ann") == {"A", "P"}
    assert await seen("max") == {"A", "B", "P"}
    assert await seen("eva") == {"A", "B", "S", "P"}
    assert await seen("max", owner_id=desk.id("sue")) == set()
    assert await seen("eva", q="s") == {"S"}
    assert await seen("eva", owner_id="none", state="captured") == {"P"}


async def test_lists_filter_by_time_flag_and_grade(desk: Desk) -> None:
    old = await desk.lead(captured_at="2025-01-05T00:00:00Z", region="north")
    new = await desk.bant(await desk.lead(region="south"), need="confirmed")

    async def found(**query: str) -> list[str]:
        return [item["id"] for item in done(await desk.by("ann").get("/v1/leads", params=query), 200)["items"]]

    assert await found(**{"captured_at[lt]": "2026-01-01T00:00:00Z"}) == [old["id"]]
    assert await found(grade="B") == [new["id"]]
    assert await found(region="north,south", sort="captured_at") == [old["id"], new["id"]]
    assert await found(flag="won_before_first_contact") == []


async def test_personal_data_are_masked_by_role(desk: Desk) -> None:
    lead = await desk.lead(**WHO)
    await desk.bant(lead, need="confirmed")
    seen = await desk.see(lead, "auditor")
    assert (seen["email"], seen["contact_name"], seen["phone"]) == ("a***@acme.example", "A*** B***", "***67")
    assert next(b for b in seen["bant"] if b["dimension"] == "need")["evidence"] is None
    listed = done(await desk.by("ops").get("/v1/leads"), 200)["items"][0]
    assert listed["contact_name"] == "A*** B***"
    assert (await desk.see(lead, "max"))["email"] == "anna@acme.example"


# -- Ownership ---------------------------------------------------------------------------------------------------------------


async def test_a_seller_claims_from_the_pool_and_releases_their_own(desk: Desk, svc: Running) -> None:
    lead = await desk.lead("marketing")
    mine = await desk.act(lead, "assign", "ann", owner_id=desk.id("ann"))
    assert mine["owner_id"] == desk.id("ann")
    assert mine["team_id"] is not None
    assert codes(await desk.attempt(lead, "assign", "ann", owner_id=desk.id("ann"))) == {"same_owner"}
    assert codes(await desk.attempt(lead, "assign", "ann", owner_id=desk.id("bob"))) == {"not_manager"}
    free = await desk.act(lead, "assign", "ann", owner_id=None)
    assert (free["owner_id"], free["team_id"]) == (None, None)
    told = await svc.told(LeadAssigned)
    assert [(str(t.data.owner_id), str(t.data.previous_owner_id)) for t in told] == [
        (desk.id("ann"), "None"), ("None", desk.id("ann")),
    ]  # fmt: skip


async def test_a_manager_hands_over_within_their_teams_and_a_director_anywhere(desk: Desk) -> None:
    lead = await desk.lead("ann")
    assert (await desk.act(lead, "assign", "max", owner_id=desk.id("bob")))["owner_id"] == desk.id("bob")
    assert codes(await desk.attempt(lead, "assign", "max", owner_id=desk.id("sue"))) == {"not_in_team"}
    assert (await desk.act(lead, "assign", "eva", owner_id=desk.id("sue")))["owner_id"] == desk.id("sue")
    assert (await desk.by("max").get(f"/v1/leads/{lead['id']}")).status_code == 404


async def test_an_owner_must_be_there(desk: Desk) -> None:
    lead = await desk.lead("ann")
    assert (await desk.attempt(lead, "assign", "max", owner_id=desk.id("nobody"))).status_code == 422
    bob = done(await desk.by("admin").get(f"/v1/team/people/{desk.id('bob')}"), 200)
    left = await desk.by("admin").patch(f"/v1/team/people/{bob['id']}", json={"active": False}, headers={"If-Match": f'"{bob["version"]}"'})
    done(left, 200)
    assert done(await desk.attempt(lead, "assign", "max", owner_id=desk.id("bob")), 422)["errors"][0]["code"] == "inactive_person"


async def test_only_people_who_own_records_are_given_leads(desk: Desk, svc: Running) -> None:
    north = done(await desk.by("admin").get("/v1/team/teams", params={"external_id": "north"}), 200)["items"][0]["id"]
    for name, role in (("pia", "presales"), ("mia", "marketing")):
        person = {"name": name, "role": role, "team_id": north, "external_id": name}
        done(await desk.by("admin").post("/v1/team/people", json=person), 201)
    lead = await desk.lead("ann")
    for name in ("pia", "mia"):
        assert done(await desk.attempt(lead, "assign", "max", owner_id=desk.id(name)), 422)["errors"][0]["code"] == "not_an_owner"
        entered = await desk.by("eva").post("/v1/leads", json={"owner_id": desk.id(name)})
        assert done(entered, 422)["errors"][0] == {
            "pointer": "/owner_id",
            "code": "not_an_owner",
            "message": "Only a rep, kam, manager or csm can own a lead; in the roster this person is none of them.",
        }
        owned = await desk.by("eva").post("/v1/accounts", json={"name": "Acme", "owner_id": desk.id(name)})
        assert done(owned, 422)["errors"][0]["code"] == "not_an_owner"
    assert done(await desk.by("eva").post("/v1/leads", json={"owner_id": desk.id("eva")}), 422)["errors"][0]["code"] == "not_an_owner"


async def test_a_closed_lead_gets_another_owner_from_those_above_and_is_not_for_the_pool(desk: Desk) -> None:
    lead = await desk.lead("ann")
    await desk.act(lead, "disqualify", reason="no_budget")
    assert codes(await desk.attempt(lead, "assign", "ann", owner_id=None)) == {"closed"}
    assert codes(await desk.attempt(lead, "assign", "max", owner_id=None)) == {"closed_lead"}
    given = await desk.act(lead, "assign", "max", owner_id=desk.id("bob"))
    assert (given["owner_id"], given["state"]) == (desk.id("bob"), "disqualified")
    assert (await desk.by("bob").get(f"/v1/leads/{lead['id']}")).status_code == 200


async def test_a_dry_run_says_what_would_be_and_changes_nothing(desk: Desk, svc: Running) -> None:
    lead = await desk.qualifiable()
    would = await desk.by("ann").post(f"/v1/leads/{lead['id']}/qualify?dry_run=true", json={}, headers={"If-Match": "*"})
    assert done(would, 200)["state"] == "sql"
    assert (await desk.see(lead))["state"] == "captured"
    assert not await svc.told(LeadQualified)


async def test_no_step_lies_in_the_future(desk: Desk, svc: Running) -> None:
    lead = await desk.qualifiable()
    ahead = (svc.clock() + timedelta(days=1)).isoformat()
    for action, body in (("qualify", {}), ("disqualify", {"reason": "no_budget"}), ("intent", {"level": "low"})):
        assert done(await desk.attempt(lead, action, at=ahead, **body), 422)["errors"][0]["pointer"] == "/at"


async def test_what_happened_long_ago_is_recorded_by_those_who_lead_and_flagged(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    given = {"reason": "no budget", "wake_at": (svc.clock.now + timedelta(days=9)).isoformat()}
    long_ago = {"at": (svc.clock.now - timedelta(days=31)).isoformat()}
    refused = done(await desk.attempt(lead, "nurture", **given, **long_ago), 403)
    assert refused["code"] == "backdate_not_allowed"
    aside = await desk.act(lead, "nurture", "eva", **given, **long_ago)
    assert (aside["state"], aside["flags"]) == ("nurturing", ["backdated"])
