"""Quotes that need somebody's approval: submitted, decided, delegated, taken back, late, sent."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from deal_svc.service import service
from shared.events import quote as told
from shared.events.team import PersonAdded, PersonChanged
from shared.verify import run as run_checks
from tests.client import allowed, codes, unmet
from tests.deal.sales import TEAM, Sales
from tests.deal.test_policy import activated
from tests.harness import Running

LATER = timedelta(days=6)
"""More than the working hours that a step has by default."""


@pytest.fixture
async def office(sales: Sales) -> Sales:
    """With a director, somebody of finance, an assistant and an admin on the roster."""
    people = (("director", "dan", None), ("finance", "fay", None), ("legal", "lea", None), ("assistant", "ash", TEAM))
    for role, key, team in people:
        await sales.svc.hear(PersonAdded(role=role, team_id=team, team_path=[team] if team else []), sales.svc.person(role, key))
    return sales


async def left(sales: Sales, role: str, key: str, version: int = 2) -> None:
    await sales.svc.hear(PersonChanged(role=role, team_id=None, team_path=[], active=False), sales.svc.person(role, key), version)


async def submitted(sales: Sales, off: str = "15", who: str = "rep:ann", **over: Any) -> dict[str, Any]:
    quote = await sales.quote(await sales.deal(), total_discount_percent=off, **over)
    return await sales.act(quote, "submit", who)


async def delegate(sales: Sales, quote: dict[str, Any], step: str, to: str, who: str, *, expect: int = 200) -> dict[str, Any]:
    body = {"step": step, "person_id": sales.id(to)}
    return dict(await sales.ask(who, "POST", f"/v1/quotes/{quote['id']}/decisions/delegate", body, expect=expect))


async def read(sales: Sales, quote: dict[str, Any], who: str = "admin", *, expect: int = 200) -> dict[str, Any]:
    return dict(await sales.ask(who, "GET", f"/v1/quotes/{quote['id']}", expect=expect))


def steps(quote: dict[str, Any], what: str = "state") -> dict[str, Any]:
    return {step["name"]: step[what] for step in quote["approval"]["steps"]}


async def only(svc: Running, event: type) -> Any:
    (found,) = await svc.told(event)
    return found


async def verified(svc: Running) -> None:
    """What `clinch verify` asks of quotes holds."""
    conn = await asyncpg.connect(svc.db.settings.database_url)
    try:
        found = [finding async for finding in run_checks(conn, service.checks)]
    finally:
        await conn.close()
    assert [f.says for f in found if f.offenders] == []


# -- Submitting ----------------------------------------------------------------------------------------------------------------


async def test_what_the_owner_may_give_alone_is_approved_by_itself_and_sent_in_one_call(office: Sales, svc: Running) -> None:
    quote = await office.quote(await office.deal(), total_discount_percent="10")
    sent = await office.act(quote, "send")
    assert (sent["status"], sent["tier"], sent["approval"]) == ("sent", "owner", None)
    events = [e.data for e in await svc.told(told.QuoteSubmitted, told.QuoteApproved, told.QuoteSent)]
    assert [type(e) for e in events] == [told.QuoteSubmitted, told.QuoteApproved, told.QuoteSent]
    assert [getattr(e, "auto", None) for e in events] == [True, True, None]
    assert {e.content_hash for e in events if isinstance(e, told.QuoteSubmitted | told.QuoteApproved | told.QuoteSent)} == {
        sent["content_hash"]
    }
    assert not await svc.told(told.QuoteApprovalRequested)


async def test_a_quote_beyond_that_is_sent_by_nobody_before_it_is_approved(office: Sales, svc: Running) -> None:
    quote = await office.quote(await office.deal(), total_discount_percent="15")
    for who in ("rep:ann", "manager:max", "director:dan", "admin"):
        refused = await office.act(quote, "send", who, expect=409)
        assert (refused["code"], codes(refused)) == ("needs_approval", {"needs_approval"})
    pending = await office.act(quote, "submit", note="They buy for three sites")
    assert (pending["status"], pending["tier"], steps(pending)) == ("pending_approval", "manager", {"manager": "open"})
    assert pending["approval"]["steps"][0]["due_at"] == "2026-03-04T15:00:00Z", "twenty-four working hours from Monday"
    asked = await only(svc, told.QuoteApprovalRequested)
    assert (str(asked.subject), str(asked.data.quote_id), asked.data.tier) == (pending["approval"]["id"], quote["id"], "manager")
    assert "needs_approval" in codes(await office.act(quote, "send", expect=409))
    approved = await office.decide(pending, "manager", "manager:max", reason="Fine")
    assert (approved["status"], approved["content_hash"]) == ("approved", pending["content_hash"])
    assert (await only(svc, told.QuoteApprovalDecided)).data.reason == "Fine"
    assert (await only(svc, told.QuoteApproved)).data.auto is False
    sent = await office.act(quote, "send")
    assert (sent["status"], sent["content_hash"]) == ("sent", pending["content_hash"])
    await verified(svc)


@pytest.mark.parametrize(
    ("off", "tier", "asked"),
    [("20", "manager", {"manager"}), ("30", "director", {"director"}), ("30.5", "director_finance", {"director", "finance"})],
)
async def test_the_tiers_ask_those_whose_authority_it_needs(office: Sales, off: str, tier: str, asked: set[str]) -> None:
    pending = await submitted(office, off)
    assert (pending["tier"], steps(pending).keys()) == (tier, asked)
    people = {"manager": "manager:max", "director": "director:dan", "finance": "finance:fay"}
    for step in sorted(asked):
        pending = await office.decide(pending, step, people[step])
    assert pending["status"] == "approved"


async def test_a_tax_that_is_not_the_products_is_for_finance(office: Sales) -> None:
    quote = await office.quote(await office.deal(), lines=[office.line("1", tax_percent="6")])
    assert codes(await office.act(quote, "send", expect=409)) == {"needs_approval"}
    pending = await office.act(quote, "submit")
    assert (pending["tier"], steps(pending).keys()) == ("owner", {"finance"})


async def test_what_is_asked_for_does_not_change_meanwhile(office: Sales) -> None:
    pending = await submitted(office)
    path = f"/v1/quotes/{pending['id']}"
    refused = await office.ask("rep:ann", "PATCH", path, {"total_discount_percent": "12"}, etag="*", expect=409)
    assert codes(refused) == {"not_draft"}
    assert codes(await office.act(pending, "revise", expect=409)) == {"not_revisable"}
    # Neither what the policy says now, nor what runs by it, changes who is asked.
    await activated(office, "move", discount_authority={"owner_percent": "50", "manager_percent": "60", "director_percent": "70"})
    assert steps(await read(office, pending)) == {"manager": "open"}
    assert (await office.decide(pending, "manager", "manager:max"))["status"] == "approved"


async def test_a_rejection_makes_it_a_draft_again_with_the_reason(office: Sales, svc: Running) -> None:
    pending = await submitted(office)
    missing = await office.decide(pending, "manager", "manager:max", "rejected", expect=422)
    assert missing["errors"][0]["pointer"] == "/reason"
    back = await office.decide(pending, "manager", "manager:max", "rejected", reason="Too much for one site")
    assert (back["status"], back["reason"], back["content_hash"], back["approval"]) == ("draft", "Too much for one site", None, None)
    assert (await only(svc, told.QuoteSubmissionRejected)).data.reason == "Too much for one site"
    await office.ask("rep:ann", "PATCH", f"/v1/quotes/{pending['id']}", {"total_discount_percent": "9"}, etag="*")
    assert (await office.act(pending, "send"))["status"] == "sent"
    await verified(svc)


async def test_who_read_another_content_decides_nothing(office: Sales) -> None:
    pending = await submitted(office)
    stale = await office.decide(pending | {"content_hash": "0" * 64}, "manager", "manager:max", expect=409)
    assert stale["code"] == "content_changed"


# -- Who decides ---------------------------------------------------------------------------------------------------------------


async def test_nobody_decides_their_own(office: Sales) -> None:
    """Neither the owner nor who submits it; each step is decided by another person."""
    by_boss = await submitted(office, "15", "manager:max")
    assert codes(await office.decide(by_boss, "manager", "manager:max", expect=409)) == {"own_quote_submission"}
    assert (await office.decide(by_boss, "manager", "director:dan"))["status"] == "approved", "a director stands in"
    own = await office.quote(await office.deal("manager:max"), "manager:max", total_discount_percent="15")
    pending = await office.act(own, "submit", "manager:max")
    assert "own_quote" in codes(await office.decide(pending, "manager", "manager:max", expect=409))
    deep = await submitted(office, "40")
    await delegate(office, deep, "finance", "director:dan", "finance:fay")
    await office.decide(deep, "finance", "director:dan")
    assert codes(await office.decide(deep, "director", "director:dan", expect=409)) == {"one_step_each"}
    refused = await delegate(office, deep, "director", "rep:ann", "director:dan", expect=409)
    assert refused["code"] in ("decision_not_delegable", "not_a_delegate")


async def test_the_owner_and_who_submits_it_are_not_named_as_delegates(office: Sales) -> None:
    pending = await submitted(office)
    refused = await delegate(office, pending, "manager", "rep:ann", "manager:max", expect=409)
    assert refused["code"] == "not_a_delegate"
    assert (await delegate(office, pending, "manager", "manager:zoe", "manager:max", expect=409))["code"] == "not_a_delegate", "sees it not"


async def test_others_are_not_asked(office: Sales) -> None:
    pending = await submitted(office)
    await office.decide(pending, "manager", "rep:bob", expect=404)
    await office.decide(pending, "manager", "manager:zoe", expect=404)
    await office.decide(pending, "manager", "assistant:ash", expect=403)
    assert codes(await office.decide(pending, "finance", "finance:fay", expect=409)) == {"step_not_needed"}


async def test_where_the_only_director_owns_the_deal_an_admin_or_finance_decides(office: Sales) -> None:
    quote = await office.quote(
        await office.deal("director:dan", owner_id=office.id("manager:max")), "manager:max", total_discount_percent="25"
    )
    pending = await office.act(quote, "submit", "director:dan")
    assert pending["approval"]["requested_by"] == office.id("director:dan")
    assert (await office.decide(pending, "director", "finance:fay"))["status"] == "approved"


async def test_where_nobody_is_there_nothing_is_submitted(office: Sales, svc: Running) -> None:
    await left(office, "finance", "fay")
    quote = await office.quote(await office.deal(), total_discount_percent="40")
    listed = next(act for act in (await read(office, quote))["allowed_actions"] if act["action"] == "submit")
    assert (listed["allowed"], codes(listed)) == (False, {"nobody_to_decide"}), "whoever reads it is told before they try"
    refused = await office.act(quote, "submit", expect=409)
    assert codes(refused) == {"nobody_to_decide"}
    assert "finance" in refused["unmet"][0]["message"]
    assert (await read(office, quote))["status"] == "draft"
    await left(office, "director", "dan")
    small = await office.quote(await office.deal(), total_discount_percent="15")
    assert codes(await office.act(small, "submit", "manager:max", expect=409)) == {"nobody_to_decide"}, (
        "a manager of another team is nobody"
    )
    assert (await office.act(small, "submit"))["status"] == "pending_approval"


async def test_a_delegate_decides_whatever_their_role(office: Sales, svc: Running) -> None:
    pending = await submitted(office)
    given = await delegate(office, pending, "manager", "assistant:ash", "manager:max")
    assert (given["version"], steps(given, "delegate_id")) == (pending["version"], {"manager": office.id("assistant:ash")})
    assert "decide_manager" in allowed(await read(office, pending, "assistant:ash"))
    assert (await office.decide(pending, "manager", "assistant:ash"))["status"] == "approved"


async def test_a_new_owner_does_not_keep_what_they_decided(office: Sales, svc: Running) -> None:
    pending = await submitted(office, "40")
    await delegate(office, pending, "director", "manager:max", "director:dan")
    await office.decide(pending, "director", "manager:max")
    await office.ask("director:dan", "POST", f"/v1/deals/{pending['deal_id']}/assign", {"owner_id": office.id("manager:max")}, etag="*")
    assert steps(await read(office, pending)) == {"director": "open", "finance": "open"}
    assert [s.name for s in (await only(svc, told.QuoteApprovalReopened)).data.steps] == ["director"]


async def test_a_deal_says_what_of_it_is_up_for_approval(office: Sales) -> None:
    pending = await office.act(await office.quote(await office.deal(), total_discount_percent="15"), "submit")

    async def open_approvals() -> list[dict[str, Any]]:
        return list((await office.ask("rep:ann", "GET", f"/v1/deals/{pending['deal_id']}"))["open_approvals"])

    assert await open_approvals() == [{"kind": "quote", "id": pending["id"], "number": pending["number"]}]
    await office.decide(pending, "manager", "manager:max")
    assert await open_approvals() == []


# -- Floors, costs and terms ---------------------------------------------------------------------------------------------------


async def costing(sales: Sales, amount: str) -> None:
    path = f"/v1/products/{sales.products['CRM-1']}/cost"
    await sales.ask("finance:fay", "PUT", path, {"cost": {"amount": amount, "currency": "CNY"}}, etag="*")


async def floor(sales: Sales, amount: str) -> None:
    """A price list is a matter of a day: the one of today has a floor."""
    put = {"unit_price": {"amount": "1000", "currency": "CNY"}, "valid_from": "2026-03-01", "floor": amount}
    await sales.ask("ops", "PUT", f"/v1/products/{sales.products['CRM-1']}/prices", put, etag="*")


@pytest.mark.parametrize("by_floor", [True, False])
async def test_too_low_a_price_is_found_out_on_submission_only_and_nobody_is_told_why(office: Sales, by_floor: bool) -> None:
    """Below its floor, or below its cost: both ask a director and finance, and neither is said, nor any number."""
    await (floor(office, "950.50") if by_floor else costing(office, "950.50"))
    quote = await office.quote(await office.deal(), total_discount_percent="5")
    assert "send" in allowed(quote), "looking at it tells nothing"
    path = f"/v1/quotes/{quote['id']}"
    dry = await office.ask("rep:ann", "POST", f"{path}/submit", {}, etag="*", dry_run="true")
    assert dry["tier"] == "owner", "nor does trying"
    refused = await office.raw("rep:ann", "POST", f"{path}/send", {}, etag="*")
    assert (refused.status_code, refused.json()["code"], codes(refused.json())) == (409, "needs_approval", {"needs_approval"})
    pending = await office.act(quote, "submit")
    assert (pending["tier"], steps(pending).keys()) == ("director_finance", {"director", "finance"})
    for said in (refused.text, str(pending)):
        assert not any(word in said for word in ("950.5", "floor", "margin", "cost"))


async def test_a_price_on_its_floor_is_not_below_it(office: Sales) -> None:
    await floor(office, "950")
    await costing(office, "950")
    quote = await office.quote(await office.deal(), total_discount_percent="5")
    assert (await office.act(quote, "send"))["status"] == "sent"


async def test_a_floor_is_that_of_the_price_which_the_line_has(office: Sales) -> None:
    first = await office.quote(await office.deal(), total_discount_percent="5")
    await office.act(first, "send")
    await floor(office, "960")
    second = await office.act(first, "revise", expect=201)
    assert (await office.act(second, "submit"))["status"] == "approved", "it keeps the prices of its day"
    third = await office.act(second, "revise", expect=201)
    await office.ask("rep:ann", "PATCH", f"/v1/quotes/{third['id']}", {"lines": [office.line("10")]}, etag="*")
    pending = await office.act(third, "submit")
    assert (pending["tier"], pending["kept_from"]) == ("director_finance", None), "what was not below a floor covers nothing that is"


async def test_special_terms_are_for_legal(office: Sales) -> None:
    quote = await office.quote(await office.deal(), total_discount_percent="15", special_terms="Penalty of 1 % a day")
    pending = await office.act(quote, "submit")
    assert (pending["tier"], steps(pending).keys()) == ("manager", {"manager", "legal"})
    await office.decide(pending, "legal", "legal:lea")
    assert (await office.decide(pending, "manager", "manager:max"))["status"] == "approved"
    await office.act(quote, "send")
    other = await office.act(quote, "revise", expect=201)
    await office.ask("rep:ann", "PATCH", f"/v1/quotes/{other['id']}", {"special_terms": "None at all"}, etag="*")
    assert codes(await office.act(other, "send", expect=409)) == {"needs_approval"}


async def test_the_margin_is_told_to_finance_directors_and_admins_alone(office: Sales, svc: Running) -> None:
    await costing(office, "600.50")
    sent = await office.act(await office.quote(await office.deal(), total_discount_percent="5"), "send")
    costed = (await only(svc, told.QuoteCosted)).data
    assert (costed.net.amount, costed.cost.amount, costed.margin.amount) == (9500, 6005, 3495)
    path = f"/v1/deals/{sent['deal_id']}/timeline"
    for who, sees in (("rep:ann", False), ("manager:max", False), ("auditor", False), ("director:dan", True), ("admin", True)):
        listed = [item["type"] for item in (await office.ask(who, "GET", path))["items"]]
        assert ("clinch.quote.costed.v1" in listed, "clinch.quote.sent.v1" in listed) == (sees, True), who
    shown = [await read(office, sent, who) for who in ("admin", "rep:ann")]
    assert not any("6005" in str(answer) or "3495" in str(answer) for answer in shown)


# -- Seeing, taking back, being late -------------------------------------------------------------------------------------------


async def test_finance_and_legal_see_a_quote_while_it_is_up_for_approval(office: Sales) -> None:
    quote = await office.quote(await office.deal(), total_discount_percent="15")
    await read(office, quote, "finance:fay", expect=404)
    pending = await office.act(quote, "submit")
    for who in ("finance:fay", "legal"):
        await read(office, quote, who)
    await office.decide(pending, "manager", "manager:max")
    await read(office, quote, "finance:fay", expect=404)


async def test_who_submitted_it_or_a_manager_takes_it_back(office: Sales, svc: Running) -> None:
    pending = await submitted(office, "15", "manager:max")
    assert codes(await office.act(pending, "withdraw-submission", expect=409)) == {"quote_submitted_by_other"}
    back = await office.act(pending, "withdraw-submission", "manager:max", reason="Another idea")
    assert (back["status"], back["reason"]) == ("draft", "Another idea")
    assert (await only(svc, told.QuoteApprovalWithdrawn)).data.ended == ["manager"]
    again = await office.act(pending, "submit")
    assert (await office.decide(again, "manager", "manager:max"))["status"] == "approved"
    await verified(svc)


async def test_a_lost_deal_ends_the_approval(office: Sales, svc: Running) -> None:
    pending = await submitted(office)
    await office.ask("rep:ann", "POST", f"/v1/deals/{pending['deal_id']}/lose", {"reason": "price"}, etag="*")
    assert (await read(office, pending))["status"] == "withdrawn"
    assert len(await svc.told(told.QuoteApprovalWithdrawn)) == 1
    await verified(svc)


async def test_a_step_is_escalated_once_after_its_working_hours(office: Sales, svc: Running) -> None:
    pending = await submitted(office)
    svc.clock.advance(hours=20)
    await svc.fire_due()
    assert not await svc.told(told.QuoteApprovalEscalated)
    svc.clock.advance(days=LATER.days)
    await svc.fire_due()
    late = await only(svc, told.QuoteApprovalEscalated)
    assert (late.data.step, str(late.data.quote_id), late.data.tier) == ("manager", pending["id"], "manager")
    assert steps(await read(office, pending), "overdue") == {"manager": True}
    svc.clock.advance(days=LATER.days)
    await svc.fire_due()
    assert len(await svc.told(told.QuoteApprovalEscalated)) == 1
    assert (await office.decide(pending, "manager", "manager:max"))["status"] == "approved"


# -- Versions ------------------------------------------------------------------------------------------------------------------


async def test_a_version_that_is_no_worse_keeps_the_approval_and_a_worse_one_asks_again(office: Sales, svc: Running) -> None:
    first = await submitted(office)
    await office.decide(first, "manager", "manager:max")
    await office.act(first, "send")
    better = await office.act(first, "revise", expect=201)
    assert (better["tier"], better["content_hash"], better["approved_at"]) == (None, None, None)
    await office.ask("rep:ann", "PATCH", f"/v1/quotes/{better['id']}", {"total_discount_percent": "14"}, etag="*")
    kept = await office.act(better, "send")
    assert (kept["status"], kept["tier"], kept["kept_from"]) == ("sent", "manager", first["id"])
    [again] = await svc.told(told.QuoteSubmitted, subject=UUID(better["id"]))
    assert (again.data.auto, str(again.data.kept_from)) == (True, first["id"])
    worse = await office.act(better, "revise", expect=201)
    await office.ask("rep:ann", "PATCH", f"/v1/quotes/{worse['id']}", {"total_discount_percent": "14.5"}, etag="*")
    assert codes(await office.act(worse, "send", expect=409)) == {"needs_approval"}
    assert (await office.act(worse, "submit"))["status"] == "pending_approval", "it is worse than the last that was approved"
    await verified(svc)


async def test_an_approved_version_that_was_never_sent_is_superseded_by_a_later_one(office: Sales) -> None:
    first = await office.act(await office.quote(await office.deal()), "submit")
    second = await office.act(first, "revise", expect=201)
    await office.act(second, "send")
    assert (await read(office, first))["status"] == "superseded"


# -- At once -------------------------------------------------------------------------------------------------------------------


async def test_clicks_at_once_decide_once(office: Sales, svc: Running) -> None:
    """The same step by two people, a decision and a taking back: one of them counts, and the history is a legal one."""
    pending = await submitted(office)
    body = {"step": "manager", "decision": "approved", "content_hash": pending["content_hash"]}
    path = f"/v1/quotes/{pending['id']}"
    answers = await asyncio.gather(
        *(office.raw(who, "POST", f"{path}/decisions", body, key=str(uuid4())) for who in ("manager:max", "director:dan") * 2),
        office.raw("rep:ann", "POST", f"{path}/withdraw-submission", {}, etag="*", key=str(uuid4())),
    )
    done = [a.status_code for a in answers]
    assert sorted(done) == [200, 409, 409, 409, 409]
    assert len(await svc.told(told.QuoteApprovalDecided, told.QuoteApprovalWithdrawn)) == 1
    await verified(svc)


async def test_submissions_at_once_ask_once(office: Sales, svc: Running) -> None:
    quote = await office.quote(await office.deal(), total_discount_percent="15")
    path = f"/v1/quotes/{quote['id']}/submit"
    answers = await asyncio.gather(*(office.raw("rep:ann", "POST", path, {}, etag=quote["version"], key=str(uuid4())) for _ in range(4)))
    assert sorted(a.status_code for a in answers) == [200, 412, 412, 412]
    assert len(await svc.told(told.QuoteApprovalRequested)) == 1


async def test_what_is_missing_is_said_before_anybody_is_asked(office: Sales) -> None:
    empty = await office.quote(await office.deal(), lines=[])
    assert unmet(empty, "submit") == {"no_lines"}
    assert codes(await office.act(empty, "submit", expect=409)) == {"no_lines"}
