"""Cells change by the difference of facts: however a fact came to be what it is, its cells are those of a fact that always was."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from metrics_svc.cells.changes import CellChanges, Change
from metrics_svc.counting.dimensions import NOBODY, NOWHERE, who_of
from metrics_svc.counting.stages import EXITS, STAGES
from metrics_svc.facts.allocation import AllocationFact
from metrics_svc.facts.amount import AmountFact
from metrics_svc.facts.goal import GoalFact
from metrics_svc.facts.lead import LeadFact
from metrics_svc.facts.lead_goal import LeadGoalFact
from metrics_svc.facts.outcome import OutcomeFact
from metrics_svc.facts.visit import VisitFact
from metrics_svc.fold import LANES
from metrics_svc.histogram import bucket_of
from shared.events.envelope import Envelope
from shared.events.lead import LeadBantUpdated

ID = UUID(int=1)
START = datetime(2025, 3, 29, tzinfo=UTC)  # the days around a change of the clocks
TIMES = st.one_of(st.none(), st.integers(0, 72).map(lambda hours: START + timedelta(hours=hours)))
KNOWN = st.integers(0, 72).map(lambda hours: START + timedelta(hours=hours))
AMOUNTS = st.decimals(-100, 100, places=2)
SPANS = st.one_of(st.none(), st.integers(-(10**12), 10**12))
WHO = {
    "owner_id": st.sampled_from([None, UUID(int=2), UUID(int=3)]),
    "team_id": st.sampled_from([None, UUID(int=4)]),
    "source": st.sampled_from([None, "email", "fair"]),
    "product": st.none(),
    "region": st.sampled_from([None, "east"]),
}


def in_buckets(fact: Any) -> Any:
    for name in ("stay", "cycle", "lead_cycle"):
        if (us := getattr(fact, f"{name}_us", None)) is not None:
            setattr(fact, f"{name}_bucket", bucket_of(us))
    return fact


LINES = st.sampled_from([None, "lead", "direct"])
FACTS: dict[type[Any], dict[str, st.SearchStrategy[Any]]] = {
    LeadFact: {"id": st.just(ID), "captured_at": TIMES, "f2_at": TIMES, "f3_at": TIMES, "to_deal_at": TIMES, "assist_at": TIMES}
    | {"first_mql_at": TIMES, "f4_at": TIMES, "f5_at": TIMES, "f6_at": TIMES, "f7_at": TIMES},
    VisitFact: {
        "deal_id": st.just(ID),
        "n": st.just(0),
        "cycle": st.just(1),
        "stage": st.sampled_from([*STAGES, "unheard_of"]),
        "entered_at": KNOWN,
        "first_in_cycle": st.booleans(),
        "left_at": TIMES,
        "left_to": st.sampled_from([None, *EXITS]),
        "passed_at": TIMES,
        "reopened_at": TIMES,
        "stay_us": SPANS,
    },
    OutcomeFact: {
        "deal_id": st.just(ID),
        "n": st.just(0),
        "kind": st.sampled_from(["won", "lost", "reversed", "reopened"]),
        "at": KNOWN,
        "amount": st.one_of(st.none(), AMOUNTS),
        "undone_at": TIMES,
        "qualified": st.sampled_from([None, False, True]),
        "cycle_us": SPANS,
        "lead_cycle_us": SPANS,
    },
    AmountFact: {
        "deal_id": st.just(ID),
        "n": st.just(0),
        "deals": st.integers(0, 1),
        "delta": AMOUNTS,
        "at": KNOWN,
        "f5_at": TIMES,
        "line": LINES,
        "cohort_at": TIMES,
    },
    GoalFact: {
        "deal_id": st.just(ID),
        "n": st.just(0),
        "kind": st.sampled_from(["won", "reversed", "paid", "unpaid"]),
        "at": KNOWN,
        "amount": st.one_of(st.none(), AMOUNTS),
        "gross": st.one_of(st.none(), AMOUNTS),
        "line": LINES,
        "cohort_at": TIMES,
    },
    LeadGoalFact: {
        "lead_id": st.just(ID),
        "n": st.just(0),
        "kind": st.sampled_from(["won", "reversed", "paid", "unpaid"]),
        "at": KNOWN,
        "cohort_at": TIMES,
    },
    AllocationFact: {
        "payment_id": st.just(ID),
        "n": st.just(0),
        "deal_id": st.just(ID),
        "milestone_id": st.just(ID),
        "amount": AMOUNTS,
        "due_at": KNOWN,
        "settles_at": KNOWN,
        "taken_back_at": TIMES,
    },
}
VERSIONS = st.one_of(
    [st.lists(st.builds(kind, **WHO, **columns).map(in_buckets), min_size=1, max_size=4) for kind, columns in FACTS.items()]
)


def summed(*batches: list[Change]) -> dict[tuple[Any, ...], list[Any]]:
    """All that these batches add, by the key of the cell or the bucket."""
    found: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, 0, 0])
    for batch in batches:
        changes = CellChanges(ZoneInfo("Europe/Berlin"))
        changes.take(batch)
        rows = [(row[:5], row[5:]) for row in changes.cells()] + [(row[:6], (row[6], 0, 0)) for row in changes.buckets()]
        assert len({key for key, _ in rows}) == len(rows)
        for key, sums in rows:
            found[key] = [a + b for a, b in zip(found[key], sums, strict=True)]
    return {key: sums for key, sums in found.items() if any(sums)}


@given(VERSIONS)
def test_any_way_to_a_fact_gives_its_cells(versions: list[Any]) -> None:
    steps = list(zip([None, *versions], versions, strict=False))
    from_scratch = summed([(None, versions[-1])])
    assert summed(*([step] for step in steps)) == from_scratch
    assert summed(steps) == from_scratch
    assert summed(steps, [(versions[-1], None)]) == {}


def test_a_step_counts_deals_once_and_sums_what_their_amounts_changed_by() -> None:
    who = who_of(NOBODY, ["email", *NOWHERE[3:]])
    first = AmountFact(*who, ID, 0, 1, Decimal(100), START, "lead", START, START)
    more = AmountFact(*who, ID, 1, 0, Decimal(20), START, "lead", START, START)
    cells = summed([(None, first), (None, more)])
    of_source = {key[0]: sums for key, sums in cells.items() if key[1] == "source"}
    assert of_source == {"lead_deal_opened": [1, 120, 0], "lead_deal_proposal": [1, 120, 0]}


async def test_events_that_change_no_fact_touch_nothing() -> None:
    told = LeadBantUpdated(dimension="need", status="confirmed", score=25)
    nothing: Any = None
    await LANES["sales"].fold(nothing, [Envelope(uuid4(), told.type, ID, 2, START, told)])
    assert told.type not in LANES["sales"].fold.types
