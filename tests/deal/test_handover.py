"""Deals that go to somebody else by a hand-over, and those that were on their way to the person."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from deal_svc.handover.commands import DEALS_GO
from shared.auth import Role
from shared.events.deal import DealUpdated
from shared.events.envelope import ActorRef
from shared.events.team import HandOverFilter, HandOverMoved, PersonChanged, PersonHandedOver
from shared.handover.move import step
from shared.ids import new_id
from tests.deal.sales import TEAM, Sales
from tests.deal.test_reactions import converted
from tests.harness import Running


def handed_over(svc: Running, *, giver: str = "ann", to: str = "bob", number: int = 1, **over: Any) -> PersonHandedOver:
    """As lead-svc tells it now."""
    given: dict[str, Any] = {
        "hand_over_id": new_id(),
        "number": number,
        "from_id": svc.person("rep", giver),
        "to_id": svc.person("rep", to),
        "kinds": ["leads", "deals"],
        "filter": HandOverFilter(),
        "reason": "leaves",
        "recorded_at": svc.clock(),
        "actor": ActorRef(type="person", id=svc.person("director", "eva"), role=Role.director.value),
        "correlation_id": "asked",
    }
    return PersonHandedOver(**given | over)


async def work(svc: Running) -> None:
    while await step(svc.db, [DEALS_GO], svc.clock, svc.service.name):
        pass


async def test_deals_get_another_owner_and_their_quotes_go_with_them(sales: Sales, svc: Running) -> None:
    deal, other = await sales.deal(), await sales.deal("rep:bob")
    quote = await sales.quote(deal)
    told = handed_over(svc)
    await svc.hear(told, told.from_id, 2)
    await svc.hear(told, told.from_id, 2)
    await work(svc)
    now = await sales.read(deal)
    assert (now["owner_id"], now["version"]) == (sales.id("rep:bob"), deal["version"] + 1)
    assert (await sales.read(other))["version"] == other["version"]
    assert (await sales.ask("rep:bob", "GET", f"/v1/quotes/{quote['id']}"))["version"] == quote["version"]
    (event,) = await svc.told(DealUpdated)
    said = event.data
    assert isinstance(said, DealUpdated)
    assert (said.changed, said.previous_owner_id, said.hand_over_id, said.reason) == (
        ["owner_id"],
        told.from_id,
        told.hand_over_id,
        "leaves",
    )
    assert (said.actor and said.actor.role, said.correlation_id) == ("director", "asked")
    (progress,) = await svc.told(HandOverMoved)
    assert isinstance(progress.data, HandOverMoved)
    assert (progress.data.moved, progress.data.left, progress.data.done) == ({"deals": 1}, {"deals": 0}, True)


async def test_a_filter_of_accounts_and_teams(sales: Sales, svc: Running) -> None:
    deals = [await sales.deal(product="crm"), await sales.deal(product="erp")]
    nobody = {"account_ids": [uuid4()]}
    for number, asked in enumerate((nobody, {"product": "erp", "team_id": TEAM, "account_ids": [UUID(deals[0]["account_id"])]}), 1):
        told = handed_over(svc, number=number, filter=HandOverFilter.model_validate(asked))
        await svc.hear(told, told.from_id, 1 + number)
    await work(svc)
    assert [(await sales.read(deal))["owner_id"] for deal in deals] == [sales.id("rep:ann"), sales.id("rep:bob")]


async def test_a_deal_that_was_on_its_way_is_opened_for_whoever_has_the_records_now(sales: Sales, svc: Running) -> None:
    """The lead was converted before; deal-svc hears of it after the hand-over, and after a second one."""
    before = converted(svc, recorded_at=svc.clock())
    svc.clock.advance(minutes=5)
    for number, (giver, to) in enumerate((("ann", "bob"), ("bob", "max")), 1):
        told = handed_over(svc, giver=giver, to=to, to_id=svc.person("manager" if to == "max" else "rep", to))
        await svc.hear(told, told.from_id, 1 + number)
    await work(svc)
    await svc.hear(before, uuid4())
    assert (await sales.ask("admin", "GET", f"/v1/deals/{before.deal_id}"))["owner_id"] == sales.id("manager:max")


async def test_what_somebody_wins_after_their_hand_over_is_theirs(sales: Sales, svc: Running) -> None:
    told = handed_over(svc)
    await svc.hear(told, told.from_id, 2)
    await work(svc)
    later = converted(svc, recorded_at=svc.clock() + timedelta(hours=1))
    await svc.hear(later, uuid4())
    assert (await sales.ask("admin", "GET", f"/v1/deals/{later.deal_id}"))["owner_id"] == sales.id("rep:ann")
    await svc.hear(PersonChanged(role="rep", team_id=TEAM, team_path=[TEAM], active=False), told.from_id, 3)
    last = converted(svc, recorded_at=svc.clock() + timedelta(hours=2))
    await svc.hear(last, uuid4())
    assert (await sales.ask("admin", "GET", f"/v1/deals/{last.deal_id}"))["owner_id"] == sales.id("rep:bob"), "they have left"


async def test_a_taker_whom_this_service_does_not_know_yet_is_waited_for(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    told = handed_over(svc, to="new")
    await svc.hear(told, told.from_id, 2)
    await work(svc)
    assert (await sales.read(deal))["owner_id"] == sales.id("rep:ann")
    await svc.hear(PersonChanged(role="rep", team_id=TEAM, team_path=[TEAM]), told.to_id)
    await work(svc)
    assert (await sales.read(deal))["owner_id"] == sales.id("rep:new")
