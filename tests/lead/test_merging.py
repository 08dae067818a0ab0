"""Two leads that are the same become one, and two again: nothing is lost either way."""

import asyncio
from typing import Any

import httpx

from lead_svc.merging.hanging import STAYS, hanging, named, one_each
from lead_svc.merging.record import MergeKind
from lead_svc.scoring.recount import differing
from lead_svc.service import service
from shared import verify
from shared.events.lead import LeadAbsorbed, LeadMerged, LeadRestored, LeadUnmerged
from tests.client import codes, done, unmet
from tests.harness import Running
from tests.lead.desk import WHO, Desk
from tests.lead.test_cadence import plan
from tests.lead.test_scoring import DOWNLOADS, activate
from tests.lead.test_signals import of_lead, send


async def merge(desk: Desk, survivor: dict[str, Any], absorbed: dict[str, Any], by: str = "max", **more: Any) -> dict[str, Any]:
    return await desk.act(survivor, "merge", by, absorbed_id=absorbed["id"], **more)


async def unmerge(desk: Desk, absorbed: dict[str, Any], by: str = "max") -> dict[str, Any]:
    return await desk.act(absorbed, "unmerge", by)


async def try_merge(desk: Desk, survivor: dict[str, Any], absorbed_id: str, by: str = "max") -> httpx.Response:
    return await desk.attempt(survivor, "merge", by, absorbed_id=absorbed_id)


async def known(desk: Desk, lead: dict[str, Any]) -> dict[str, Any]:
    """All that can be read of a lead but its versions and times of change."""
    seen = await desk.see(lead)
    paths = ("interactions", "signals", "touches", "cadence", "consents")
    more = {path: (await desk.ask("admin", "GET", f"/v1/leads/{lead['id']}/{path}")) for path in paths}
    more["cadence"] = {n: v for n, v in more["cadence"].items() if n != "tasks"} | {
        "tasks": [{n: v for n, v in task.items() if n != "id"} for task in more["cadence"]["tasks"]]
    }
    return {n: v for n, v in seen.items() if n not in ("version", "updated_at")} | more


async def is_sound(svc: Running) -> None:
    """What `clinch verify` finds in the database of the service when nothing waits."""
    async with svc.db.connection() as conn:
        checks = [*verify.atomicity(service.metadata), *verify.orphans(service.metadata), *service.checks]
        assert [found.says async for found in verify.run(conn, checks) if found.offenders] == []


async def two(desk: Desk, svc: Running) -> tuple[dict[str, Any], dict[str, Any]]:
    """Bob's lead of the website, and a day later ann's of the same person, from a trade show."""
    first = await desk.lead("bob", source="website", campaign="spring", phone="+49 30 99", job_title="CTO", company="Acme")
    await desk.meet(first, "bob", key_points="wants a demo")
    await send(desk, "s1", "visit", lead_id=first["id"], source="website", campaign="spring")
    svc.clock.advance(days=1)
    second = await desk.lead(**WHO)
    await desk.meet(second, outcome="no_response")
    return first, second


async def test_the_survivor_has_what_both_had_from_the_earliest_capture_on(desk: Desk, svc: Running) -> None:
    first, second = await two(desk, svc)
    got = await merge(desk, second, first)
    assert (got["captured_at"], got["source"], got["campaign"]) == (first["captured_at"], "website", "spring")
    assert (got["email"], got["company"], got["job_title"]) == (WHO["email"], WHO["company"], "CTO"), "its own, or else the other's"
    assert got["left"] == ["company", "phone"]
    assert (got["owner_id"], got["state"], got["responses"], got["no_response_count"]) == (second["owner_id"], "captured", 1, 1)
    assert got["merge"]["moved"] == {"interaction": 1, "signal": 1}
    assert [one["outcome"] for one in await of_lead(desk, second, "interactions")] == ["no_response", "reached"]
    assert [one["campaign"] for one in await of_lead(desk, second, "touches")] == ["spring"]
    said = [one["summary"] for one in await of_lead(desk, second, "timeline")]
    assert {"Took over a lead that is the same", "Merged from captured into another lead", "Captured from website, campaign spring"} <= {
        *said
    }
    (told,) = await svc.told(LeadMerged)
    assert (str(told.subject), [str(id) for id in told.data.absorbed]) == (second["id"], [first["id"]])  # type: ignore[attr-defined]
    (gone,) = await svc.told(LeadAbsorbed)
    assert (str(gone.subject), gone.data.from_state) == (first["id"], "captured")  # type: ignore[attr-defined]
    await is_sound(svc)


async def test_whoever_merges_chooses_the_fields(desk: Desk, svc: Running) -> None:
    first, second = await two(desk, svc)
    got = await merge(desk, second, first, take=["phone", "company"], keep=["origin", "job_title"])
    assert (got["phone"], got["company"], got["source"], got["job_title"]) == ("+49 30 99", "Acme", "trade_show", None)
    assert got["captured_at"] == first["captured_at"], "one lead counts, from the earliest capture on"


async def test_the_absorbed_lead_still_answers_and_nothing_is_done_with_it(desk: Desk, svc: Running) -> None:
    first, second = await two(desk, svc)
    keyed = await desk.lead("sue", external_id="K1", email="anna@work.example")
    await merge(desk, second, first)
    await merge(desk, second, keyed, by="eva")
    seen = await desk.see(keyed)
    assert (seen["state"], seen["merged_into"]) == ("merged", second["id"])
    assert {code for action in seen["allowed_actions"] if action["action"] != "unmerge" for code in unmet(seen, action["action"])} == {
        "merged"
    }
    assert (await desk.see(keyed, "sue"))["merged_into"] is None, "she does not see the survivor"
    for action, body in (("disqualify", {"reason": "need_mismatch"}), ("assign", {"owner_id": None}), ("intent", {"level": "high"})):
        answer = await desk.attempt(keyed, action, "sue", **body)
        assert (answer.status_code, answer.json()["code"]) == (409, "merged"), action
    assert (await desk.meet(keyed, "sue")).json()["code"] == "merged"
    consent = {"purpose": "marketing", "decision": "withdrawn"}
    assert (await desk.by("sue").post(f"/v1/leads/{keyed['id']}/consents", json=consent)).json()["code"] == "merged"
    again = await desk.by("sue").post("/v1/leads", json={"external_id": "K1", "title": "again"})
    assert (again.status_code, again.json()["code"]) == (409, "merged")
    assert (await try_merge(desk, second, keyed["id"], "eva")).json()["unmet"][0]["code"] == "absorbed_not_open"
    for filters in ({}, {"external_id": "K1"}, {"state": "merged"}):
        listed = {lead["id"] for lead in (await desk.ask("admin", "GET", "/v1/leads", **filters))["items"]}
        assert not listed & {first["id"], keyed["id"]}
    await send(desk, "s2", "download", external_id="K1")
    assert [one["kind"] for one in await of_lead(desk, second)] == ["download", "visit"], "what they do now is the survivor's"


async def test_undoing_a_merge_gives_back_exactly_what_came(desk: Desk, svc: Running) -> None:
    first, second = await two(desk, svc)
    consent = {"purpose": "marketing", "decision": "withdrawn"}
    done(await desk.by("bob").post(f"/v1/leads/{first['id']}/consents", json=consent), 201)
    before = [await known(desk, lead) for lead in (first, second)]
    await merge(desk, second, first, take=["phone"])
    assert (await known(desk, second))["consents"]["stands"][0]["decision"] == "withdrawn", "who has withdrawn it has withdrawn it"
    got = await unmerge(desk, first)
    assert (got["state"], got["merged_into"]) == ("captured", None)
    assert [await known(desk, lead) for lead in (first, second)] == before
    (told,), (back,) = await svc.told(LeadUnmerged), await svc.told(LeadRestored)
    assert (str(told.subject), str(back.subject)) == (second["id"], first["id"])
    merges = (await desk.ask("max", "GET", f"/v1/leads/{second['id']}/merges"))["items"]
    assert [(one["absorbed_id"], one["undone_by"]) for one in merges] == [(first["id"], desk.id("max"))]
    await is_sound(svc)
    await merge(desk, first, second)  # and the other way round
    await is_sound(svc)


async def test_the_score_counts_the_signals_of_both(desk: Desk, svc: Running) -> None:
    await activate(desk, behaviours=[{**DOWNLOADS, "most": 5}])
    first, second = await desk.lead(email="a@acme.example"), await desk.lead(email="b@acme.example")
    await send(desk, "d1", "download", lead_id=first["id"])
    await send(desk, "d2", "download", lead_id=second["id"])
    before = [(await desk.see(lead))["score"] for lead in (first, second)]
    got = await merge(desk, second, first)
    assert (got["score"], (await desk.see(first))["score"]) == (sum(before), 0)
    assert [found async for _, found in differing(svc.db)] == [[]]
    await unmerge(desk, first)
    assert [(await desk.see(lead))["score"] for lead in (first, second)] == before
    assert [found async for _, found in differing(svc.db)] == [[]]


async def test_what_happened_since_stays_with_the_survivor(desk: Desk, svc: Running) -> None:
    first, second = await two(desk, svc)
    await merge(desk, second, first)
    svc.clock.advance(days=1)
    await desk.meet(second, key_points="since")
    await desk.act(second, "", method="PATCH", job_title="CEO")
    await unmerge(desk, first)
    survivor, restored = await desk.see(second), await desk.see(first)
    assert (survivor["job_title"], survivor["source"], survivor["campaign"]) == ("CEO", "trade_show", None)
    assert (restored["job_title"], restored["source"], restored["responses"]) == ("CTO", "website", 1)
    assert [one["key_points"] for one in await of_lead(desk, second, "interactions")] == ["since", None]
    assert [one["key_points"] for one in await of_lead(desk, first, "interactions")] == ["wants a demo"]
    assert survivor["responses"] == 1
    await is_sound(svc)


async def test_what_was_to_be_done_goes_along_and_comes_back(desk: Desk, svc: Running) -> None:
    async def follow_ups(desk: Desk, lead: dict[str, Any]) -> list[dict[str, Any]]:
        return [task for task in (await plan(desk, lead, "admin"))["tasks"] if task["kind"] == "follow_up"]

    pool = await desk.lead("marketing", email="a@acme.example")
    await desk.act(pool, "assign", "max", owner_id=desk.id("ann"))
    (due,) = await follow_ups(desk, pool)
    response = (await plan(desk, pool, "admin"))["first_response"]
    survivor = await desk.lead("bob", email="a@acme.example")
    own = await follow_ups(desk, survivor)
    await merge(desk, survivor, pool)
    assert (await follow_ups(desk, pool), (await plan(desk, pool, "admin"))["reason"]) == ([], "merged")
    assert await follow_ups(desk, survivor) == own, "it has a plan already"
    assert (await plan(desk, survivor, "admin"))["first_response"]["due_at"] == response["due_at"], "somebody still has to respond"
    await unmerge(desk, pool)
    assert [task["due_at"] for task in await follow_ups(desk, pool)] == [due["due_at"]]
    again = (await plan(desk, pool, "admin"))["first_response"]
    assert (again["state"], again["due_at"]) == ("running", response["due_at"])
    assert (await plan(desk, survivor, "admin"))["first_response"]["state"] == "stopped"
    await is_sound(svc)


async def test_merging_is_for_managers_who_see_both_open_leads(desk: Desk, svc: Running) -> None:
    first, second, south = await desk.lead(), await desk.lead(), await desk.lead("sue")
    assert (await try_merge(desk, first, second["id"], "ann")).status_code == 403
    hidden = await try_merge(desk, first, south["id"])
    assert (hidden.status_code, hidden.json()["errors"][0]["code"]) == (422, "unknown_lead")
    assert (await try_merge(desk, first, first["id"])).json()["errors"][0]["code"] == "same_lead"
    await desk.act(second, "disqualify", reason="need_mismatch")
    assert codes(await try_merge(desk, first, second["id"])) == {"absorbed_not_open"}
    assert codes(await try_merge(desk, second, first["id"])) == {"wrong_state"}
    await merge(desk, first, south, "sales_ops")
    refused = await desk.attempt(south, "unmerge", "sue")
    assert refused.status_code == 403
    assert (await desk.attempt(first, "unmerge")).status_code == 403
    assert codes(await desk.attempt(first, "unmerge", "max")) == {"wrong_state"}
    await unmerge(desk, south, "sales_ops")


async def test_merges_are_undone_from_the_last_one_on_and_within_a_month(desk: Desk, svc: Running) -> None:
    a, b, c, d = [await desk.lead(email=f"{n}@acme.example") for n in "abcd"]
    before = [await known(desk, lead) for lead in (a, b, c, d)]
    await merge(desk, a, b)
    svc.clock.advance(seconds=1)
    await merge(desk, a, c)
    assert codes(await desk.attempt(b, "unmerge", "max")) == {"later_merge"}
    await merge(desk, d, a)
    assert (await desk.see(b))["merged_into"] == d["id"], "an old id finds whoever it is now"
    assert codes(await desk.attempt(c, "unmerge", "max")) == {"survivor_merged"}
    for lead in (a, c, b):
        await unmerge(desk, lead)
    assert [await known(desk, lead) for lead in (a, b, c, d)] == before
    await merge(desk, a, b)
    svc.clock.advance(days=30)
    assert codes(await desk.attempt(b, "unmerge", "max")) == {"too_late"}


async def test_of_many_at_once_nothing_is_lost(desk: Desk, svc: Running) -> None:
    """Contacts, signals and merges of the same leads side by side: everything that was accepted hangs on the one that is left."""
    leads = [await desk.lead(email="a@acme.example", external_id=f"E{n}") for n in range(3)]

    async def merged(one: int, other: int) -> int:
        path = f"/v1/leads/{leads[one]['id']}/merge"
        return (await desk.by("max").post(path, json={"absorbed_id": leads[other]["id"]}, headers={"If-Match": "*"})).status_code

    async def met(n: int) -> int:
        return (await desk.meet(leads[n % 3])).status_code

    async def signalled(n: int) -> int:
        body = {"signal_id": f"p{n}", "kind": "visit", "external_id": f"E{n % 3}"}
        return (await desk.by("marketing").post("/v1/signals", json=body)).status_code

    merges = [merged(0, 1), merged(1, 0), merged(2, 1), merged(1, 2), merged(0, 2)]
    answers = await asyncio.gather(*[met(n) for n in range(9)], *merges, *[signalled(n) for n in range(9)])
    met_ones, merges_done, signals = answers[:9], answers[9:14], answers[14:]
    assert set(met_ones) <= {201, 409}
    assert set(merges_done) <= {200, 409}
    assert set(signals) == {201}
    left = [lead for lead in [await desk.see(lead) for lead in leads] if lead["state"] != "merged"]
    assert len(left) == 3 - merges_done.count(200)
    assert sum([len(await of_lead(desk, lead, "interactions")) for lead in left]) == met_ones.count(201)
    assert sum([len(await of_lead(desk, lead)) for lead in left]) == 9
    await is_sound(svc)


def test_all_that_hangs_on_a_lead_moves_or_says_why_not() -> None:
    found = {f"{column.table.name}.{column.name}": column for column in named(service.metadata, MergeKind.LEAD)}
    moving = {f"{one.table}.{one.column}" for one in hanging(service.metadata, MergeKind.LEAD)}
    assert {"interaction.lead_id", "signal.lead_id", "visitor.lead_id"} <= moving
    assert found.keys() == moving | {name for name in found if name in STAYS} | {name for name, column in found.items() if one_each(column)}
    assert all(len(found[name].table.primary_key.columns) == 1 for name in moving), "a table without such a key says in STAYS why it stays"
    names = {f"{table.name}.{column.name}" for table in service.metadata.sorted_tables for column in table.columns}
    assert STAYS.keys() <= names, "nothing stays that is not there"
