"""Work with customers as figures see it: contacts, and how many of them a win took."""

from itertools import permutations

import pytest

from metrics_svc.rebuild.cells import differing_cells
from shared.events.deal import DealLeadJoined
from shared.ids import new_id
from tests.harness import Running
from tests.metrics.told import Deal, Lead, Quote, Story, events_of, get, hear, kpi, on, person, records

ANN, BOB = {"owner_id": person("ann")}, {"owner_id": person("bob")}


def joined(deal: Deal, day: float, lead: Lead) -> Deal:
    deal.tell(on(day), DealLeadJoined(lead_id=lead.id, conversion_id=new_id()))
    return deal


def a_month() -> list[Story]:
    """Three contacts win a deal, one of them with a lead that joined it; two win another; one is opened without a lead."""
    first = Lead("first").captured(on(0), **ANN).contacted(on(1), "call", **ANN).contacted(on(9), "visit", **BOB)
    second = Lead("second").captured(on(2), **ANN).contacted(on(3), "visit", "inbound", **ANN)
    third = Lead("third").captured(on(2), **BOB).contacted(on(4), "meeting", **BOB).contacted(on(8), **BOB).contacted(on(20), **BOB)
    deal, other = Deal("deal", first, **ANN).opened(on(5)), Deal("other", third, **BOB).opened(on(5)).won(on(8))
    return [first, second, third, joined(deal, 6, second).won(on(10)), other, Deal("direct", **BOB).opened(on(1)).won(on(3))]


async def test_contacts_are_counted_for_who_had_the_lead(svc: Running) -> None:
    await hear(svc, events_of(a_month()))
    found = await kpi(svc, "contacts")
    assert (found["value"], found["parts"]) == (6, {"inbound": 1, "visits": 2, "meetings": 1})
    assert len(await records(svc, found["records"])) == found["n"]
    weeks = await get(svc, "kpis/contacts", grain="week", owner=person("ann"), from_="2024-12-30", to="2025-01-13")
    assert [r["value"] for r in weeks["rows"]] == [2, 0]
    assert {r["group"]: r["value"] for r in (await get(svc, "kpis/contacts", by="owner"))["rows"]} == {
        str(person("ann")): 2,
        str(person("bob")): 4,
    }
    assert (await get(svc, "kpis/contacts", role="rep", subject="ann"))["total"]["value"] == 2
    assert (await get(svc, "kpis/contacts", role="marketing"))["total"]["value"] == 6


async def test_a_contact_of_before_has_no_owner(svc: Running) -> None:
    await hear(svc, Lead("old").captured(on(0), **ANN).contacted(on(1)).events)
    assert [(r["group"], r["value"]) for r in (await get(svc, "kpis/contacts", by="owner"))["rows"]] == [("(none)", 1)]


async def test_how_many_contacts_a_win_takes(svc: Running) -> None:
    """Those of all its leads up to the win; a deal that was opened without a lead has none to count."""
    await hear(svc, events_of(a_month()))
    found = await kpi(svc, "contacts_to_close")
    assert (found["value"], found["parts"]) == (2.5, {"won": 2, "contacts": 5})
    assert {r["external_id"] for r in await records(svc, found["records"])} == {"deal", "other"}
    assert {r["group"]: r["value"] for r in (await get(svc, "kpis/contacts_to_close", by="owner"))["rows"]} == {
        str(person("ann")): 3,
        str(person("bob")): 2,
    }


async def test_a_win_that_is_taken_back_does_not_count_any_more(svc: Running) -> None:
    lead = Lead("of both").captured(on(0)).contacted(on(1))
    deal = Deal("twice", lead).opened(on(2)).won(on(3)).reversed(on(10))
    await hear(svc, events_of([lead, deal]))
    assert (await kpi(svc, "contacts_to_close"))["value"] is None
    assert (await kpi(svc, "contacts_to_close", as_of="2025-01-05"))["value"] == 1
    lead.contacted(on(12))
    deal.won(on(13))
    await hear(svc, [lead.events[-1], deal.events[-1]])
    assert (await kpi(svc, "contacts_to_close"))["parts"] == {"won": 1, "contacts": 2}
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


async def test_a_corrected_history_has_the_contacts_of_its_own_lead(svc: Running) -> None:
    wrong, right = Lead("wrong").captured(on(0)).contacted(on(1)), Lead("right").captured(on(0)).contacted(on(1)).contacted(on(2))
    deal = Deal("deal", wrong).opened(on(3)).won(on(4))
    await hear(svc, events_of([wrong, right, deal]))
    assert (await kpi(svc, "contacts_to_close"))["value"] == 1
    deal.corrected(on(5), right, opened=on(3), lost=on(4))
    await hear(svc, deal.events[-1:])
    assert (await kpi(svc, "contacts_to_close"))["value"] is None
    deal.won(on(6))
    await hear(svc, deal.events[-1:])
    assert (await kpi(svc, "contacts_to_close"))["value"] == 2


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_leads_and_their_deal_come_in_any_order(svc: Running, order: tuple[int, ...]) -> None:
    first, second = (Lead(key).captured(on(0)).contacted(on(2)).contacted(on(1)) for key in ("first", "second"))
    deal = joined(Deal("deal", first).opened(on(3)), 4, second).won(on(5))
    stories = [first, second, deal]
    await hear(svc, [e for n in order for e in stories[n].events], batch=1)
    assert (await kpi(svc, "contacts_to_close"))["value"] == 4
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


async def test_visits_and_quotes_are_the_volume_of_activity(svc: Running) -> None:
    deal = Deal("deal", **BOB).opened(on(0))
    quotes = [Quote(str(n), deal, **BOB).sent(on(7 + n)) for n in range(3)]
    await hear(svc, events_of([*a_month(), *quotes]))
    found = await get(svc, "kpis/activity_volume", by="owner", grain="week")
    weeks = {(r["start"], r["group"]): r["parts"] for r in found["rows"] if r["value"]}
    assert weeks == {
        ("2024-12-30", str(person("ann"))): {"visits": 1, "quotes": 0},
        ("2025-01-06", str(person("bob"))): {"visits": 1, "quotes": 3},
    }
    assert len(await records(svc, found["total"]["records"])) == found["total"]["n"] == 5


async def test_contacts_that_were_logged_by_a_slip_are_counted_as_they_are_right(svc: Running) -> None:
    lead = Lead("slips").captured(on(0), **ANN).contacted(on(1), **ANN).contacted(on(2), "visit", **BOB).contacted(on(3), **ANN)
    deal = Deal("of slips", lead, **ANN).opened(on(4)).won(on(6))
    await hear(svc, events_of([lead, deal]))
    assert [(await kpi(svc, name))["value"] for name in ("contacts", "contacts_to_close")] == [3, 3]
    lead.set_right(on(7), (on(1), "call"), None).set_right(on(7), (on(2), "visit"), (on(9), "meeting"))
    await hear(svc, lead.events[-2:])
    found = await kpi(svc, "contacts")
    assert (found["value"], found["parts"]) == (2, {"inbound": 0, "visits": 0, "meetings": 1})
    owners = {r["group"]: r["value"] for r in (await get(svc, "kpis/contacts", by="owner"))["rows"]}
    assert owners == {str(person("ann")): 1, str(person("bob")): 1}, "a contact stays with who had the lead then"
    assert (await kpi(svc, "contacts_to_close"))["value"] == 1
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0)])
async def test_a_slip_that_the_survivor_of_a_merge_sets_right_is_counted_whenever_it_is_heard(svc: Running, order: tuple[int, ...]) -> None:
    """The absorbed lead told of two contacts, and the survivor that one of them was another, and then none."""
    absorbed, survivor = Lead("absorbed").captured(on(0)).contacted(on(1), "meeting").contacted(on(1)), Lead("survivor").captured(on(0))
    absorbed.set_right(on(3), (on(1), "call"), (on(2), "visit"), by=survivor)
    absorbed.set_right(on(4), (on(2), "visit"), None, by=survivor)
    told = [absorbed.events[-1], *survivor.events[-2:]]
    await hear(svc, [*absorbed.events[:-1], survivor.events[0]])
    for which in order:
        await hear(svc, [told[which]])
    found = await kpi(svc, "contacts")
    assert (found["value"], found["parts"]["meetings"]) == (1, 1)
