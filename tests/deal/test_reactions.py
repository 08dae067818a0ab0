"""What deal-svc does when the other services tell of leads, accounts, people and contracts. Everything once, however often it hears it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.auth import Actor, Role
from shared.events.contract import ContractSigned, ContractTerminated, ContractVoided
from shared.events.deal import ConversionRefused, DealLeadJoined, DealOpened, DealReopened, DealUpdated, DealWinReversed, DealWon
from shared.events.envelope import ActorRef, Money
from shared.events.lead import LeadConverted
from shared.events.party import AccountUpdated
from shared.events.team import PersonChanged
from tests.client import unmet
from tests.deal.sales import ACME, OTHER_TEAM, TEAM, Sales
from tests.harness import Running


def converted(svc: Running, **over: Any) -> LeadConverted:
    given: dict[str, Any] = {
        "deal_id": uuid4(),
        "conversion_id": uuid4(),
        "account_id": ACME,
        "account_name": "Acme Ltd",
        "contact_ids": [],
        "captured_at": svc.clock() - timedelta(days=20),
        "deal_name": "Acme CRM",
        "deal_amount": Money(amount=Decimal(100), currency="EUR"),
        "closes_on": date(2026, 6, 30),
        "owner_id": svc.person("rep", "ann"),
        "team_id": TEAM,
        "source": "event",
        "product": "crm",
        "region": "west",
    }
    return LeadConverted(**given | over)


async def test_a_conversion_opens_the_deal_under_its_id(sales: Sales, svc: Running) -> None:
    lead, event, at = uuid4(), converted(svc), svc.clock() - timedelta(days=3)
    for _ in range(2):
        await svc.hear(event, lead, 7, at=at)
    [told] = await svc.told(DealOpened)
    data = told.data
    assert isinstance(data, DealOpened)
    assert (told.subject, told.time, data.lead_id, data.conversion_id) == (event.deal_id, at, lead, event.conversion_id)
    assert (data.amount, data.fx, data.expected_close_on) == (Money(amount=Decimal(100), currency="EUR"), 8, date(2026, 6, 30))
    assert (data.source, data.product, data.region, data.owner_id, data.team_id) == ("event", "crm", "west", event.owner_id, TEAM)
    shown = await sales.ask("rep:ann", "GET", f"/v1/deals/{event.deal_id}")
    assert (shown["lead_id"], shown["stage"], shown["name"], shown["opened_at"]) == (
        *(str(lead), "discovery", "Acme CRM"),
        at.isoformat().replace("+00:00", "Z"),
    )


async def test_a_conversion_told_before_it_carried_money_and_dates_opens_the_same_deal(sales: Sales, svc: Running) -> None:
    texts = {"amount": "100", "currency": "EUR", "expected_close_on": "2026-06-30"}
    await svc.hear(converted(svc, deal_amount=None, closes_on=None, **texts), uuid4())
    [told] = await svc.told(DealOpened)
    assert isinstance(told.data, DealOpened)
    assert (told.data.amount, told.data.fx) == (Money(amount=Decimal(100), currency="EUR"), 8)
    assert told.data.expected_close_on == date(2026, 6, 30)


async def test_what_the_lead_does_not_say_is_filled_in(sales: Sales, svc: Running) -> None:
    event = converted(svc, deal_amount=None, team_id=None, region=None, closes_on=None)
    await svc.hear(event, uuid4())
    [told] = await svc.told(DealOpened)
    assert isinstance(told.data, DealOpened)
    assert (told.data.amount, told.data.fx) == (Money(amount=Decimal(0), currency="CNY"), 1)
    assert (told.data.team_id, told.data.region) == (TEAM, "east")


async def test_a_currency_without_rate_is_refused_once(sales: Sales, svc: Running) -> None:
    lead, event = uuid4(), converted(svc, deal_amount=Money(amount=Decimal(100), currency="JPY"))
    for _ in range(2):
        await svc.hear(event, lead)
    [told] = await svc.told(ConversionRefused)
    assert isinstance(told.data, ConversionRefused)
    assert (told.subject, told.version, told.data.lead_id, told.data.deal_id) == (event.conversion_id, 1, lead, event.deal_id)
    assert "JPY" in told.data.reason
    assert await svc.told(DealOpened) == []
    await svc.hear(converted(svc, deal_id=event.deal_id), lead)  # converted again, in another currency
    assert len(await svc.told(DealOpened)) == 1


async def test_a_lead_opens_one_deal(sales: Sales, svc: Running) -> None:
    lead = uuid4()
    await svc.hear(converted(svc), lead)
    await svc.hear(converted(svc), lead)
    assert [len(await svc.told(kind)) for kind in (DealOpened, ConversionRefused)] == [1, 1]


async def test_further_leads_join_an_open_deal_of_their_account(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    lead, event = uuid4(), converted(svc, deal_id=UUID(deal["id"]), joins_existing=True)
    for _ in range(2):
        await svc.hear(event, lead)
    [told] = await svc.told(DealLeadJoined)
    assert isinstance(told.data, DealLeadJoined)
    assert (told.subject, told.data.lead_id, told.data.conversion_id) == (UUID(deal["id"]), lead, event.conversion_id)
    shown = await sales.read(deal)
    assert (shown["lead_id"], shown["version"]) == (None, 2)
    [joined] = (await sales.raw("rep:ann", "GET", f"/v1/deals/{deal['id']}/leads")).json()["items"]
    assert (joined["lead_id"], joined["conversion_id"]) == (str(lead), str(event.conversion_id))
    await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "price"}, etag="*")
    await svc.hear(event, lead)  # it had joined before the deal was lost
    assert await svc.told(ConversionRefused) == []


@pytest.mark.parametrize("why", ["closed", "account", "no such"])
async def test_joins_are_refused(sales: Sales, svc: Running, why: str) -> None:
    deal = await sales.deal()
    if why == "closed":
        await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "price"}, etag="*")
    into = uuid4() if why == "no such" else UUID(deal["id"])
    account = uuid4() if why == "account" else ACME
    await svc.hear(converted(svc, deal_id=into, account_id=account, joins_existing=True), uuid4())
    [told] = await svc.told(ConversionRefused)
    assert isinstance(told.data, ConversionRefused)
    assert why in told.data.reason
    assert await svc.told(DealLeadJoined) == []


async def test_a_lead_joins_only_a_deal_that_whoever_converts_it_may_see(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    nothing = await convert_into(svc, uuid4(), "rep:zed")
    for who in ("rep:zed", "manager:zoe", "presales:zed", "csm:zed", "marketing:zed"):
        assert await convert_into(svc, UUID(deal["id"]), who) == nothing == "There is no such deal, or you may not see it."
    await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "price"}, etag="*")
    assert await convert_into(svc, UUID(deal["id"]), "rep:zed") == nothing, "nor do they learn that it is closed"
    assert (await sales.read(deal))["version"] == 2
    other = await sales.deal()
    for who in ("rep:ann", "manager:max", "rep+ops:zed"):
        assert await convert_into(svc, UUID(other["id"]), who) is None
    assert len((await sales.raw("rep:ann", "GET", f"/v1/deals/{other['id']}/leads")).json()["items"]) == 3


async def convert_into(svc: Running, deal_id: UUID, who: str) -> str | None:
    """Hand a lead over to an existing deal as somebody of these roles; why it is refused, if it is."""
    roles, _, subject = who.partition(":")
    held = [Role(role) for role in roles.split("+")]
    by = Actor.of(svc.person(subject=subject), held)
    actor = ActorRef(type=by.type, id=by.id, role=by.role)
    known = len(await svc.told(ConversionRefused))
    # A release before this one told one role only.
    more = {"actor_roles": [role.value for role in held]} if len(held) > 1 else {}
    await svc.hear(converted(svc, deal_id=deal_id, joins_existing=True, actor=actor, **more), uuid4())
    refused = (await svc.told(ConversionRefused))[known:]
    return refused[0].data.reason if refused else None  # type: ignore[attr-defined]


async def test_a_deal_is_not_opened_for_somebody_who_left(sales: Sales, svc: Running) -> None:
    ann = svc.person("rep", "ann")
    await svc.hear(PersonChanged(role="rep", team_id=TEAM, team_path=[TEAM], active=False), ann, 2)
    event = converted(svc)
    await svc.hear(event, uuid4())
    [told] = await svc.told(ConversionRefused)
    assert told.data.reason == "The owner of the lead has left; assign the lead to somebody else first."  # type: ignore[attr-defined]
    body = {"name": "x", "account_id": str(ACME), "amount": {"amount": "1", "currency": "CNY"}, "owner_id": str(ann)}
    refused = await sales.ask("manager:max", "POST", "/v1/deals", body, expect=409)
    assert "has left" in refused["detail"]
    await svc.hear(converted(svc, owner_id=uuid4()), uuid4())
    assert len(await svc.told(DealOpened)) == 1, "somebody whom nobody has told of yet may well be there"


async def test_a_deal_counts_for_the_team_that_its_owner_is_in_now(sales: Sales, svc: Running) -> None:
    await svc.hear(converted(svc, team_id=OTHER_TEAM), uuid4())
    [told] = await svc.told(DealOpened)
    assert told.data.team_id == TEAM  # type: ignore[attr-defined]
    await svc.hear(converted(svc, owner_id=uuid4(), team_id=OTHER_TEAM), uuid4())
    assert (await svc.told(DealOpened))[-1].data.team_id == OTHER_TEAM, "the lead's, while nobody told of its owner"  # type: ignore[attr-defined]


async def test_accounts_are_renamed_everywhere(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await svc.hear(AccountUpdated(changed=["name"], name="Acme Group", region="north"), ACME, 2)
    shown = await sales.read(deal)
    assert (shown["account_name"], shown["region"], shown["version"]) == ("Acme Group", "east", 1)
    assert (await sales.deal())["region"] == "north"


async def test_open_deals_follow_their_owner_into_another_team(sales: Sales, svc: Running) -> None:
    first, second, lost = await sales.deal(), await sales.deal(), await sales.deal()
    await sales.ask("rep:ann", "POST", f"/v1/deals/{lost['id']}/lose", {"reason": "price"}, etag="*")
    moved = PersonChanged(role="rep", team_id=OTHER_TEAM, team_path=[OTHER_TEAM])
    for version in (2, 3):
        await svc.hear(moved, svc.person("rep", "ann"), version)
    told = await svc.told(DealUpdated)
    assert {(str(e.subject), e.version) for e in told} == {(first["id"], 2), (second["id"], 2)}
    assert all(isinstance(e.data, DealUpdated) and e.data.team_id == OTHER_TEAM and e.data.changed == ["team_id"] for e in told)
    assert {d["id"] for d in (await sales.ask("manager:zoe", "GET", "/v1/deals", open="true"))["items"]} == {first["id"], second["id"]}
    assert (await sales.read(lost))["team_id"] == str(TEAM)


# -- Contracts -----------------------------------------------------------------------------------------------------------------


def contract(deal: dict[str, Any], quote: dict[str, Any] | None = None) -> dict[str, Any]:
    total = Money(amount=Decimal(11300), currency="CNY")
    quote_id = quote["id"] if quote else uuid4()
    return {"deal_id": deal["id"], "quote_id": quote_id, "number": "C-1", "revision": 1, "total": total, "fx": Decimal(1)}


def signed(svc: Running, of: dict[str, Any], at: datetime | None = None, starts_on: date | None = None) -> ContractSigned:
    when = at or svc.clock()
    return ContractSigned(**of, signed_at=when, starts_on=starts_on or when.date(), channel="in_person", milestones=[])


async def test_a_signed_contract_wins_the_deal_once(sales: Sales, svc: Running) -> None:
    deal, quote = await sales.closing()
    svc.clock.advance(days=2)
    contract_id, event = uuid4(), signed(svc, contract(deal, quote))
    for _ in range(2):
        await svc.hear(event, contract_id)
    [told] = await svc.told(DealWon)
    data = told.data
    assert isinstance(data, DealWon)
    assert (data.contract_id, str(data.quote_id), data.manual, data.from_stage) == (contract_id, quote["id"], False, "closing")
    assert data.skipped_gates == []
    assert (data.amount.amount, data.seconds_in_stage, data.product) == (10000, 2 * 86400, "crm")
    won = await sales.read(deal)
    assert (won["stage"], won["probability"], won["contract_id"], won["closed_from"]) == ("won", 100, str(contract_id), "closing")
    assert unmet(won, "advance") == {"deal_closed"}


async def test_any_open_stage_can_be_won_by_a_contract(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await svc.hear(signed(svc, contract(deal)), uuid4())
    [told] = await svc.told(DealWon)
    assert told.data.from_stage == "discovery"  # type: ignore[attr-defined]
    assert {"no_contact", "quote_not_sent", "quote_not_accepted"} < set(told.data.skipped_gates)  # type: ignore[attr-defined]


async def test_a_lost_deal_comes_back_when_its_contract_is_signed(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "price"}, etag="*")
    await svc.hear(signed(svc, contract(deal), at=svc.clock() - timedelta(days=1)), uuid4())
    [back], [won] = await svc.told(DealReopened), await svc.told(DealWon)
    assert (back.version + 1, back.time) == (won.version, won.time)
    assert (await sales.read(deal))["cycle"] == 2


async def test_a_win_by_hand_gets_its_contract(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await sales.ask("director", "POST", f"/v1/deals/{deal['id']}/win", {"evidence": "Order"}, etag="*")
    contract_id = uuid4()
    for _ in range(2):
        await svc.hear(signed(svc, contract(deal)), contract_id)
    assert len(await svc.told(DealWon)) == 1
    won = await sales.read(deal)
    assert (won["contract_id"], won["manual_win"], won["version"]) == (str(contract_id), True, 3)


async def test_a_contract_that_falls_before_it_took_effect_takes_the_win_back(sales: Sales, svc: Running) -> None:
    deal, quote = await sales.closing()
    contract_id, of = uuid4(), contract(deal, quote)
    await svc.hear(signed(svc, of), contract_id)
    await svc.hear(ContractVoided(**of, reason="Other draft", was_signed=True), uuid4())
    assert await svc.told(DealWinReversed) == []
    svc.clock.advance(days=1)
    for _ in range(2):
        await svc.hear(ContractVoided(**of, reason="Board said no", was_signed=True), contract_id, 5)
    [told] = await svc.told(DealWinReversed)
    data = told.data
    assert isinstance(data, DealWinReversed)
    assert (data.contract_id, data.reason, data.stage, data.probability, data.amount.amount) == (
        *(contract_id, "Board said no", "closing", 90, 10000),
    )
    open_again = await sales.read(deal)
    assert (open_again["stage"], open_again["closed_at"], open_again["contract_id"]) == ("closing", None, None)
    await svc.hear(signed(svc, of), uuid4())
    assert len(await svc.told(DealWon)) == 2


async def test_a_draft_that_is_given_up_changes_no_win(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await svc.hear(ContractVoided(**contract(deal), reason="x", was_signed=False), uuid4())
    assert (await sales.read(deal))["version"] == 1


@pytest.mark.parametrize(("starts_in", "reversed_"), [(10, 1), (-10, 0)])
async def test_a_terminated_contract_takes_the_win_only_before_it_began(sales: Sales, svc: Running, starts_in: int, reversed_: int) -> None:
    deal = await sales.deal()
    contract_id, of = uuid4(), contract(deal)
    await svc.hear(signed(svc, of, starts_on=svc.clock().date() + timedelta(days=starts_in)), contract_id)
    for _ in range(2):
        await svc.hear(ContractTerminated(**of, reason="x"), contract_id, 2)
    assert len(await svc.told(DealWinReversed)) == reversed_


async def test_a_contract_of_an_unknown_deal_is_none_of_ours(sales: Sales, svc: Running) -> None:
    before = len(await svc.told())
    of = contract({"id": uuid4()})
    await svc.hear(signed(svc, of), uuid4())
    await svc.hear(ContractVoided(**of, reason="x", was_signed=True), uuid4())
    assert len(await svc.told()) == before


async def test_a_deal_that_nobody_owns_is_handed_out_by_those_who_see_all(sales: Sales, svc: Running) -> None:
    event = converted(svc, owner_id=None, team_id=None)
    await svc.hear(event, uuid4())
    path = f"/v1/deals/{event.deal_id}"
    await sales.ask("rep:bob", "GET", path, expect=404)
    await sales.ask("manager:max", "GET", path, expect=404)
    given = await sales.ask("sales_ops", "POST", f"{path}/assign", {"owner_id": str(svc.person("rep", "bob"))}, etag=1)
    assert given["team_id"] == str(TEAM)
    await sales.ask("rep:bob", "GET", path)
