"""What figures are broken down by, whether sums are kept by it or not."""

import pytest

from metrics_svc.counting.dimensions import DIMENSIONS, SUMMED
from tests.harness import Running
from tests.metrics.told import Contract, Deal, Lead, Milestone, Payment, events_of, get, hear, on, records

SPRING = {"source": "webinar", "campaign": "spring", "medium": "email"}


async def _tell(svc: Running) -> None:
    """A lead of a campaign whose deal is won and paid, a renewal without a lead that is lost, and one of which nothing is known."""
    svc.clock.now = on(100)
    lead = Lead("spring").captured(on(0), **SPRING).mql(on(1)).sql(on(2))
    won = Deal("won", lead, campaign="spring", deal_kind="new").opened(on(3), amount=100).moved(on(4), "proposal").won(on(10))
    lost = Deal("lost", deal_kind="renewal").opened(on(3), amount=40).lost(on(12))
    contract = Contract("c", won, 100).drafted(on(9))
    due = Milestone("m", 100, contract).due(on(20), told_at=on(10))
    paid = Payment("p", 100, contract).received(on(15), on(10), due, on(20))
    await hear(svc, events_of([lead, Lead("unknown").captured(on(0)), won, lost, contract, due, paid]))


async def _by(svc: Running, name: str, by: str) -> dict[str, object]:
    return {row["group"]: row["value"] for row in (await get(svc, f"kpis/{name}", by=by))["rows"]}


async def test_a_campaign_and_its_channel_are_those_of_the_lead(svc: Running) -> None:
    await _tell(svc)
    assert await _by(svc, "leads_captured", "campaign") == {"spring": 1, "(none)": 1}
    assert await _by(svc, "leads_captured", "channel") == {"email": 1, "(none)": 1}
    assert await _by(svc, "win_rate", "campaign") == {"spring": 1.0, "(none)": 0.0}
    assert await _by(svc, "sign_to_cash", "campaign") == {"spring": 5.0}
    funnel = {line["group"]: [step["n"] for step in line["steps"]] for line in (await get(svc, "funnel", by="campaign"))["groups"]}
    assert funnel["spring"] == [1, 1, 1, 1, 1, 1, 1, 1, 0]


async def test_a_kind_is_that_of_the_deal(svc: Running) -> None:
    await _tell(svc)
    assert await _by(svc, "win_rate", "kind") == {"new": 1.0, "renewal": 0.0}
    assert (await get(svc, "kpis/win_rate", kind="renewal"))["total"]["value"] == 0
    assert (await get(svc, "pipeline", kind="renewal"))["total"]["total"]["n"] == 0
    listed = await records(svc, (await get(svc, "kpis/win_rate", kind="new", by="campaign"))["rows"][0]["records"])
    assert [(record["deal_kind"], record["campaign"], record["medium"]) for record in listed] == [("new", "spring", "email")]


async def test_the_kind_of_an_older_deal_is_the_one_that_its_opening_told(svc: Running) -> None:
    svc.clock.now = on(100)
    lead = Lead("l").captured(on(0))
    renewed = Deal("renewed").opened(on(3), kind="renewal").won(on(10))
    again = Deal("again", lead).opened(on(3), kind="upsell").corrected(on(20), lead, opened=on(2), lost=on(8))
    await hear(svc, events_of([lead, renewed, again]))
    assert await _by(svc, "win_rate", "kind") == {"renewal": 1.0, "upsell": 0.0}


@pytest.mark.parametrize("by", DIMENSIONS)
async def test_groups_of_every_dimension_add_up(svc: Running, by: str) -> None:
    await _tell(svc)
    for name in ("leads_captured", "win_rate", "average_deal_size", "overdue_rate", "stage_conversion"):
        figure = await get(svc, f"kpis/{name}", by=by)
        assert sum(row["n"] for row in figure["rows"]) == figure["total"]["n"]
        for row in figure["rows"]:
            assert len(await records(svc, row["records"])) == row["n"]


def test_sums_are_kept_by_the_dimensions_that_say_so() -> None:
    assert (*SUMMED,) == ("owner", "team", "source", "product", "region")
