"""The next step of a deal as a task: reminded of, done, and over, without a change of the deal."""

from datetime import timedelta

from shared.events.deal import DealTaskDone, DealTaskDropped, DealTaskDue, DealTaskSet
from tests.deal.sales import Sales
from tests.harness import Running


async def _set(sales: Sales, deal: dict, what: str, due_in: int, who: str = "rep:ann", **more: object) -> dict:  # type: ignore[type-arg]
    due = (sales.svc.clock.now + timedelta(days=due_in)).isoformat()
    body = {"what": what, "due_at": due, **more}
    return dict(await sales.ask(who, "PUT", f"/v1/deals/{deal['id']}/next-step", body, etag="*"))


async def test_a_reminder_is_told_at_its_time_and_the_deal_stays(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    step = await _set(sales, deal, "Demo", 3)
    due_at = svc.clock.now + timedelta(days=3)
    svc.clock.advance(days=5)
    await svc.fire_due()
    [due] = await svc.told(DealTaskDue)
    assert isinstance(due.data, DealTaskDue)
    assert (due.time, str(due.data.deal_id), due.data.kind, due.version) == (due_at, deal["id"], "next_step", 2)
    assert (await sales.ask("rep:ann", "GET", f"/v1/deals/{deal['id']}"))["version"] == step["version"]


async def test_another_time_moves_it_and_another_step_does_it(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await _set(sales, deal, "Demo", 3)
    await _set(sales, deal, "Demo", 10)
    assert len({e.subject for e in await svc.told(DealTaskSet)}) == 1
    svc.clock.advance(days=5)
    await svc.fire_due()
    assert await svc.told(DealTaskDue) == []
    await _set(sales, deal, "Offer", 1)
    assert len(await svc.told(DealTaskDone)) == 1
    assert len({e.subject for e in await svc.told(DealTaskSet)}) == 2


async def test_a_time_that_it_had_before_is_told_again(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await _set(sales, deal, "Demo", 3)
    svc.clock.advance(days=5)
    await svc.fire_due()
    await _set(sales, deal, "Demo", 10)
    await _set(sales, deal, "Demo", -2, at=(svc.clock() - timedelta(days=3)).isoformat())
    assert (await svc.fire_due(), await svc.fire_due()) == (1, 0)
    first, second = await svc.told(DealTaskDue)
    assert (first.subject, first.time) == (second.subject, second.time)


async def test_it_is_over_when_the_deal_is_lost(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await _set(sales, deal, "Demo", 3)
    await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "price"}, etag="*")
    assert len(await svc.told(DealTaskDropped)) == 1
    svc.clock.advance(days=5)
    await svc.fire_due()
    assert await svc.told(DealTaskDue) == []


async def test_nothing_starts_for_history(sales: Sales, svc: Running) -> None:
    ago = svc.clock.now - timedelta(days=100)
    deal = await sales.deal("manager:max", at=(ago - timedelta(days=1)).isoformat())
    await _set(sales, deal, "Demo", -90, "manager:max", at=ago.isoformat())
    assert await svc.told(DealTaskSet) == []
    await _set(sales, deal, "Demo", -80, "manager:max", at=ago.isoformat(), work=True)
    assert len(await svc.told(DealTaskSet)) == 1
