"""From the accepted quote to the signature, through the API."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from shared.events.contract import (
    ContractActivated,
    ContractApproved,
    ContractChanged,
    ContractDeclined,
    ContractDrafted,
    ContractRejected,
    ContractReviewed,
    ContractSigned,
    ContractSubmitted,
    ContractVoided,
    MilestoneTriggered,
    MilestoneWaived,
)
from shared.events.deal import DealUpdated
from shared.ids import external_id
from tests.client import allowed, codes, unmet
from tests.contract.office import SIGNERS, TEAM, Office, amount, states
from tests.harness import Running


async def test_a_draft_has_the_totals_the_schedule_and_the_five_parts(office: Office, svc: Running) -> None:
    contract = await office.draft(total="100000.01")

    assert contract["number"] == "C-2026-000001"
    assert (contract["state"], contract["version"], contract["revision"]) == ("draft", 1, 1)
    assert amount(contract["total"]) == Decimal("100000.01")
    assert [(m["trigger"], amount(m["amount"])) for m in contract["milestones"]] == [
        ("signed", Decimal("50000.00")),
        ("go_live", Decimal("30000.00")),
        ("accepted", Decimal("20000.01")),
    ]
    assert set(contract["sections"]) == {"scope", "price_payment", "delivery_acceptance", "breach_disputes", "confidentiality_ip"}
    assert "10 x CRM suite" in contract["sections"]["scope"]
    assert "50 %: 50000.00 CNY, due 30 days after both parties have signed" in contract["sections"]["price_payment"]
    assert len(contract["core_clauses"]) == 3
    [told] = await svc.told(ContractDrafted)
    assert isinstance(told.data, ContractDrafted)
    assert (told.data.owner_id, told.data.source, told.data.region) == (svc.person("rep", "ann"), "referral", "east")
    assert [m.amount for m in told.data.milestones] == [Decimal("50000.00"), Decimal("30000.00"), Decimal("20000.01")]


async def test_numbers_count_up_within_the_year_of_the_drafting(office: Office, svc: Running) -> None:
    last_year = svc.clock.now - timedelta(days=90)
    numbers = [(await office.draft(at=at))["number"] for at in (None, last_year, None)]
    assert numbers == ["C-2026-000001", "C-2025-000001", "C-2026-000002"]


async def test_editing_a_draft_tells_what_changed_and_nothing_else(office: Office, svc: Running) -> None:
    contract = await office.draft()
    path = f"/v1/contracts/{contract['id']}"
    body = {"sections": {"scope": "All of it"}, "ends_on": "2027-03-01", "committed_go_live_on": "2026-05-01"}
    edited = await office.ask("legal", "PATCH", path, body, etag=1)
    assert (edited["version"], edited["sections"]["scope"], edited["ends_on"]) == (2, "All of it", "2027-03-01")
    assert edited["sections"]["breach_disputes"] == contract["sections"]["breach_disputes"]
    [told] = await svc.told(ContractChanged)
    assert isinstance(told.data, ContractChanged)
    assert told.data.changed == ["committed_go_live_on", "ends_on", "sections"]

    assert (await office.ask("rep:ann", "PATCH", path, body, etag=2))["version"] == 2, "the same again is no change"
    await office.ask("rep:ann", "PATCH", path, body, expect=412, etag=1)
    await office.ask("rep:ann", "PATCH", path, body, expect=428)
    await office.ask("rep:ann", "PATCH", path, {"total": "1"}, expect=422, etag=2)
    await office.ask("rep:ann", "PATCH", path, {"ends_on": "9999-12-31"}, expect=422, etag=2)
    await office.ask("rep:ann", "PATCH", path, {"sections": None}, expect=422, etag=2)
    assert codes(await office.ask("rep:ann", "PATCH", path, {"starts_on": "2027-04-01"}, expect=409, etag=2)) == {"ends_before_start"}
    await office.ask("rep:bob", "PATCH", path, {}, expect=404, etag=2)
    await office.ask("finance", "PATCH", path, {}, expect=403, etag=2)


async def test_what_is_under_review_does_not_change(office: Office) -> None:
    contract = await office.draft()
    submitted = await office.act(contract, "submit", etag=1)
    assert submitted["state"] == "in_review"
    assert len(submitted["content_hash"]) == 64
    refused = await office.ask("rep:ann", "PATCH", f"/v1/contracts/{contract['id']}", {"ends_on": None}, expect=409, etag=2)
    assert codes(refused) == {"wrong_state"}


async def test_submission_needs_all_five_parts_and_the_owner(office: Office) -> None:
    contract = await office.draft()
    path = f"/v1/contracts/{contract['id']}"
    emptied = await office.ask("rep:ann", "PATCH", path, {"sections": {"scope": " ", "breach_disputes": ""}}, etag="*")
    assert unmet(emptied, "submit") == {"sections"}
    refused = await office.act(contract, "submit", expect=409)
    assert codes(refused) == {"sections"}
    assert "scope" in refused["unmet"][0]["message"]
    await office.act(contract, "submit", "assistant:nora", expect=403)
    await office.act(contract, "submit", "rep:bob", expect=404)
    await office.act(contract, "submit", "manager:zoe", expect=404)
    assert codes(await office.act(contract, "submit", "csm", expect=409)) == {"not_owner", "sections"}


async def test_three_parts_approve_the_same_content_in_any_order(office: Office, svc: Running) -> None:
    contract = await office.act(await office.draft(), "submit")
    assert allowed(await office.read(contract, "legal")) == {"review_legal", "delegate_legal", "attach"}
    await office.review(contract, "manager", "director")
    assert (await office.review(contract, "finance"))["state"] == "in_review"
    assert codes(await office.review(contract, "finance", expect=409)) == {"reviewed"}
    done = await office.review(contract, "legal")
    assert (done["state"], sorted(r["part"] for r in done["reviews"])) == ("approved", ["finance", "legal", "manager"])
    assert len(await svc.told(ContractReviewed)) == 3
    [told] = await svc.told(ContractApproved)
    [submitted] = await svc.told(ContractSubmitted)
    assert isinstance(told.data, ContractApproved)
    assert isinstance(submitted.data, ContractSubmitted)
    assert told.data.content_hash == submitted.data.content_hash == contract["content_hash"]


async def test_reviews_are_for_their_roles_for_this_content_and_not_by_who_submitted(office: Office) -> None:
    contract = await office.act(await office.draft(), "submit", "manager:max")
    assert codes(await office.review(contract, "manager", "manager:max", expect=409)) == {"own_submission"}
    await office.review(contract, "legal", "finance", expect=403)
    await office.review(contract, "legal", "rep:ann", expect=403)
    assert (await office.review(contract, "legal", expect=409, content_hash="0" * 64))["code"] == "content_changed"
    await office.review(contract, "manager", "manager:zoe", expect=404)
    await office.review(contract, "manager", "director")


async def test_one_person_gives_one_part_whatever_roles_they_have(office: Office) -> None:
    contract = await office.act(await office.draft(), "submit")
    pat = "legal+finance+manager:pat"
    assert {"review_legal", "review_finance"} <= allowed(await office.read(contract, "legal+finance:pat"))
    await office.review(contract, "legal", pat)
    for who in (pat, "finance:pat"):
        assert codes(await office.review(contract, "finance", who, expect=409)) == {"one_part_each"}
        assert unmet(await office.read(contract, who), "review_finance") == {"one_part_each"}
    await office.review(contract, "finance", "finance:kim")
    assert codes(await office.review(contract, "manager", "director:kim", expect=409)) == {"one_part_each"}
    done = await office.review(contract, "manager")
    assert (done["state"], len({r["by"] for r in done["reviews"]})) == ("approved", 3)


async def test_the_owner_of_the_deal_does_not_review_it(office: Office, svc: Running) -> None:
    mine = await office.draft(owner_id=svc.person("manager", "max"))
    contract = await office.act(mine, "submit", "director")
    assert codes(await office.review(contract, "manager", "manager:max", expect=409)) == {"own_contract"}
    assert "review_manager" not in allowed(await office.read(contract, "manager:max"))
    assert codes(await office.review(contract, "manager", "director", expect=409)) == {"own_submission"}


async def test_a_review_by_who_becomes_the_owner_is_void(office: Office, svc: Running) -> None:
    contract = await office.act(await office.draft(), "submit")
    await office.review(contract, "manager", "manager:max")
    await office.review(contract, "legal")
    handed = {"changed": ["owner_id"], "owner_id": svc.person("manager", "max"), "team_id": TEAM}
    money = {"amount": {"amount": "1", "currency": "CNY"}, "fx": "1"}
    await svc.hear(DealUpdated.model_validate(handed | money), UUID(contract["deal_id"]), 9)
    now = await office.read(contract)
    assert [r["part"] for r in now["reviews"]] == ["legal"]
    await office.review(contract, "finance")
    assert (await office.review(contract, "manager", "director"))["state"] == "approved"


async def test_a_rejection_makes_the_next_revision_a_draft(office: Office, svc: Running) -> None:
    contract = await office.act(await office.draft(), "submit")
    await office.review(contract, "legal")
    await office.review(contract, "finance", decision="rejected", expect=422)
    back = await office.review(contract, "finance", decision="rejected", reason="Terms too long")
    assert (back["state"], back["revision"], back["reviews"], back["content_hash"]) == ("draft", 2, [], None)
    [told] = await svc.told(ContractRejected)
    assert isinstance(told.data, ContractRejected)
    assert told.data.reason == "Terms too long"
    again = await office.act(contract, "submit")
    assert again["content_hash"] == contract["content_hash"], "the same content has the same hash"
    assert again["reviews"] == []


async def test_a_draft_takes_a_signer_without_a_contact(office: Office) -> None:
    contract = await office.draft()
    changed = await office.ask("rep:ann", "PATCH", f"/v1/contracts/{contract['id']}", {"signers": [{"name": "Mr Wu"}]}, etag="*")
    assert changed["signers"] == [{"name": "Mr Wu", "contact_id": None}]


async def test_sending_needs_signers_and_three_core_clauses(office: Office) -> None:
    contract = await office.draft()
    await office.ask("rep:ann", "PATCH", f"/v1/contracts/{contract['id']}", {"core_clauses": ["scope", "scope", "price_payment"]}, etag="*")
    await office.act(contract, "submit")
    for part in ("legal", "finance", "manager"):
        await office.review(contract, part)
    assert codes(await office.act(contract, "send-for-signature", expect=409)) == {"core_clauses", "signers"}
    assert codes(await office.act(contract, "send-for-signature", signers=SIGNERS, expect=409)) == {"core_clauses"}

    ready = await office.approved()
    sent = await office.act(ready, "send-for-signature", "assistant:nora", signers=SIGNERS, sign_by="2026-03-31")
    assert (sent["state"], sent["sign_by"], [s["name"] for s in sent["signers"]]) == (
        "out_for_signature",
        "2026-03-31",
        ["Ms Chen", "Mr Wu"],
    )


async def test_signing_wins_the_deal_and_asks_for_the_first_milestone(office: Office, svc: Running) -> None:
    contract = await office.sent()
    signed = await office.act(contract, "sign", "assistant:nora", ends_on="2027-03-01")
    assert (signed["state"], signed["starts_on"], signed["signed_at"]) == ("active", "2026-03-02", "2026-03-02T09:00:00Z")
    assert states(signed) == ["triggered", "planned", "planned"]
    assert (signed["milestones"][0]["due_day"], signed["milestones"][0]["due_at"]) == ("2026-04-01", "2026-04-02T00:00:00Z")
    [told] = await svc.told(ContractSigned)
    assert isinstance(told.data, ContractSigned)
    assert (told.data.channel, told.data.signer_contact_ids) == ("in_person", [external_id("contact", "chen")])
    assert [m.position for m in told.data.milestones] == [1, 2, 3]
    [active] = await svc.told(ContractActivated)
    assert active.time == told.time
    assert "Ms Chen" not in told.data.model_dump_json(), "names stay here"


async def test_everybody_named_must_have_signed_in_time_what_was_approved(office: Office, svc: Running) -> None:
    draft = await office.draft()
    terms = {"starts_on": "2026-03-10", "ends_on": "2027-03-09", "sign_by": "2026-03-05", "signers": SIGNERS}
    await office.ask("rep:ann", "PATCH", f"/v1/contracts/{draft['id']}", terms, etag="*")
    await office.act(draft, "submit")
    for part in ("legal", "finance", "manager"):
        await office.review(draft, part)
    await office.act(draft, "send-for-signature")
    svc.clock.advance(days=10)
    assert codes(await office.act(draft, "sign", expect=409)) == {"deadline"}
    in_time = (svc.clock.now - timedelta(days=8)).isoformat()
    refused = await office.act(draft, "sign", signed_at=in_time, signers=SIGNERS[:1], starts_on="2026-03-09", expect=409)
    assert codes(refused) == {"signatures", "approved_dates"}
    before = (svc.clock.now - timedelta(days=11)).isoformat()
    assert (await office.act(draft, "sign", signed_at=before, expect=422))["errors"][0]["pointer"] == "/signed_at"
    later = (svc.clock.now + timedelta(days=1)).isoformat()
    assert (await office.act(draft, "sign", signed_at=later, expect=422))["errors"][0]["code"] == "future"
    signed = await office.act(draft, "sign", signed_at=in_time)
    assert (signed["state"], signed["ends_on"]) == ("active", "2027-03-09")


async def test_it_takes_effect_by_a_timer_on_its_day(office: Office, svc: Running) -> None:
    contract = await office.signed(sign={"starts_on": "2026-03-10"})
    assert contract["state"] == "signed"
    svc.clock.advance(days=7)
    await svc.fire_due()
    assert (await office.read(contract))["state"] == "signed"
    svc.clock.advance(days=1)
    assert await svc.fire_due() == 1
    assert (await office.read(contract))["state"] == "active"
    [told] = await svc.told(ContractActivated)
    assert told.time.isoformat() == "2026-03-10T00:00:00+00:00"


async def test_declining_goes_back_to_a_draft(office: Office, svc: Running) -> None:
    contract = await office.sent()
    declined = await office.act(contract, "decline", "assistant:nora", reason="Too dear")
    assert (declined["state"], declined["revision"], declined["content_hash"]) == ("draft", 2, None)
    [told] = await svc.told(ContractDeclined)
    assert isinstance(told.data, ContractDeclined)
    assert told.data.reason == "Too dear"
    assert codes(await office.act(contract, "sign", expect=409)) == {"wrong_state"}


async def test_voiding_before_the_signature_is_the_owners(office: Office, svc: Running) -> None:
    contract = await office.sent()
    await office.act(contract, "void", "assistant:nora", reason="x", expect=403)
    voided = await office.act(contract, "void", reason="Started anew")
    assert (voided["state"], voided["close_reason"], states(voided)) == ("voided", "Started anew", ["waived"] * 3)
    [told] = await svc.told(ContractVoided)
    assert isinstance(told.data, ContractVoided)
    assert told.data.was_signed is False
    assert codes(await office.act(contract, "void", "director", reason="x", expect=409)) == {"wrong_state"}


async def test_voiding_after_the_signature_is_a_directors_and_before_the_effect(office: Office, svc: Running) -> None:
    contract = await office.signed(sign={"starts_on": "2026-03-10"})
    assert codes(await office.act(contract, "void", "manager:max", reason="x", expect=409)) == {"not_director"}
    payment = await office.pay(contract, "1000")
    assert codes(await office.act(contract, "void", "director", reason="x", expect=409)) == {"payments"}
    await office.reverse(payment)
    voided = await office.act(contract, "void", "director", reason="They went bankrupt")
    assert states(voided) == ["waived"] * 3
    [told] = await svc.told(ContractVoided)
    assert isinstance(told.data, ContractVoided)
    assert told.data.was_signed is True
    assert len(await svc.told(MilestoneWaived)) == 3
    svc.clock.advance(days=100)
    assert await svc.fire_due() == 0, "nothing of it waits any more"

    active = await office.signed()
    assert codes(await office.act(active, "void", "director", reason="x", expect=409)) == {"wrong_state"}


async def test_a_signature_in_the_past_asks_with_past_due_dates(office: Office, svc: Running) -> None:
    long_ago = svc.clock.now - timedelta(days=60)
    contract = await office.sent(at=long_ago)
    signed_at = long_ago + timedelta(days=2)
    await office.act(contract, "sign", "manager:max", signed_at=signed_at.isoformat())
    [told] = await svc.told(MilestoneTriggered)
    assert isinstance(told.data, MilestoneTriggered)
    assert (told.time, told.data.due_day) == (signed_at, (signed_at + timedelta(days=30)).date())
    assert await svc.fire_due() == 1
    assert (await office.read(contract))["milestones"][0]["overdue_since"] is not None


@pytest.mark.parametrize("action", ["submit", "send-for-signature", "sign", "decline", "void", "go-live", "accept", "terminate"])
async def test_each_step_needs_the_version_that_was_read(office: Office, action: str) -> None:
    contract = await office.draft()
    path, body = f"/v1/contracts/{contract['id']}/{action}", {"reason": "x"} if action in ("decline", "void", "terminate") else {}
    await office.ask("admin", "POST", path, body, expect=428)
    stale = await office.ask("admin", "POST", path, body, expect=412, etag=7)
    assert stale["current_version"] == 1


async def test_a_dry_run_changes_nothing(office: Office, svc: Running) -> None:
    contract = await office.draft()
    tried = await office.ask("rep:ann", "POST", f"/v1/contracts/{contract['id']}/submit", {}, etag=1, dry_run="true")
    assert tried["state"] == "in_review"
    assert (await office.read(contract))["state"] == "draft"
    assert await svc.told(ContractSubmitted) == []
