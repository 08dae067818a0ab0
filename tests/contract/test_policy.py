"""What the policy says of contracts: what a draft begins with holds for it until it ends, and what runs moves where a version says so."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from contract_svc.policy import DEAL_TERMS
from contract_svc.service import service
from shared.events.contract import (
    ContractAcceptanceMoved,
    ContractAcceptanceOverdue,
    ContractDrafted,
    ContractSubmitted,
    ContractWentLive,
    MilestoneTriggered,
)
from shared.events.policy import PolicyActivated
from shared.ids import new_id
from shared.policy import moves, simulation
from tests.client import codes
from tests.contract.office import SIGNERS, Office
from tests.harness import Running

PATH = "/v1/policies/contract-svc/versions"


async def drafted(office: Office, *, running: str = "keep", **document: Any) -> int:
    return int((await office.ask("sales_ops", "POST", PATH, {"document": document, "running": running}, expect=201))["number"])


async def activated(office: Office, *, running: str = "keep", **document: Any) -> int:
    """A version with these values, active now; its number."""
    number = await drafted(office, running=running, **document)
    await office.ask("director", "POST", f"{PATH}/{number}/approve", {}, etag="*")
    await office.ask("director", "POST", f"{PATH}/{number}/activate", {}, etag="*")
    return number


async def test_a_contract_keeps_what_it_began_with_and_its_events_name_the_version(office: Office, svc: Running) -> None:
    before = await office.draft()
    number = await activated(office, acceptance_days=10, core_clauses=["scope"], review_parts=["legal"], sign_within_days=5)
    after = await office.draft()
    assert [(c["policy_version"], c["acceptance_days"], c["core_count"]) for c in (before, after)] == [(1, 30, 3), (number, 10, 1)]
    assert (after["core_clauses"], after["review_parts"]) == (["scope"], ["legal"])
    assert "within 10 days after go-live" in after["sections"]["delivery_acceptance"]

    await office.act(before, "submit")
    assert (await office.review(before, "legal"))["state"] == "in_review", "it needs three"
    await office.act(after, "submit")
    refused = await office.review(after, "finance", expect=409)
    assert codes(refused) == {"not_needed"}
    assert (await office.review(after, "legal"))["state"] == "approved"
    sent = await office.act(after, "send-for-signature", signers=SIGNERS)
    assert sent["sign_by"] == "2026-03-07", "five days from sending"
    await office.act(after, "sign")
    live = await office.act(after, "go-live")
    assert (live["live_on"], live["acceptance_due_day"]) == ("2026-03-02", "2026-03-12")
    told = await svc.told(ContractDrafted, ContractSubmitted, ContractWentLive, MilestoneTriggered)
    assert {e.data.policy_version for e in told if e.subject == UUID(before["id"])} == {1}  # type: ignore[attr-defined]
    its = {UUID(after["id"]), *(UUID(m["id"]) for m in after["milestones"])}
    assert {e.data.policy_version for e in told if e.subject in its} == {number}  # type: ignore[attr-defined]


async def test_a_day_to_sign_that_somebody_names_goes_before_the_policy(office: Office) -> None:
    await activated(office, sign_within_days=5)
    contract = await office.approved()
    sent = await office.act(contract, "send-for-signature", signers=SIGNERS, sign_by="2026-06-30")
    assert sent["sign_by"] == "2026-06-30"


async def test_a_quote_without_a_schedule_takes_the_payment_plan_of_the_deals(office: Office, svc: Running) -> None:
    plan = [{"trigger": "signed", "percent": "30", "due_days": 10}, {"trigger": "accepted", "percent": "70", "due_days": 60}]
    told = PolicyActivated(
        service="deal-svc", name=DEAL_TERMS.name, version=2, document={"payment_plan": plan}, active_from=svc.clock(), running="keep",
        author_id=new_id(), activated_by=new_id(),
    )  # fmt: skip
    await svc.hear(told, DEAL_TERMS.subject)
    svc.db.policies.forget()
    contract = await office.draft(schedule=[], total="100")
    assert [(m["trigger"], m["amount"]["amount"], m["due_days"]) for m in contract["milestones"]] == [
        ("signed", "30.00", 10),
        ("accepted", "70.00", 60),
    ]


async def move(svc: Running) -> None:
    """Do what the worker does with versions that move what runs."""
    policies = {policy.name: policy for policy in service.policies}
    while await moves.step(policies, svc.db, svc.clock):
        pass


async def test_live_contracts_move_to_a_new_deadline_where_the_version_says_so(office: Office, svc: Running) -> None:
    waiting = await office.act(await office.signed(), "go-live")
    accepted, active = await office.delivered(), await office.signed()
    await activated(office, acceptance_days=20)
    await move(svc)
    assert (await office.read(waiting))["acceptance_due_day"] == "2026-04-01", "kept"

    number = await activated(office, acceptance_days=10, running="move")
    await move(svc)
    now = await office.read(waiting)
    assert (now["acceptance_due_day"], now["acceptance_days"], now["policy_version"]) == ("2026-03-12", 10, 1)
    [told] = await svc.told(ContractAcceptanceMoved)
    assert isinstance(told.data, ContractAcceptanceMoved)
    assert told.subject == UUID(waiting["id"])
    assert (str(told.data.previous_due_day), str(told.data.due_day), told.data.policy_version) == ("2026-04-01", "2026-03-12", number)
    for contract in (accepted, active):
        assert (await office.read(contract))["version"] == contract["version"]

    svc.clock.advance(days=12)
    await svc.fire_due()
    assert (await office.read(waiting))["acceptance_overdue"] is True
    assert len(await svc.told(ContractAcceptanceOverdue)) == 1


async def test_a_move_makes_nobody_late_by_itself_and_gives_time_to_those_who_were(office: Office, svc: Running) -> None:
    early = await office.act(await office.signed(), "go-live")
    svc.clock.advance(days=15)
    await activated(office, acceptance_days=5, running="move")
    await move(svc)
    assert (await office.read(early))["acceptance_due_day"] == "2026-03-17", "today at the earliest"
    svc.clock.advance(days=3)
    await svc.fire_due()
    assert (await office.read(early))["acceptance_overdue"] is True
    await activated(office, acceptance_days=40, running="move")
    await move(svc)
    again = await office.read(early)
    assert (again["acceptance_due_day"], again["acceptance_overdue"]) == ("2026-04-11", False)
    svc.clock.advance(days=30)
    await svc.fire_due()
    assert (await office.read(early))["acceptance_overdue"] is True


async def test_a_draft_is_simulated_on_the_contracts_that_went_live(office: Office, svc: Running) -> None:
    quick, slow = await office.act(await office.signed(), "go-live"), await office.act(await office.signed(), "go-live")
    svc.clock.advance(days=12)
    await office.act(slow, "accept")
    await office.act(quick, "accept", accepted_at="2026-03-04T10:00:00Z")
    number = await drafted(office, acceptance_days=7)
    await office.ask("sales_ops", "POST", f"{PATH}/{number}/simulation", {"days": 90}, expect=202)
    (policy,) = service.policies
    async with svc.db.read() as db:
        (report,) = await db.all(simulation._OPEN, names=[policy.name])
    await simulation._take(policy, svc.db, svc.clock, report, asyncio.Event())
    (part,) = (await office.ask("director", "GET", f"{PATH}/{number}/simulation"))["parts"]
    assert (part["name"], part["records"], part["changes"]) == ("acceptance", 2, [{"change": "in_time → late", "records": 1}])
    (found,) = (await office.ask("director", "GET", f"{PATH}/{number}/simulation/records"))["items"]
    assert found["record_id"] == slow["id"]


@pytest.mark.parametrize(
    "document", [{"core_clauses": ["scope", "scope"]}, {"core_clauses": ["smile"]}, {"review_parts": []}, {"review_parts": ["sales"]}]
)
async def test_a_list_that_makes_no_sense_is_refused(office: Office, document: dict[str, Any]) -> None:
    await office.ask("sales_ops", "POST", PATH, {"document": document}, expect=422)
