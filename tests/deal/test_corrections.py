"""What was recorded of a deal by a slip is set right or taken away: by those who may record, in its own version, told and in the gates."""

from typing import Any
from uuid import uuid4

import pytest

from shared.events.deal import (
    DealContactCorrected,
    DealContactRemoved,
    DealNeedsWithdrawn,
    DealProposalCorrected,
    DealProposalRemoved,
    DealSpinCorrected,
    DealSpinRemoved,
)
from tests.client import codes
from tests.deal.sales import Sales
from tests.harness import Running


async def listed(sales: Sales, deal: dict[str, Any], what: str, who: str = "rep:ann") -> list[Any]:
    found: list[Any] = (await sales.ask(who, "GET", f"/v1/deals/{deal['id']}/{what}"))["items"]
    return found


async def test_an_entry_of_the_spin_record_is_set_right_and_removed(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    path = f"/v1/deals/{deal['id']}/spin"
    entry = await sales.ask("rep:ann", "POST", path, {"part": "problem", "text": "Slow"}, expect=201)
    right = await sales.ask(
        "rep:ann", "PATCH", f"{path}/{entry['id']}", {"part": "situation", "explicit": False}, etag=entry["deal_version"]
    )
    assert right == entry | {"part": "situation", "explicit": False, "deal_version": entry["deal_version"] + 1}
    assert await listed(sales, deal, "spin") == [right | {"deal_version": None}]
    gone = await sales.ask("rep:ann", "DELETE", f"{path}/{entry['id']}", etag=right["deal_version"])
    assert (gone["id"], gone["deal_version"]) == (entry["id"], right["deal_version"] + 1)
    assert (await listed(sales, deal, "spin"), (await sales.read(deal))["version"]) == ([], gone["deal_version"])
    corrected, removed = await svc.told(DealSpinCorrected, DealSpinRemoved)
    assert (str(corrected.data.spin_id), corrected.data.part, corrected.data.changed) == (entry["id"], "situation", ["explicit", "part"])
    assert (str(removed.data.spin_id), removed.data.part) == (entry["id"], "situation")


async def test_a_member_of_the_committee_is_set_right_and_taken_off_it(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    wrong, other = [await sales.member(deal, decision_maker=False) for _ in range(2)]
    path = f"/v1/deals/{deal['id']}/contacts/{wrong['contact_id']}"
    right = await sales.ask("rep:ann", "PATCH", path, {"decision_maker": True, "stance": "opponent"}, etag=other["deal_version"])
    assert right == wrong | {"decision_maker": True, "stance": "opponent", "deal_version": other["deal_version"] + 1}
    await sales.ask("rep:ann", "DELETE", path, etag=right["deal_version"])
    assert [one["contact_id"] for one in await listed(sales, deal, "contacts")] == [other["contact_id"]]
    corrected, removed = await svc.told(DealContactCorrected, DealContactRemoved)
    assert (corrected.data.decision_maker, corrected.data.changed) == (True, ["decision_maker", "stance"])
    assert str(removed.data.contact_id) == wrong["contact_id"]
    assert "opponent" not in f"{corrected.data!r}", "what we think of somebody is in no event"


async def test_a_proposal_is_set_right_until_the_customer_has_seen_it(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    path = f"/v1/deals/{deal['id']}/proposals"
    for title in ("First", "Secnod", "Third"):
        await sales.ask("rep:ann", "POST", path, {"title": title}, expect=201)
    point = {"pain": "Leads get lost", "capability": "Timers", "value": "12 % more deals"}
    right = await sales.ask("rep:ann", "PATCH", f"{path}/2", {"title": "Second", "points": [point]}, etag="*")
    assert (right["title"], right["points"]) == ("Second", [point])
    await sales.ask("rep:ann", "DELETE", f"{path}/3", etag="*")
    assert [(one["number"], one["title"]) for one in await listed(sales, deal, "proposals")] == [(1, "First"), (2, "Second")]
    await sales.ask("rep:ann", "POST", f"{path}/2/present", {})
    for method, body in (("PATCH", {"title": "Other"}), ("DELETE", None)):
        assert codes(await sales.ask("rep:ann", method, f"{path}/2", body, etag="*", expect=409)) == {"presented"}
    corrected, removed = await svc.told(DealProposalCorrected, DealProposalRemoved)
    assert (corrected.data.proposal_version, corrected.data.changed, removed.data.proposal_version) == (2, ["points", "title"], 3)


async def test_a_confirmation_of_the_needs_is_taken_back(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await sales.ready_for_proposal(deal)
    path = f"/v1/deals/{deal['id']}/needs-confirmation"
    before = (await sales.read(deal))["version"]
    gone = await sales.ask("rep:ann", "DELETE", path, etag=before)
    assert (gone["version"], gone["needs"], gone["needs_confirmed_at"]) == (before + 1, None, None)
    assert codes(await sales.move(deal, "proposal", expect=409)) == {"needs_not_confirmed"}
    assert codes(await sales.ask("rep:ann", "DELETE", path, etag="*", expect=409)) == {"needs_not_confirmed"}
    assert len(await svc.told(DealNeedsWithdrawn)) == 1


async def test_what_was_removed_no_longer_opens_a_gate(sales: Sales) -> None:
    deal = await sales.deal()
    await sales.ready_for_proposal(deal)
    path = f"/v1/deals/{deal['id']}"
    (problem,) = [one for one in await listed(sales, deal, "spin") if one["part"] == "problem"]
    (member,) = await listed(sales, deal, "contacts")
    await sales.ask("rep:ann", "DELETE", f"{path}/spin/{problem['id']}", etag="*")
    await sales.ask("rep:ann", "DELETE", f"{path}/contacts/{member['contact_id']}", etag="*")
    assert codes(await sales.move(deal, "proposal", expect=409)) == {"spin_problem_missing", "no_contact"}


async def test_the_same_again_changes_and_tells_nothing(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    member = await sales.member(deal, decision_maker=False)
    path = f"/v1/deals/{deal['id']}/contacts/{member['contact_id']}"
    for body in ({}, {"decision_maker": False}):
        assert (await sales.ask("rep:ann", "PATCH", path, body, etag="*"))["deal_version"] == member["deal_version"]
    assert await svc.told(DealContactCorrected) == []


async def test_somebody_else_was_first(sales: Sales) -> None:
    deal = await sales.deal()
    member = await sales.member(deal, decision_maker=False)
    path = f"/v1/deals/{deal['id']}/contacts/{member['contact_id']}"
    for method, body in (("PATCH", {"decision_maker": True}), ("DELETE", None)):
        await sales.ask("rep:ann", method, path, body, etag=deal["version"], expect=412)
        await sales.ask("rep:ann", method, path, body, expect=428)
    assert (await listed(sales, deal, "contacts"))[0]["decision_maker"] is False


@pytest.mark.parametrize("part", ["spin", "contacts"])
async def test_what_hangs_on_another_deal_is_not_found(sales: Sales, part: str) -> None:
    """Not by its own address either, and nothing of it changes."""
    deal, other = await sales.deal(), await sales.deal()
    entry = await sales.ask("rep:ann", "POST", f"/v1/deals/{other['id']}/spin", {"part": "problem", "text": "x"}, expect=201)
    member = await sales.member(other, decision_maker=False)
    key = entry["id"] if part == "spin" else member["contact_id"]
    for id in (key, uuid4()):
        for method, body in (("PATCH", {}), ("DELETE", None)):
            await sales.ask("rep:ann", method, f"/v1/deals/{deal['id']}/{part}/{id}", body, etag="*", expect=404)
    assert len(await listed(sales, other, part)) == 1
    await sales.ask("manager:zoe", "DELETE", f"/v1/deals/{other['id']}/{part}/{key}", etag="*", expect=404)


async def test_masked_roles_do_not_correct_and_a_closed_deal_stays_as_it_was(sales: Sales) -> None:
    deal = await sales.deal()
    member = await sales.member(deal, decision_maker=False)
    path = f"/v1/deals/{deal['id']}/contacts/{member['contact_id']}"
    await sales.ask("auditor", "DELETE", path, etag="*", expect=403)
    await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "price"}, etag="*")
    assert codes(await sales.ask("rep:ann", "DELETE", path, etag="*", expect=409)) == {"deal_closed"}
    assert len(await listed(sales, deal, "contacts")) == 1


async def test_a_dry_run_removes_nothing(sales: Sales) -> None:
    deal = await sales.deal()
    member = await sales.member(deal, decision_maker=False)
    await sales.ask("rep:ann", "DELETE", f"/v1/deals/{deal['id']}/contacts/{member['contact_id']}", etag="*", dry_run="true")
    assert len(await listed(sales, deal, "contacts")) == 1
