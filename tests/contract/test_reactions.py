"""What contract-svc does when other services tell something."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from contract_svc.service import service
from shared.events.contract import ContractChanged, ContractDrafted, ContractVoided, MilestonePlanned
from shared.events.deal import DealLost, DealUpdated
from shared.events.envelope import Event, Money
from shared.events.quote import PaymentTerm, QuoteSuperseded, QuoteWithdrawn
from shared.events.team import PersonChanged
from shared.ids import new_id
from tests.contract.office import OTHER_TEAM, TEAM, Office, amount, quote, states
from tests.harness import Running


async def test_an_accepted_quote_has_one_contract_however_often_it_is_heard(office: Office, svc: Running) -> None:
    quote_id, accepted = new_id(), quote(svc.person("rep", "ann"))
    then = svc.clock.now - timedelta(days=3)
    for _ in range(3):
        await svc.hear(accepted, quote_id, at=then)
    [told] = await svc.told(ContractDrafted)
    assert told.time == then
    assert [e.time for e in await svc.told(MilestonePlanned)] == [then] * 3
    (contract,) = (await office.ask("admin", "GET", "/v1/contracts"))["items"]
    assert contract["drafted_at"] == then.isoformat().replace("+00:00", "Z")

    await office.act(contract, "void", reason="x")
    await svc.hear(accepted, quote_id, at=then)
    assert len(await svc.told(ContractDrafted)) == 1, "an old event does not bring a voided contract back"


async def test_the_draft_needs_nothing_but_the_event(office: Office) -> None:
    contract = await office.draft(
        schedule=[], total="0.01", account_id=None, source=None, product=None, region=None, owner_id=None, team_id=None
    )
    assert [(m["trigger"], m["percent"], m["due_days"]) for m in contract["milestones"]] == [
        ("signed", "50", 30),
        ("go_live", "30", 30),
        ("accepted", "20", 30),
    ]
    assert [amount(m["amount"]) for m in contract["milestones"]] == [0, 0, Decimal("0.01")]


async def test_a_schedule_that_says_amounts_is_kept_to_the_cent(office: Office) -> None:
    terms = [PaymentTerm(trigger="signed", percent=Decimal("33.3333"), amount=Decimal(a), due_days=30) for a in ("0.5", "900", "99.5")]
    assert [amount(m["amount"]) for m in (await office.draft(total="1000", schedule=terms))["milestones"]] == [
        Decimal("0.5"),
        900,
        Decimal("99.5"),
    ]


def moved(contract: dict[str, Any], owner: UUID, **over: Any) -> DealUpdated:
    given: dict[str, Any] = {
        "owner_id": owner,
        "team_id": OTHER_TEAM,
        "source": "referral",
        "product": "crm",
        "region": "east",
        "changed": ["owner_id", "team_id"],
        "amount": Money(amount=Decimal(1), currency="CNY"),
        "fx": Decimal(1),
    }
    return DealUpdated(**given | over)


async def test_a_contract_follows_its_deal_to_another_owner(office: Office, svc: Running) -> None:
    draft, signed = await office.draft(), await office.signed()
    bob = svc.person("rep", "bob")
    for contract in (draft, signed):
        for version in (2, 3):
            await svc.hear(moved(contract, bob), UUID(contract["deal_id"]), version)
    found = {told.subject: told.data for told in await svc.told(ContractChanged)}
    assert len(found) == len(await svc.told(ContractChanged)) == 2
    followed, kept = found[UUID(draft["id"])], found[UUID(signed["id"])]
    assert isinstance(followed, ContractChanged)
    assert isinstance(kept, ContractChanged)
    assert (followed.changed, followed.owner_id, str(followed.previous_owner_id)) == (["owner_id", "team_id"], bob, draft["owner_id"])
    assert (kept.changed, kept.owner_id) == (["owner_id"], bob), "of what is signed, the team is that of the new owner"
    assert (await office.read(draft, "rep:bob"))["team_id"] == str(OTHER_TEAM)
    assert (await office.read(signed, "rep:bob"))["region"] == signed["region"]


async def test_a_closed_contract_follows_its_deal_and_stays_in_its_team(office: Office, svc: Running) -> None:
    bob = svc.person("rep", "bob")
    await svc.hear(PersonChanged(role="rep", team_id=OTHER_TEAM, team_path=[OTHER_TEAM]), bob, 2)
    completed = await office.delivered(total="100")
    await office.pay(completed, "100")
    terminated = await office.act(await office.signed(), "terminate", "manager:max", reason="x")
    voided = await office.act(await office.draft(), "void", reason="x")
    for contract in (completed, terminated, voided):
        await svc.hear(moved(contract, bob), UUID(contract["deal_id"]), 2)
        seen = await office.read(contract, "rep:bob")
        assert (seen["owner_id"], seen["team_id"]) == (str(bob), str(TEAM))


async def test_a_signed_contract_goes_with_a_hand_over_of_contracts_and_not_of_deals(office: Office, svc: Running) -> None:
    signed, bob = await office.signed(), svc.person("rep", "bob")
    await svc.hear(moved(signed, bob, hand_over_id=new_id()), UUID(signed["deal_id"]), 2)
    assert (await office.read(signed))["owner_id"] == signed["owner_id"]


def lost(contract: dict[str, Any], at: Any) -> DealLost:
    return DealLost(
        amount=Money(amount=Decimal(1), currency="CNY"),
        fx=Decimal(1),
        reason="price",
        from_stage="closing",
        cycle=1,
        opened_at=at,
        seconds_in_stage=1.0,
    )


async def test_a_lost_deal_voids_what_is_not_signed(office: Office, svc: Running) -> None:
    sent, signed = await office.sent(), await office.signed()
    for contract in (sent, signed):
        for version in (5, 6):
            await svc.hear(lost(contract, svc.clock.now), UUID(contract["deal_id"]), version)
    [told] = await svc.told(ContractVoided)
    assert isinstance(told.data, ContractVoided)
    assert (told.subject, told.data.was_signed, told.data.reason) == (UUID(sent["id"]), False, "The deal was lost: price")
    assert states(await office.read(sent)) == ["waived"] * 3
    assert (await office.read(signed))["state"] == "active"


@pytest.mark.parametrize("kind", [QuoteWithdrawn, QuoteSuperseded])
async def test_a_quote_that_is_taken_back_voids_its_contract(office: Office, svc: Running, kind: type[Event]) -> None:
    contract, other = await office.draft(), await office.draft()
    fields = quote(svc.person("rep", "ann")).model_dump(exclude={"lines", "schedule", "account_name", "lead_id", "reason", "skipped_gates"})
    event = kind(**fields, reason="new terms", by_quote_id=new_id())
    await svc.hear(event, UUID(contract["quote_id"]), 4)
    assert (await office.read(contract))["state"] == "voided"
    assert (await office.read(other))["state"] == "draft"


async def test_who_sees_a_contract_follows_the_roster(office: Office, svc: Running) -> None:
    contract = await office.draft()
    await svc.hear(PersonChanged(role="rep", team_id=OTHER_TEAM, team_path=[OTHER_TEAM]), svc.person("rep", "ann"), 2)
    await office.read(contract, "manager:zoe")
    await office.ask("manager:max", "GET", f"/v1/contracts/{contract['id']}", expect=404)


def test_the_service_publishes_and_hears_what_it_should() -> None:
    told = ("contract", "contract_approval", "contract_deadline", "hand_over", "milestone", "payment", "policy")
    assert service.topics == [f"clinch.{about}.events.v1" for about in told]
    heard = {reader.name: reader.topics for reader in service.heard}
    assert heard == {
        "accepted-quotes": ["clinch.deal.events.v1", "clinch.quote.events.v1"],
        "drafting": ["clinch.deal.events.v1", "clinch.quote.events.v1"],
        "hand-over": ["clinch.person.events.v1"],
        "members": ["clinch.account.events.v1", "clinch.deal.events.v1"],
        "merges": ["clinch.account.events.v1"],
        "parties": ["clinch.account.events.v1", "clinch.person.events.v1"],
        "policies": ["clinch.policy.events.v1"],
    }
