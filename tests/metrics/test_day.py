"""Somebody's day: overdue, today, without a time; what is wrong; and what was won and lost yesterday, where they are."""

from datetime import timedelta
from typing import Any

from shared.events import deal
from shared.events.lead import LeadTaskEscalated, LeadTaskOverdue
from tests.harness import Running
from tests.metrics.test_worklist import ANN, BOB, Review, Step, seat
from tests.metrics.told import Contract, Deal, FollowUp, Lead, Story, events_of, hear, on, person

NOW = on(30) + timedelta(hours=9)


async def day_of(svc: Running, role: str, name: str, /, **asked: Any) -> Any:
    async with svc.client(role, name) as client:
        answer = await client.get("/v1/day", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def kinds(part: Any) -> list[str]:
    assert part["count"] == len(part["items"])
    return [item["kind"] for item in part["items"]]


async def told(svc: Running) -> None:
    """Ann has a follow-up that escalated, a next step today and one tomorrow; she won a deal yesterday, and bob lost one."""
    svc.clock.now = NOW
    await seat(svc)
    lead = Lead("l").captured(on(1), **ANN)
    late = FollowUp("f", lead, **ANN).set(on(2), on(20)).due()
    late.tell(on(21), LeadTaskOverdue(**late.data))
    late.tell(on(22), LeadTaskEscalated(**late.data))
    sales = [Deal(name, **ANN).opened(on(29), amount=10) for name in ("today", "tomorrow")]
    steps = [
        Step(sale.key, sale, **ANN).told(deal.DealTaskSet, on(29), due)
        for sale, due in zip(sales, (NOW + timedelta(hours=2), NOW + timedelta(hours=20)), strict=True)
    ]
    won = Deal("won", **ANN).opened(on(2), amount=70).won(on(29) + timedelta(hours=20))
    early = Deal("early", **ANN).opened(on(2), amount=5).won(on(28) + timedelta(hours=20))
    lost = Deal("lost", **BOB).opened(on(2), amount=30).lost(on(29) + timedelta(hours=1))
    quiet = Deal("quiet", **BOB).opened(on(2), amount=44)
    paper = Contract("C-1", quiet, 44).drafted(on(3))
    review = Review("a", paper, by="bob").decided("legal", "lea").decided("manager", "mia", opened=("finance",))
    stories: list[Story] = [lead, late, *sales, *steps, won, early, lost, quiet, paper, review]
    await hear(svc, events_of(stories))


async def test_my_day_has_what_is_mine_and_the_one_of_my_team_what_is_below_me(svc: Running) -> None:
    await told(svc)
    mine = await day_of(svc, "rep", "ann")
    assert (mine["day"], mine["zone"], mine["of"], mine["person_id"]) == ("2025-01-31", "UTC", "person", str(person("ann")))
    assert [kinds(mine[part]) for part in ("overdue", "today", "undated")] == [["follow_up"], ["next_step"], []]
    assert kinds(mine["problems"]["escalated"]) == ["follow_up"]
    yesterday = mine["yesterday"]
    assert (yesterday["day"], yesterday["currency"]) == ("2025-01-30", "CNY")
    assert (yesterday["won"]["count"], yesterday["won"]["amount"], yesterday["lost"]["count"]) == (1, "70.00", 0)
    assert mine["problems"]["stalled"] == {"count": 0, "deals": []}
    assert await day_of(svc, "rep", "ann", assignee=str(person("ann"))) == mine

    boss = await day_of(svc, "director", "dan", assignee=str(person("bob")))
    assert (boss["yesterday"]["lost"]["count"], boss["yesterday"]["lost"]["amount"]) == (1, "30.00")
    assert [d["amount"] for d in boss["problems"]["stalled"]["deals"]] == ["44.00"]
    team = await day_of(svc, "manager", "mia", assignee="my_team")
    assert kinds(team["overdue"]) == ["follow_up"], "ann is in mia's team, and bob is not"
    assert (team["yesterday"]["won"]["count"], team["yesterday"]["lost"]["count"]) == (1, 0)
    assert (await day_of(svc, "manager", "mia"))["overdue"]["count"] == 0, "nothing of it is mia's own"


async def test_an_approval_without_a_limit_is_there_without_a_time(svc: Running) -> None:
    await told(svc)
    found = await day_of(svc, "finance", "fin")
    assert kinds(found["undated"]) == ["approval"]
    assert (found["yesterday"], found["problems"]["stalled"]) == (None, None), "finance sees no figures of deals"


async def test_days_begin_and_end_where_the_person_is(svc: Running) -> None:
    await told(svc)
    there = await day_of(svc, "rep", "ann", zone="Pacific/Auckland")
    assert there["day"] == "2025-01-31"
    assert there["yesterday"]["won"]["amount"] == "5.00", "what was won at eight in the evening of the 29th in UTC, and not a day later"
    assert kinds(there["today"]) == [], "two hours from now it is tomorrow there"
    here = await day_of(svc, "rep", "ann", zone="America/Los_Angeles")
    assert kinds(here["today"]) == ["next_step", "next_step"], "in twenty hours it is still today there"


async def test_what_nobody_can_mean_is_refused(svc: Running) -> None:
    async with svc.client("rep", "ann") as client:
        for asked in ({"zone": "Mars/Olympus"}, {"zone": "../secrets"}, {"assignee": "somebody"}, {"limit": "51"}):
            answer = await client.get("/v1/day", params=asked)
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, next(iter(asked)))


async def test_a_day_with_nothing_in_it_says_so(svc: Running) -> None:
    svc.clock.now = NOW
    found = await day_of(svc, "rep", "zoe")
    assert [found[part] for part in ("overdue", "today", "undated")] == [{"count": 0, "items": []}] * 3
    assert found["yesterday"]["won"] == {"count": 0, "amount": "0.00", "deals": []}
