"""Numbers of the policy in figures: what is stalled follows deal-svc's document, the others metrics-svc's own."""

from datetime import timedelta
from typing import Any

from metrics_svc.policy import DEAL_NUMBERS, POLICY
from shared.auth import SYSTEM
from shared.db.context import Context
from shared.events.policy import PolicyActivated
from shared.policy import store
from shared.policy.company import COMPANY_POLICY, CompanyPolicy
from shared.spelling import SOURCES
from tests.harness import Running
from tests.metrics.told import Deal, Lead, Milestone, events_of, get, hear, kpi, on, records


async def decide(svc: Running, **figures: Any) -> None:
    """Make another version of metrics-svc's document the active one."""
    await store.begin(svc.db, [POLICY], Context("metrics-svc", SYSTEM, svc.clock(), "test"))
    async with svc.transaction() as tx:
        old = await store.alone(tx, POLICY)
        document = {**old.document, "figures": {**old.document["figures"], **figures}}
        draft = store.drafted(POLICY, await store.next_number(tx, POLICY), tx, document=document)
        await store.add(tx, draft)
        await store.activate(tx, POLICY, draft, SYSTEM.id, old)


async def test_stalled_deals_follow_what_deal_svc_activates(svc: Running) -> None:
    """Before deal-svc has told anything its defaults hold: 14 days in discovery."""
    svc.clock.now = on(20)
    await hear(svc, Deal("one").opened(on(10)).events)

    async def stalled() -> int:
        return int((await get(svc, "pipeline"))["total"]["total"]["stalled"])

    assert await stalled() == 0
    told = PolicyActivated(
        service="deal-svc",
        name="deal-svc",
        version=2,
        document={"stages": {"discovery": {"probability": 20, "stalled_after_days": 9}}, "quote_valid_days": 30},
        active_from=on(20),
    )
    await svc.hear(told, DEAL_NUMBERS.subject, 2)
    assert await stalled() == 1


async def test_overdue_money_ages_by_the_policy(svc: Running) -> None:
    svc.clock.now = on(30)
    await hear(svc, Milestone("m", 100).due(on(10)).events)
    assert list((await kpi(svc, "overdue_rate"))["parts"])[2:] == [*("overdue_1_30", "overdue_31_60", "overdue_61_90", "overdue_over_90")]
    await decide(svc, ageing_days=[7, 14, 28])
    total = await kpi(svc, "overdue_rate")
    assert total["parts"] == {
        "due": "100.00",
        "overdue": "100.00",
        "overdue_1_7": "0.00",
        "overdue_8_14": "0.00",
        "overdue_15_28": "100.00",
        "overdue_over_28": "0.00",
    }
    assert len(await records(svc, total["records"])) == total["n"]


async def test_velocity_looks_as_many_days_back_as_the_policy_says(svc: Running) -> None:
    svc.clock.now = on(100)
    await hear(svc, events_of([Deal("old").opened(on(0), amount=10).won(on(20)), Deal("new").opened(on(60), amount=30).won(on(90))]))
    assert (await kpi(svc, "pipeline_velocity"))["parts"]["average_deal_size"] == "20.00"
    await decide(svc, velocity_days=30)
    assert (await kpi(svc, "pipeline_velocity"))["parts"]["average_deal_size"] == "30.00"
    assert (svc.clock.now - on(90)) < timedelta(days=30)


async def test_a_source_is_found_by_any_spelling_that_the_company_names(svc: Running) -> None:
    await hear(svc, events_of([Lead("new").captured(on(0), source="webinar_series"), Lead("old").captured(on(0), source="Trade Show")]))
    company = CompanyPolicy(sources=(*SOURCES, "webinar_series"), source_spellings={"线上讲座": "webinar_series", "Messe": "trade_show"})
    told = PolicyActivated(service="lead-svc", name="company", version=2, document=company.stored(), active_from=on(1))
    await svc.hear(told, COMPANY_POLICY.subject, 2)
    svc.db.policies.forget()
    for text in ("Webinar Series", "线上讲座", "MESSE", "trade-show"):
        assert (await kpi(svc, "leads_captured", source=text))["n"] == 1
    assert (await kpi(svc, "leads_captured", source="seo"))["n"] == 0
