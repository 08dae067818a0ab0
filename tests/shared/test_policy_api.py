"""How a document of policy is changed: drafted, simulated, approved by somebody else, active now or from a moment on."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.events.policy import (
    PolicyActivated,
    PolicyApproved,
    PolicyDraftChanged,
    PolicyDrafted,
    PolicyScheduled,
    PolicyWithdrawn,
)
from tests.shared.notes_service import NOTE_POLICY
from tests.shared.policy_desk import PATH, Desk


async def test_everybody_reads_the_active_document_and_its_schema(desk: Desk) -> None:
    for who in ("rep", "auditor", "support"):
        found = await desk.ok(who, "GET", "")
        assert (found["number"], found["document"]) == (1, {"longest": 100, "words": ["plain"]})
        schema = await desk.ok(who, "GET", "/schema")
        assert (
            schema["properties"]["longest"] | {"title": "Longest note", "x-title-zh": "最长便签", "maximum": 1000}
            == (schema["properties"]["longest"])
        )
    assert (await desk.ask("rep", "GET", "/../other-svc")).status_code == 404


async def test_the_walk_from_a_draft_to_the_active_document(desk: Desk) -> None:
    draft = await desk.drafted({"document": {"longest": 50}, "note": "Shorter is better"})
    assert (draft["number"], draft["state"], draft["based_on"], draft["document"]["words"]) == (2, "draft", 1, ["plain"])
    assert await desk.longest() == 100
    assert (await desk.ok("director", "POST", "/versions/2/approve"))["state"] == "approved"
    assert await desk.longest() == 100, "approved is not active yet"
    active = await desk.ok("sales_ops", "POST", "/versions/2/activate")
    assert (active["state"], active["approved_by"]) == ("active", str(desk.svc.person("director")))
    assert await desk.longest() == 50, "the process that activates it knows at once"
    listed = (await desk.ok("rep", "GET", "/versions"))["items"]
    assert [(row["number"], row["state"]) for row in listed] == [(2, "active"), (1, "retired")]
    told = await desk.svc.told()
    assert [type(e.data) for e in told] == [PolicyActivated, PolicyDrafted, PolicyApproved, PolicyActivated]
    assert [e.version for e in told] == [1, 2, 3, 4]
    assert {e.subject for e in told} == {NOTE_POLICY.subject}
    last = told[-1].data
    assert isinstance(last, PolicyActivated)
    assert (last.version, last.document["longest"], last.replaces) == (2, 50, 1)
    assert last.approved_by == desk.svc.person("director")


async def test_a_version_becomes_active_at_its_moment(desk: Desk) -> None:
    number = await desk.approved()
    tomorrow = (desk.svc.clock() + timedelta(days=1)).date()
    waiting = await desk.ok("director", "POST", f"/versions/{number}/activate", {"from": str(tomorrow)})
    assert (waiting["state"], waiting["active_from"]) == ("approved", f"{tomorrow}T00:00:00Z")
    assert (await desk.ok("rep", "GET", ""))["waiting"] == number
    desk.svc.clock.advance(hours=14)
    assert await desk.svc.fire_due() == 0
    desk.svc.clock.advance(hours=1)
    assert await desk.svc.fire_due() == 1
    assert await desk.longest() == 50
    active = await desk.ok("rep", "GET", "")
    assert (active["number"], active["waiting"]) == (number, None)
    (scheduled,) = await desk.svc.told(PolicyScheduled)
    assert isinstance(scheduled.data, PolicyScheduled)
    assert str(scheduled.data.active_from.date()) == str(tomorrow)


async def test_another_moment_takes_the_place_of_the_first_and_withdrawing_cancels_it(desk: Desk) -> None:
    number = await desk.approved()
    for days in (1, 3):
        at = (desk.svc.clock() + timedelta(days=days)).isoformat()
        await desk.ok("director", "POST", f"/versions/{number}/activate", {"from": at})
    desk.svc.clock.advance(days=2)
    assert await desk.svc.fire_due() == 0
    await desk.ok("director", "POST", f"/versions/{number}/withdraw", {"reason": "Not now"})
    desk.svc.clock.advance(days=2)
    assert await desk.svc.fire_due() == 0
    assert await desk.longest() == 100
    assert len(await desk.svc.told(PolicyWithdrawn)) == 1


async def test_nobody_approves_what_they_drafted(desk: Desk) -> None:
    draft = await desk.drafted(who="sales_ops+director pat")
    refused = await desk.ask("director pat", "POST", f"/versions/{draft['number']}/approve")
    assert refused.status_code == 409
    assert [u["code"] for u in refused.json()["unmet"]] == ["own_draft"]
    assert (await desk.ask("admin", "POST", f"/versions/{draft['number']}/approve")).status_code == 403


async def test_only_the_author_or_an_admin_changes_a_draft(desk: Desk) -> None:
    number = (await desk.drafted(who="sales_ops ann"))["number"]
    assert (await desk.ask("sales_ops bob", "PATCH", f"/versions/{number}", {"document": {"longest": 40}})).status_code == 409
    for who, longest in (("sales_ops ann", 40), ("admin", 30)):
        changed = await desk.ok(who, "PATCH", f"/versions/{number}", {"document": {"longest": longest}})
        assert changed["document"]["longest"] == longest
    assert len(await desk.svc.told(PolicyDraftChanged)) == 2
    await desk.ok("director", "POST", f"/versions/{number}/approve")
    assert (await desk.ask("admin", "PATCH", f"/versions/{number}", {"note": "x"})).status_code == 409


async def test_who_leads_teams_drafts_only_what_is_about_them(desk: Desk) -> None:
    body = {"document": {"longest": 50}}
    assert (await desk.ask("manager", "POST", "/versions", body)).status_code == 403
    assert (await desk.ask("rep", "POST", "/versions", body)).status_code == 403


async def test_an_outdated_etag_is_refused(desk: Desk) -> None:
    await desk.drafted()
    async with desk.svc.client("sales_ops") as client:
        stale = await client.patch(f"{PATH}/versions/2", json={"note": "x"}, headers={"If-Match": '"7"'})
        none = await client.patch(f"{PATH}/versions/2", json={"note": "x"})
    assert (stale.status_code, none.status_code) == (412, 428)


@pytest.mark.parametrize(
    ("document", "pointer", "says"),
    [
        ({"longest": 0}, "/document/longest", "Write a number from 1 up."),
        ({"longest": "many"}, "/document/longest", "Write a whole number."),
        ({"longst": 5}, "/document/longst", "There is no field of this name here. Did you mean longest?"),
        ({"words": [1]}, "/document/words/0", "Write a text, in quotes."),
    ],
)
async def test_a_field_that_may_not_be_so_is_named_with_what_would_be_right(
    desk: Desk, document: dict[str, Any], pointer: str, says: str
) -> None:
    refused = await desk.ask("sales_ops", "POST", "/versions", {"document": document})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["message"]) == (pointer, says)


async def test_a_draft_that_says_nothing_new_is_refused(desk: Desk) -> None:
    for document in ({}, {"longest": 100}):
        refused = await desk.ask("sales_ops", "POST", "/versions", {"document": document})
        assert (refused.status_code, refused.json()["code"]) == (409, "no_change")


async def test_a_draft_that_another_version_has_overtaken_cannot_become_active(desk: Desk) -> None:
    """Else it would silently take back what the other one changed."""
    first, second = await desk.approved(longest=50), (await desk.drafted({"document": {"longest": 70}}))["number"]
    await desk.ok("director", "POST", f"/versions/{first}/activate")
    refused = await desk.ask("director", "POST", f"/versions/{second}/approve")
    assert [u["code"] for u in refused.json()["unmet"]] == ["outdated"]
    await desk.ok("sales_ops", "PATCH", f"/versions/{second}", {"document": {"words": ["new"]}})
    await desk.ok("director", "POST", f"/versions/{second}/approve")
    await desk.ok("director", "POST", f"/versions/{second}/activate")
    assert await desk.longest() == 70


async def test_one_version_waits_at_a_time(desk: Desk) -> None:
    first, second = await desk.approved(longest=50), await desk.approved(longest=70)
    await desk.ok("director", "POST", f"/versions/{first}/activate", {"from": "2026-04-01"})
    refused = await desk.ask("director", "POST", f"/versions/{second}/activate")
    assert [u["code"] for u in refused.json()["unmet"]] == ["other_waits"]


async def test_two_who_activate_at_once_leave_one_active_version(desk: Desk) -> None:
    numbers = [await desk.approved(longest=longest) for longest in (50, 60, 70)]
    answers = await asyncio.gather(*[desk.ask("director", "POST", f"/versions/{n}/activate") for n in numbers])
    assert sorted(a.status_code for a in answers) == [200, 409, 409]
    listed = (await desk.ok("rep", "GET", "/versions"))["items"]
    assert [row["state"] for row in listed].count("active") == 1


async def test_what_differs_is_named_in_both_languages(desk: Desk) -> None:
    number = (await desk.drafted({"document": {"longest": 50, "words": ["a", "b"]}}))["number"]
    found = await desk.ok("rep", "GET", f"/versions/{number}/diff")
    assert found["compared_with"] == 1
    assert [(c["pointer"], c["title"], c["title_zh"], c["before"], c["after"]) for c in found["changes"]] == [
        ("/longest", "Longest note", "最长便签", 100, 50),
        ("/words", "Words", "词语", ["plain"], ["a", "b"]),
    ]
    assert (await desk.ok("rep", "GET", f"/versions/{number}/diff", **{"with": number}))["changes"] == []


async def test_a_dry_run_says_whether_it_may_be_so_and_stores_nothing(desk: Desk) -> None:
    dry = await desk.ask("sales_ops", "POST", "/versions", {"document": {"longest": 50}}, dry_run="true")
    assert dry.status_code == 201
    assert (await desk.ask("rep", "GET", "/versions/2")).status_code == 404


async def test_what_is_new_has_an_address(desk: Desk) -> None:
    async with desk.svc.client("sales_ops") as client:
        made = await client.post(f"{PATH}/versions", json={"document": {"longest": 50}})
        assert (await client.get(made.headers["Location"])).json()["number"] == 2
