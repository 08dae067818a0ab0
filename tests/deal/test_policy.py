"""The policy of deals and quotes: its numbers decide, its versions are named in events, its drafts are tried on real records."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from deal_svc.service import service
from shared.events.deal import DealOpened, DealStageChanged, DealUpdated
from shared.events.quote import QuoteChanged, QuoteCreated, QuoteSent
from shared.policy import moves, simulation
from tests.client import unmet
from tests.deal.sales import Sales
from tests.harness import Running

PATH = "/v1/policies/deal-svc"
(POLICY,) = service.policies


async def drafted(sales: Sales, running: str = "keep", **document: Any) -> int:
    number: int = (await sales.ask("sales_ops", "POST", f"{PATH}/versions", {"document": document, "running": running}, expect=201))[
        "number"
    ]
    return number


async def activated(sales: Sales, running: str = "keep", **document: Any) -> int:
    number = await drafted(sales, running, **document)
    for who, act in (("director", "approve"), ("sales_ops", "activate")):
        await sales.ask(who, "POST", f"{PATH}/versions/{number}/{act}", etag="*")
    while await moves.step({POLICY.name: POLICY}, sales.svc.db, sales.svc.clock):  # type: ignore[attr-defined]
        pass
    return number


async def report(sales: Sales, svc: Running, number: int, days: int = 30) -> dict[str, Any]:
    """The parts of a simulation of the draft by name, and the records that it lists."""
    await sales.ask("sales_ops", "POST", f"{PATH}/versions/{number}/simulation", {"days": days}, expect=202)
    async with svc.db.read() as db:
        (asked,) = await db.all(simulation._OPEN, names=[POLICY.name])
    await simulation._take(POLICY, svc.db, svc.clock, asked, asyncio.Event())
    done = await sales.ask("director", "GET", f"{PATH}/versions/{number}/simulation")
    assert done["state"] == "done", done
    listed = await sales.ask("director", "GET", f"{PATH}/versions/{number}/simulation/records", limit=200)
    parts = {part["name"]: (part["records"], part["differ"]) for part in done["parts"]}
    return parts | {"listed": {(one["part"], one["record_id"]): (one["before"], one["after"]) for one in listed["items"]}}


MORE_LIKELY = {"stages": {"discovery": {"probability": 30, "stalled_after_days": 14}}}


async def test_a_deal_keeps_the_probability_that_it_came_to_its_stage_with(sales: Sales, svc: Running) -> None:
    before = await sales.deal()
    number = await activated(sales, stages={**MORE_LIKELY["stages"], "proposal": {"probability": 55, "stalled_after_days": 14}})
    after = await sales.deal()
    assert ((await sales.read(before))["probability"], after["probability"]) == (20, 30)
    moved = await sales.move(before, "proposal", "manager:max", reason="The customer is in a hurry")
    assert moved["probability"] == 55
    first, second = [e.data for e in await svc.told(DealOpened)]
    (changed,) = [e.data for e in await svc.told(DealStageChanged)]
    assert isinstance(first, DealOpened)
    assert isinstance(second, DealOpened)
    assert isinstance(changed, DealStageChanged)
    assert [(e.policy_version, e.probability) for e in (first, second, changed)] == [(1, 20), (number, 30), (number, 55)]


async def test_what_runs_moves_when_the_version_says_so(sales: Sales, svc: Running) -> None:
    deal, closed = await sales.deal(), await sales.deal()
    await sales.ask("rep:ann", "POST", f"/v1/deals/{closed['id']}/lose", {"reason": "price"}, etag="*")
    by_default, by_hand = await sales.quote(deal), await sales.quote(deal, valid_until="2026-03-20")
    for quote in (by_default, by_hand):
        await sales.act(quote, "send")
    number = await activated(sales, "move", **MORE_LIKELY, quote_valid_days=45)
    assert ((await sales.read(deal))["probability"], (await sales.read(closed))["probability"]) == (30, 0)
    (told,) = [e.data for e in await svc.told(DealUpdated)]
    assert isinstance(told, DealUpdated)
    assert (told.changed, told.probability, told.policy_version) == (["probability"], 30, number)
    now = [(await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}"))["valid_until"] for quote in (by_default, by_hand)]
    assert (by_default["valid_until"], now) == ("2026-04-01", ["2026-04-16", "2026-03-20"])
    assert [e.subject for e in await svc.told(QuoteChanged)] == [UUID(by_default["id"])]
    svc.clock.advance(days=32)
    assert await svc.fire_due() == 1, "the one whose day was named expires, the other is good for longer"
    assert (await sales.ask("rep:ann", "GET", f"/v1/quotes/{by_default['id']}"))["status"] == "sent"
    # A shorter validity takes nothing back.
    await activated(sales, "move", quote_valid_days=10)
    assert (await sales.ask("rep:ann", "GET", f"/v1/quotes/{by_default['id']}"))["valid_until"] == "2026-04-16"


async def test_quotes_are_made_and_sent_by_the_policy(sales: Sales, svc: Running) -> None:
    quote = await sales.quote(await sales.deal(), total_discount_percent="8")
    plan = [{"trigger": "signed", "percent": "100", "due_days": 14}]
    authority = {"owner_percent": "5", "manager_percent": "20", "director_percent": "30"}
    number = await activated(sales, discount_authority=authority, quote_valid_days=10, payment_plan=plan)
    assert unmet(await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}"), "send") == {"needs_approval"}
    assert (await sales.act(quote, "send", "manager:max", expect=409))["code"] == "needs_approval"
    pending = await sales.act(quote, "submit")
    await sales.decide(pending, "manager", "manager:max")
    await sales.act(quote, "send")
    made = await sales.quote(await sales.deal())
    assert (made["valid_until"], [(t["trigger"], t["percent"], t["due_days"]) for t in made["schedule"]]) == (
        "2026-03-12",
        [("signed", "100", 14)],
    )
    told = [e.data for e in await svc.told(QuoteCreated, QuoteSent)]
    assert [e.policy_version for e in told if isinstance(e, QuoteCreated | QuoteSent)] == [1, number, number]


async def test_a_draft_is_tried_on_real_quotes_and_deals(sales: Sales, svc: Running) -> None:
    small, large = await sales.deal(), await sales.deal(amount={"amount": "100", "currency": "USD"})
    quote, fine = await sales.quote(small, total_discount_percent="8"), await sales.quote(small)
    for one in (quote, fine):
        await sales.act(one, "send")
    svc.clock.advance(days=10)
    await sales.ask("rep:ann", "POST", f"/v1/deals/{large['id']}/spin", {"part": "problem", "text": "Too slow"}, expect=201)
    number = await drafted(
        sales,
        stages={"discovery": {"probability": 30, "stalled_after_days": 5}},
        discount_authority={"owner_percent": "5", "manager_percent": "20", "director_percent": "30"},
    )
    found = await report(sales, svc, number)
    assert (found["discounts"], found["stalls"], found["forecast"]) == ((2, 1), (2, 1), (2, 3))
    listed = found["listed"]
    assert listed["discounts", quote["id"]] == ("owner", "manager")
    assert listed["stalls", small["id"]] == ("moving", "stalled")
    before, after = listed["forecast", large["id"]]
    assert (before["weighted"], after["weighted"], after["probability"]) == ("20.00", "30.00", 30)
    assert listed["forecast", str(POLICY.subject)] == (
        {"CNY": "10000.00", "USD": "20.00"},
        {"CNY": "15000.00", "USD": "30.00"},
    )
    svc.clock.advance(days=timedelta(days=40).days)
    later = await drafted(sales, discount_authority={"owner_percent": "5", "manager_percent": "20", "director_percent": "30"})
    assert (await report(sales, svc, later))["discounts"] == (0, 0), "only quotes of the last days are looked at"


async def test_what_is_stalled_was_not_touched_whatever_else_was_changed(sales: Sales, svc: Running) -> None:
    """By the same events as in the figures, and in whole days of the company's zone."""
    renamed, planned, done = [await sales.deal() for _ in range(3)]

    async def plan(deal: Any, what: str) -> None:
        step = {"what": what, "due_at": "2026-04-09T09:00:00Z"}
        await sales.ask("rep:ann", "PUT", f"/v1/deals/{deal['id']}/next-step", step, etag="*")

    await plan(done, "Demo")
    svc.clock.advance(days=6)
    await sales.ask("rep:ann", "PATCH", f"/v1/deals/{renamed['id']}", {"name": "Another name"}, etag="*")
    await plan(planned, "Demo")
    await plan(done, "Offer")
    document = {"stages": {"discovery": {"probability": 20, "stalled_after_days": 5}}}
    listed = (await report(sales, svc, await drafted(sales, **document)))["listed"]
    found = {key[1]: change for key, change in listed.items() if key[0] == "stalls"}
    assert found == {renamed["id"]: ("moving", "stalled"), planned["id"]: ("moving", "stalled")}


async def test_a_move_is_nothing_that_happened_to_a_deal(sales: Sales, svc: Running) -> None:
    """Else each new version would wake up what is stalled."""
    deal = await sales.deal()
    svc.clock.advance(days=10)
    await activated(sales, "move", **MORE_LIKELY)
    number = await drafted(sales, stages={"discovery": {"probability": 30, "stalled_after_days": 5}})
    assert (await report(sales, svc, number))["listed"]["stalls", deal["id"]] == ("moving", "stalled")
