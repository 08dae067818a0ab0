"""The funnel over any history, without a database: what facts and measures make of it against counting by hand."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_svc.cells.changes import CellChanges
from metrics_svc.cells.tables import EVER
from metrics_svc.counting.dimensions import SUMMED
from metrics_svc.counting.stages import STAGES
from metrics_svc.counting.times import Calendar
from metrics_svc.facts.deal import UNKNOWN_STAGE
from metrics_svc.facts.outcome import OutcomeFact
from metrics_svc.facts.visit import VisitFact
from metrics_svc.fold import LANES
from metrics_svc.funnel.rules import DIRECT, LEADS, PARTS, Line, line
from metrics_svc.kpi import Sum, rate, ratio
from tests.metrics.histories import Counted, World, random_world
from tests.metrics.test_kpis import shuffled
from tests.metrics.told import START, Contract, Deal, Lead, Quote, Story, events_of, on, person

UTC = ZoneInfo("UTC")
LAST = START.date() + timedelta(days=400)
WORLDS = st.integers(0, 10**9).map(lambda seed: random_world(seed, leads=6))


def facts_of(events: list[Any]) -> list[Any]:
    touched = LANES["sales"].touched(Calendar(UTC, UTC))
    for event in events:
        touched.hear(event)
    return list(touched.derive().values())


def cells_of(events: list[Any]) -> list[tuple[Any, ...]]:
    changes = CellChanges(UTC)
    changes.take((None, fact) for fact in facts_of(events))
    return changes.cells()


def sums_of(cells: list[tuple[Any, ...]], dimension: str = "", value: str = "", seen: date | None = None) -> list[Sum]:
    """What each part of the funnel comes to, of this value of a dimension; with `seen`, of what happened before that day."""
    found = {part.measure.name: Sum() for part in PARTS}
    for name, of, day, group, cohort, n, amount, _ in cells:
        if of != dimension or group != value or name not in found:
            continue
        if day == EVER if seen is None else max(day, cohort) < seen:
            found[name] += Sum(n, amount)
    return [found[part.measure.name] for part in PARTS]


def ns(made: Line) -> list[int]:
    return [step.n for step in made.steps]


def by_hand(counted: Counted) -> tuple[list[int], list[int | None], list[int]]:
    """Leads at F1 to F9, their deals from F4 on, and direct deals at F4 to F9."""
    leads = [lead for lead in counted.world.leads if counted.known(counted.lead_times(lead)[0])]
    times = [counted.lead_times(lead) for lead in leads]
    n = [len([t for t in times if counted.known(t[k])]) for k in range(3)]
    deals: list[int | None] = [None] * 3
    for k in range(4, 10):
        here = [counted.at_step(counted.deals_of(lead), k) for lead in leads]
        n.append(len([of_lead for of_lead in here if of_lead]))
        deals.append(sum(map(len, here)))
    direct = [d for d in counted.world.deals if d.lead_id is None and counted.known(d.opened_at)]
    return n, deals, [len(counted.at_step(direct, k)) for k in range(4, 10)]


@given(WORLDS, st.integers(1, 120))
def test_the_funnel_is_what_counting_by_hand_gives(world: World, day: int) -> None:
    """Several leads and deals, reopenings, reversals, payments; as of any day, and with all that happened."""
    cells = cells_of(shuffled(world, day))
    for seen, until in ((None, LAST), (START.date() + timedelta(days=day),) * 2):
        n, deals, direct = by_hand(Counted(world, START.date() - timedelta(days=10), until))
        leads = line(LEADS, sums_of(cells, seen=seen), None)
        assert (ns(leads), [step.deals for step in leads.steps]) == (n, deals)
        assert ns(line(DIRECT, sums_of(cells, seen=seen), None)) == direct


@given(WORLDS, st.integers(1, 120))
def test_what_was_paid_is_what_adding_up_contracts_gives(world: World, day: int) -> None:
    """Of this release, which say what of them is net, and of an earlier one."""
    cells = cells_of(shuffled(world, day))
    for seen, until in ((None, LAST), (START.date() + timedelta(days=day),) * 2):
        counted = Counted(world, START.date() - timedelta(days=10), until)
        for steps, of_leads in ((LEADS, True), (DIRECT, False)):
            paid = [c for c in world.contracts if counted.paid_now(c.of) and (c.of.lead_id is not None) is of_leads]
            gross = [c.data["total"].amount for c in paid]
            net = [(c.data["net"] or c.data["total"]).amount for c in paid]
            last = line(steps, sums_of(cells, seen=seen), None).steps[-1]
            assert (last.value, last.gross) == (sum(net, Decimal(0)), sum(gross, Decimal(0)))


@given(WORLDS)
def test_conversions_lie_within_one_and_lines_add_up(world: World) -> None:
    cells = cells_of(events_of(world.stories))
    for steps in (LEADS, DIRECT):
        total = line(steps, sums_of(cells), None)
        for dimension in SUMMED:
            values = {cell[3] for cell in cells if cell[1] == dimension}
            lines = [line(steps, sums_of(cells, dimension, value), value) for value in values]
            assert [sum(n) for n in zip(*map(ns, lines), strict=True)] == ns(total)
            for made in (total, *lines):
                assert all(later <= earlier for earlier, later in zip(ns(made), ns(made)[1:], strict=False))
                assert all(0 <= step.conversion <= 1 for step in made.steps if step.conversion is not None)


@given(WORLDS, st.lists(st.integers(0, 120), min_size=2, max_size=2, unique=True).map(sorted))
def test_a_later_day_knows_more(world: World, days: list[int]) -> None:
    """Up to F7 nobody is lost again; F8 and F9 may be taken back, but never more than there was."""
    cells = cells_of(events_of(world.stories))
    earlier, later = (line(LEADS, sums_of(cells, seen=START.date() + timedelta(days=day)), None) for day in days)
    assert all(a <= b for a, b in zip(ns(earlier)[:7], ns(later)[:7], strict=True))
    assert min(ns(earlier) + ns(later)) >= 0


def test_several_deals_of_a_lead_count_once_at_the_furthest() -> None:
    first, second = Lead("first").captured(on(4)), Lead("second").captured(on(4))
    deals = [Deal(f"D-{k}", first).opened(on(10 + k), amount=10 * 2**k) for k in range(4)]
    deals[0].won(on(20))
    deals[1].won(on(21))
    deals[2].lost(on(22))
    made = line(LEADS, sums_of(cells_of(events_of([first, second, *deals]))), None)
    assert ns(made) == [2, 1, 1, 1, 1, 1, 1, 1, 0]
    assert [(s.deals, s.value) for s in made.steps][3:8] == [(4, 150), (2, 30), (2, 30), (2, 30), (2, 30)]
    assert made.overall == 0.5


def test_a_reversed_win_leaves_a_lead_its_other_won_deal() -> None:
    lead = Lead("one").captured(on(0))
    kept = Deal("kept", lead).opened(on(1)).won(on(5), amount=1)
    back = Deal("back", lead).opened(on(1)).won(on(6), amount=2).reversed(on(8))
    made = line(LEADS, sums_of(cells_of(events_of([lead, kept, back]))), None)
    assert [(s.n, s.deals, s.value) for s in made.steps if s.step.key == "F8"] == [(1, 1, 1)]


def test_a_win_dated_before_the_last_move_ends_its_stay_at_once() -> None:
    deal = Deal("early").opened(on(1)).moved(on(9), "closing").won(on(7), amount=1)
    visits = [fact for fact in facts_of(deal.events) if isinstance(fact, VisitFact)]
    assert [(v.stage, v.stay_us) for v in visits] == [("discovery", 8 * 86_400_000_000), ("closing", 0)]
    assert ns(line(DIRECT, sums_of(cells_of(deal.events)), None)) == [1, 1, 1, 1, 1, 0]


def test_a_stage_that_is_not_known_is_no_step() -> None:
    """As from a release that has another stage: the deal is opened, flagged, and nothing more."""
    lead = Lead("one").captured(on(0))
    deal = Deal("odd", lead).opened(on(1), stage="trial")
    facts = facts_of(events_of([lead, deal]))
    assert UNKNOWN_STAGE in next(f for f in facts if getattr(f, "history", None)).flags
    assert ns(line(LEADS, sums_of(cells_of(events_of([lead, deal]))), None))[3:5] == [1, 0]


def test_figures_know_the_stages_of_deals() -> None:
    from deal_svc.deals.pipeline import OPEN_STAGES

    assert [str(stage) for stage in OPEN_STAGES] == list(STAGES)


_RATES = [(1, 2, 0.5), (0, 3, 0.0), (2, 2, 1.0), (3, 2, None), (-1, 2, None), (0, 0, None), (0, -1, None)]


@pytest.mark.parametrize(("part", "whole", "found"), _RATES)
def test_a_rate_is_a_part_of_a_whole_or_null(part: int, whole: int, found: float | None) -> None:
    assert ratio(part, whole) == found
    assert rate(won=part, closed=whole).parts == {"won": part, "closed": whole}


def test_a_stage_that_only_the_event_knows_is_placed_by_the_order_it_tells() -> None:
    """A later release has a stage between negotiation and closing: a deal there is past negotiation, and marked."""
    deal = Deal("later").opened(on(0), amount=10).moved(on(1), "proposal")
    told = deal.events[-1].data.model_copy(update={"to_stage": "legal"})
    deal.tell(on(2), told)
    assert ns(line(DIRECT, sums_of(cells_of(deal.events)), None)) == [1, 1, 0, 0, 0, 0]
    deal.tell(on(3), told.model_copy(update={"stage_order": ["discovery", "proposal", "negotiation", "legal", "closing"]}))
    assert ns(line(DIRECT, sums_of(cells_of(deal.events)), None)) == [1, 1, 1, 0, 0, 0]
    assert UNKNOWN_STAGE in next(f for f in facts_of(deal.events) if getattr(f, "history", None)).flags


def paid_of(*stories: Story) -> list[tuple[str, int, Any, Any]]:
    """Number, value and gross of the direct deals that were won and paid."""
    made = line(DIRECT, sums_of(cells_of(events_of(stories))), None)
    return [(step.step.key, step.n, step.value, step.gross) for step in made.steps if step.step.name in ("won", "paid")]


def test_what_was_paid_is_counted_without_tax_and_with_it_beside() -> None:
    deal = Deal("d").opened(on(1)).won(on(5), amount=100)
    paper = Contract("c", deal, 113, net=100).drafted(on(4)).paid(on(9))
    assert paid_of(deal, paper) == [("F8", 1, 100, None), ("F9", 1, 100, 113)]
    paper.unpaid(on(10))
    assert paid_of(deal, paper) == [("F8", 1, 100, None), ("F9", 0, 0, 0)], "what is taken back takes both back"


def test_of_a_contract_whose_rest_was_waived_what_came_in_is_counted() -> None:
    deal = Deal("d").opened(on(1)).won(on(5), amount=100)
    paper = Contract("c", deal, 113, net=100).drafted(on(4)).paid(on(9), "56.50")
    assert paid_of(deal, paper) == [("F8", 1, 100, None), ("F9", 1, 50, Decimal("56.50"))]
    unknown = Contract("c", deal, 113).drafted(on(4)).paid(on(9), "56.50")
    assert paid_of(deal, unknown)[1] == ("F9", 1, Decimal("56.50"), Decimal("56.50"))


def test_a_contract_of_an_earlier_release_is_worth_the_net_of_its_quote_in_whatever_order_they_are_told() -> None:
    deal = Deal("d").opened(on(1)).won(on(5), amount=100)
    other, quote = Quote("other", deal, net=50, tax=5).accepted(on(2)), Quote("q", deal, net=100, tax=13).accepted(on(3))
    paper = Contract("c", deal, 113, quote=quote).drafted(on(4)).paid(on(9))
    for told in permutations((deal, other, quote, paper)):
        assert paid_of(*told) == [("F8", 1, 100, None), ("F9", 1, 100, 113)]
    assert paid_of(deal, other, paper)[1] == ("F9", 1, 113, 113), "where nobody knows the tax, all of it counts"


def test_a_win_by_hand_is_worth_what_is_signed_later_until_it_is_reversed() -> None:
    deal = Deal("d").opened(on(1), amount=70).moved(on(2), "closing").won(on(5))
    deal.handed(on(6), person("ann")).updated(on(7), 100).handed(on(8), person("bob"))
    (won,) = [fact for fact in facts_of(deal.events) if isinstance(fact, OutcomeFact) and fact.kind == "won"]
    assert (won.at, won.amount) == (on(5), 100)
    made = line(DIRECT, sums_of(cells_of(deal.events)), None)
    assert {step.step.key: step.value for step in made.steps} == {"F4": 100, "F5": 100, "F6": 100, "F7": 100, "F8": 100, "F9": 0}

    deal.reversed(on(9)).updated(on(10), 20)
    outcomes = [
        (fact.kind, fact.amount) for fact in facts_of(deal.events) if isinstance(fact, OutcomeFact) and fact.kind in ("won", "reversed")
    ]
    assert outcomes == [("won", 100), ("reversed", 100)], "what is estimated afterwards changes neither"
