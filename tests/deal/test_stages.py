"""The way of a deal through the API: every gate, exceptions, losing, winning by hand, reopening."""

from datetime import timedelta

import pytest

from deal_svc.discovery.rules import RECORD_ACTS
from shared.events.deal import DealLost, DealReopened, DealStageChanged, DealWon
from shared.events.quote import QuoteAccepted, QuoteWithdrawn
from shared.events.team import PersonAdded
from tests.client import allowed, codes, unmet
from tests.deal.sales import TEAM, Sales
from tests.harness import Running

SPIN = {"spin_situation_missing", "spin_problem_missing", "spin_implication_missing", "spin_need_payoff_missing"}


async def test_the_gate_to_proposal_opens_step_by_step(sales: Sales) -> None:
    deal = await sales.deal()
    path = f"/v1/deals/{deal['id']}"
    missing = SPIN | {"needs_not_confirmed", "no_contact", "no_next_step"}
    for part in ("situation", "problem", "implication", "need_payoff"):
        assert codes(await sales.move(deal, "proposal", expect=409)) == missing == unmet(await sales.read(deal, "rep:ann"), "advance")
        await sales.ask("rep:ann", "POST", f"{path}/spin", {"part": part, "text": "x"}, expect=201)
        missing.remove(f"spin_{part}_missing")
    await sales.ask("rep:ann", "POST", f"{path}/needs-confirmation", {"needs": "x"}, etag="*")
    missing.remove("needs_not_confirmed")
    assert codes(await sales.move(deal, "proposal", expect=409)) == missing
    await sales.member(deal, decision_maker=False)
    missing.remove("no_contact")
    assert codes(await sales.move(deal, "proposal", expect=409)) == missing
    await sales.ask("rep:ann", "PUT", f"{path}/next-step", {"what": "x", "due_at": "2026-03-09T09:00:00Z"}, etag="*")
    assert (await sales.move(deal, "proposal"))["probability"] == 50


async def test_the_gate_to_negotiation_opens_step_by_step(sales: Sales) -> None:
    deal = await sales.deal()
    await sales.ready_for_proposal(deal)
    await sales.move(deal, "proposal")
    missing = {"proposal_not_presented", "no_decision_maker", "quote_not_sent"}
    assert codes(await sales.move(deal, "negotiation", expect=409)) == missing
    await sales.present(deal)
    assert codes(await sales.move(deal, "negotiation", expect=409)) == missing - {"proposal_not_presented"}
    await sales.member(deal, decision_maker=True)
    quote = await sales.quote(deal)
    assert codes(await sales.move(deal, "negotiation", expect=409)) == {"quote_not_sent"}
    await sales.act(quote, "send")
    assert (await sales.move(deal, "negotiation"))["probability"] == 75
    assert codes(await sales.move(deal, "closing", expect=409)) == {"quote_not_accepted"}
    await sales.act(quote, "accept")
    assert (await sales.move(deal, "closing"))["probability"] == 90


async def test_a_yes_before_negotiation_is_recorded_by_a_manager_with_a_reason(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    quote = await sales.quote(deal)
    await sales.act(quote, "send")
    assert codes(await sales.act(quote, "accept", expect=409)) == {"not_in_negotiation", "reason_missing"}
    assert codes(await sales.act(quote, "accept", reason="They called", expect=409)) == {"not_in_negotiation"}
    assert codes(await sales.act(quote, "accept", "manager:max", expect=409)) == {"reason_missing"}
    await sales.act(quote, "accept", "manager:max", reason="They ordered by phone")
    [told] = await svc.told(QuoteAccepted)
    assert isinstance(told.data, QuoteAccepted)
    assert (told.data.reason, set(told.data.skipped_gates)) == (
        "They ordered by phone",
        SPIN | {"needs_not_confirmed", "no_contact", "no_next_step", "proposal_not_presented", "no_decision_maker"},
    )
    assert (await sales.read(deal))["stage"] == "discovery", "its stage is where its seller is with it"


async def test_an_acceptance_in_negotiation_passes_no_gate(sales: Sales, svc: Running) -> None:
    await sales.closing()
    [told] = await svc.told(QuoteAccepted)
    assert (told.data.reason, told.data.skipped_gates) == (None, [])  # type: ignore[attr-defined]


@pytest.mark.parametrize(("end", "counts"), [("withdraw", False), ("expire", False), ("reject", True), ("supersede", True)])
async def test_the_gate_of_negotiation_asks_for_a_quote_that_the_customer_has_or_had_to_answer(
    sales: Sales, svc: Running, end: str, counts: bool
) -> None:
    deal = await sales.deal()
    quote = await sales.quote(deal)
    await sales.act(quote, "send")
    assert "quote_not_sent" not in unmet(await sales.move_to_proposal(deal), "advance")
    if end == "expire":
        svc.clock.advance(days=40)
        assert await svc.fire_due() == 1
    elif end == "supersede":
        await sales.act(await sales.act(quote, "revise", expect=201), "send")
    else:
        await sales.act(quote, end, reason="Too dear")
    assert ("quote_not_sent" in unmet(await sales.read(deal), "advance")) != counts


async def test_a_newer_version_that_is_withdrawn_leaves_nothing_to_answer(sales: Sales) -> None:
    deal = await sales.deal()
    first = await sales.quote(deal)
    await sales.act(first, "send")
    second = await sales.act(first, "revise", expect=201)
    await sales.act(second, "send")
    await sales.act(second, "withdraw", reason="Wrong price")
    assert "quote_not_sent" in unmet(await sales.move_to_proposal(deal), "advance")


async def test_a_win_names_the_gates_that_it_passed(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await sales.ready_for_proposal(deal)
    await sales.ask("director", "POST", f"/v1/deals/{deal['id']}/win", {"evidence": "Order 4711"}, etag="*")
    [told] = await svc.told(DealWon)
    passed = {"proposal_not_presented", "no_decision_maker", "quote_not_sent", "quote_not_accepted"}
    assert set(told.data.skipped_gates) == passed  # type: ignore[attr-defined]


async def test_a_drafted_proposal_is_not_presented(sales: Sales) -> None:
    deal = await sales.deal()
    path = f"/v1/deals/{deal['id']}/proposals"
    first = await sales.ask("rep:ann", "POST", path, {"title": "A"}, expect=201)
    second = await sales.ask("rep:ann", "POST", path, {"title": "B"}, expect=201)
    assert (first["number"], second["number"], second["presented_at"]) == (1, 2, None)
    await sales.ask("rep:ann", "POST", f"{path}/3/present", {}, expect=404)
    shown = await sales.ask("rep:ann", "POST", f"{path}/2/present", {})
    assert shown["presented_at"] is not None
    assert shown["deal_version"] == 4
    [draft, presented] = (await sales.raw("rep:ann", "GET", path)).json()["items"]
    assert (draft["presented_at"], presented["presented_at"]) == (None, shown["presented_at"])


async def test_the_spin_record_and_the_committee_are_kept(sales: Sales) -> None:
    deal = await sales.deal()
    path = f"/v1/deals/{deal['id']}"
    said = await sales.ask("rep:ann", "POST", f"{path}/spin", {"part": "problem", "text": "Slow", "explicit": False}, expect=201)
    assert said["deal_version"] == 2
    [kept] = (await sales.raw("rep:ann", "GET", f"{path}/spin")).json()["items"]
    assert (kept["text"], kept["explicit"], kept["part"]) == ("Slow", False, "problem")
    member = await sales.member(deal, decision_maker=False)
    again = {"contact_id": member["contact_id"], "committee_role": "champion", "decision_maker": True, "stance": "supporter"}
    await sales.ask("rep:ann", "POST", f"{path}/contacts", again, expect=201)
    [one] = (await sales.raw("rep:ann", "GET", f"{path}/contacts")).json()["items"]
    assert (one["committee_role"], one["decision_maker"], one["stance"]) == ("champion", True, "supporter")


async def test_time_in_stage_is_business_time(sales: Sales, svc: Running) -> None:
    start = svc.clock() - timedelta(days=25)
    deal = await sales.deal(at=start.isoformat())
    await sales.ready_for_proposal(deal)
    moved = await sales.move(deal, "proposal", at=(start + timedelta(days=10)).isoformat())
    assert moved["stage_since"].startswith((start + timedelta(days=10)).date().isoformat())
    early = (start + timedelta(days=9)).isoformat()
    assert (await sales.move(deal, "discovery", reason="x", at=early, expect=422))["errors"][0]["code"] == "before_previous"
    [told] = await svc.told(DealStageChanged)
    assert isinstance(told.data, DealStageChanged)
    assert (told.time, told.data.seconds_in_stage, told.data.direction) == (start + timedelta(days=10), 864000, "advance")
    assert (told.data.from_stage, told.data.to_stage, told.data.team_id, told.data.cycle) == ("discovery", "proposal", TEAM, 1)


async def test_skips_and_steps_back(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await sales.move(deal, "closing", reason="x", expect=403)
    assert codes(await sales.move(deal, "closing", "manager:max", expect=409)) == {"reason_missing"}
    await sales.move(deal, "negotiation", "manager:max", reason="Old customer")
    [told] = await svc.told(DealStageChanged)
    assert isinstance(told.data, DealStageChanged)
    assert (told.data.direction, told.data.reason) == ("skip", "Old customer")
    assert set(told.data.skipped_gates) == SPIN | {
        *("needs_not_confirmed", "no_contact", "no_next_step"),
        *("proposal_not_presented", "no_decision_maker", "quote_not_sent"),
    }
    assert codes(await sales.move(deal, "discovery", reason="x", expect=409)) == {"not_manager"}
    assert codes(await sales.move(deal, "proposal", expect=409)) == {"reason_missing"}
    assert (await sales.move(deal, "proposal", reason="New need"))["stage"] == "proposal"
    assert (await svc.told(DealStageChanged))[1].data.direction == "back"  # type: ignore[attr-defined]
    assert codes(await sales.move(deal, "proposal", expect=409)) == {"same_stage"}
    await sales.move(deal, "won", expect=422)


async def test_losing_withdraws_what_was_offered(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    sent, draft = await sales.quote(deal), await sales.quote(deal)
    await sales.act(sent, "send")
    path = f"/v1/deals/{deal['id']}/lose"
    await sales.ask("rep:ann", "POST", path, {"reason": "competitor"}, etag="*", expect=422)
    await sales.ask("rep:ann", "POST", path, {"reason": "other"}, etag="*", expect=422)
    await sales.ask("rep:ann", "POST", path, {"reason": "bad luck"}, etag="*", expect=422)
    lost = await sales.ask("rep:ann", "POST", path, {"reason": "competitor", "competitor": "Rival"}, etag="*")
    assert (lost["stage"], lost["probability"], lost["competitor"], lost["closed_from"]) == ("lost", 0, "Rival", "discovery")
    [told] = await svc.told(DealLost)
    assert isinstance(told.data, DealLost)
    assert (told.data.reason, told.data.competitor, told.data.from_stage) == ("competitor", "Rival", "discovery")
    assert {e.subject for e in await svc.told(QuoteWithdrawn)} == {*map(type(told.subject), (sent["id"], draft["id"]))}
    assert await svc.fire_due() == 0
    for action in ("change", "lose", "advance", "quote", "record"):
        assert unmet(lost, action) >= {"deal_closed"}
    assert codes(await sales.ask("rep:ann", "PATCH", f"/v1/deals/{deal['id']}", {"name": "y"}, etag="*", expect=409)) == {"deal_closed"}
    refused = await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/spin", {"part": "problem", "text": "x"}, expect=409)
    assert codes(refused) == {"deal_closed"}


async def test_a_lost_deal_comes_back_in_a_new_cycle(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    path = f"/v1/deals/{deal['id']}"
    await sales.move(deal, "negotiation", "manager:max", reason="x")
    await sales.ask("rep:ann", "POST", f"{path}/lose", {"reason": "timing"}, etag="*")
    body = {"reason": "Budget came"}
    await sales.ask("rep:ann", "POST", f"{path}/reopen", body, etag="*", expect=403)
    wrong = await sales.ask("manager:max", "POST", f"{path}/reopen", body | {"to": "closing"}, etag="*", expect=409)
    assert codes(wrong) == {"wrong_stage"}
    back = await sales.ask("manager:max", "POST", f"{path}/reopen", body, etag="*")
    assert (back["stage"], back["cycle"], back["probability"], back["closed_at"], back["close_reason"]) == (
        "negotiation",
        2,
        75,
        None,
        None,
    )
    [told] = await svc.told(DealReopened)
    assert isinstance(told.data, DealReopened)
    assert (told.data.stage, told.data.cycle, told.data.reason) == ("negotiation", 2, "Budget came")
    assert codes(await sales.ask("manager:max", "POST", f"{path}/reopen", body, etag="*", expect=409)) == {"not_lost"}


async def test_winning_by_hand(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    path, body = f"/v1/deals/{deal['id']}/win", {"evidence": "Order 4711 of the customer"}
    for who in ("rep:ann", "manager:max", "admin"):
        await sales.ask(who, "POST", path, body, etag="*", expect=403)
    await sales.ask("director", "POST", path, {}, etag="*", expect=422)
    won = await sales.ask("director", "POST", path, body, etag="*")
    assert (won["stage"], won["manual_win"], won["probability"], won["close_reason"]) == ("won", True, 100, body["evidence"])
    [told] = await svc.told(DealWon)
    assert isinstance(told.data, DealWon)
    assert (told.data.manual, told.data.reason, told.data.from_stage) == (True, body["evidence"], "discovery")
    assert codes(await sales.ask("director", "POST", path, body, etag="*", expect=409)) == {"deal_closed"}


@pytest.mark.parametrize("role", ["presales", "assistant"])
async def test_helpers_of_the_team_record_but_do_not_move(sales: Sales, svc: Running, role: str) -> None:
    await svc.hear(PersonAdded(role=role, team_id=TEAM, team_path=[TEAM]), svc.person(role, "hal"))
    deal, who = await sales.deal(), f"{role}:hal"
    await sales.ask(who, "POST", f"/v1/deals/{deal['id']}/spin", {"part": "problem", "text": "x"}, expect=201)
    await sales.ask(who, "POST", f"/v1/deals/{deal['id']}/needs-confirmation", {"needs": "One place for all leads"}, etag="*")
    assert allowed(await sales.read(deal, who)) == {act.name for act in RECORD_ACTS} | {"attach"}
    await sales.move(deal, "proposal", who, expect=403)
    await sales.ask(who, "POST", "/v1/quotes", {"deal_id": deal["id"]}, expect=403)


async def test_version_counts_events(sales: Sales, svc: Running) -> None:
    deal, quote = await sales.closing()
    for made in (deal, quote):
        versions = [e.version for e in await svc.told() if str(e.subject) == made["id"]]
        assert versions == list(range(1, made["version"] + 1))
