"""Deadlines as figures see them: a lane of their own, that hears the deadlines of all records."""

from datetime import UTC
from itertools import permutations

import pytest

from metrics_svc.counting.times import Calendar
from metrics_svc.facts.deadline import TIMED_RECORD, DeadlineFact, TimedRecord, derive
from metrics_svc.fold import LANES
from metrics_svc.rebuild.cells import differing_cells
from shared.events.deadlines import DeadlineData
from shared.events.envelope import REGISTRY, Dimensions
from tests.harness import Running
from tests.metrics.told import Contract, Deal, Story, Timed, events_of, get, hear, kpi, on, person, records

ANN, BOB = {"owner_id": person("ann")}, {"owner_id": person("bob")}
JANUARY = {"from_": "2025-01-01", "to": "2025-02-01"}


def contracts(*keys: str) -> list[Contract]:
    return [Contract(key, Deal(key), 100).drafted(on(0)) for key in keys]


def ends(*stories: Timed) -> list[DeadlineFact]:
    """What is derived of deadlines of the same record, without a database."""
    row = TimedRecord(stories[0].data["contract_id"])
    for e in events_of(stories):
        TIMED_RECORD.hears[type(e.data)](row, e, Calendar(UTC, UTC))
    return derive(row)


def told(*stories: Timed) -> list[tuple[str, int, bool]]:
    return [(end.name, (end.at - on(0)).days, end.in_time) for end in ends(*stories)]


def test_the_events_of_every_deadline_are_heard_and_say_whose_they_are() -> None:
    """But for those of leads: the first response is a figure of its own, for those who see figures of leads."""
    of_deadlines = {event for event in REGISTRY.values() if issubclass(event, DeadlineData) and event.part_of != "lead_id"}
    assert set(TIMED_RECORD.hears) == of_deadlines != set()
    for event in of_deadlines:
        assert issubclass(event, Dimensions), event
        assert event.part_of in event.model_fields, event
    assert {event.aggregate for event in of_deadlines} == {t.split(".")[1] for t in LANES["deadlines"].topics}


def test_how_a_deadline_ends() -> None:
    [of] = contracts("c")

    def fresh() -> Timed:
        return Timed("d", of).started(on(0), on(10))

    assert told(fresh()) == [], "it runs"
    assert told(fresh().met(on(4))) == [("acceptance", 4, True)]
    assert told(fresh().missed()) == [("acceptance", 10, False)]
    assert told(fresh().missed().met(on(12))) == [("acceptance", 10, False)], "late is missed, once"
    assert told(fresh().met(on(12))) == [("acceptance", 10, False)], "though no timer said so"
    assert told(fresh().missed().met(on(9))) == [("acceptance", 9, True)], "told late, but it was in time"
    assert told(fresh().stopped(on(5))) == [], "nobody waits for it"
    assert told(fresh().missed().stopped(on(12))) == [("acceptance", 10, False)]
    assert told(fresh().stopped(on(12))) == [("acceptance", 10, False)], "though no timer said so"
    assert told(fresh().missed().stopped(on(9))) == [], "told late, but nobody waited for it when it ended"
    assert told(fresh().paused(on(5)).stopped(on(12))) == []


def test_what_gives_a_deadline_time_again_takes_its_miss_back() -> None:
    [of] = contracts("c")
    missed = Timed("d", of).started(on(0), on(10)).missed()
    assert told(missed.started(on(12), on(20), "moved")) == []
    assert told(missed.missed()) == [("acceptance", 20, False)]
    assert told(Timed("d", of).started(on(0), on(10)).missed().started(on(12), on(11), "moved")) == [("acceptance", 11, False)]
    waits = Timed("d", of).started(on(0), on(10)).missed().paused(on(9))
    assert told(waits) == []
    assert told(waits.started(on(15), on(16), "resumed").met(on(15))) == [("acceptance", 15, True)]


def test_a_deadline_that_starts_anew_ends_again() -> None:
    [of] = contracts("c")
    twice = Timed("d", of).started(on(0), on(10)).met(on(3)).started(on(20), on(30)).missed()
    assert told(twice) == [("acceptance", 3, True), ("acceptance", 30, False)]
    assert told(Timed("d", of).started(on(0), on(10)).missed().started(on(20), on(30))) == [("acceptance", 10, False)]
    assert told(Timed("d", of).started(on(0), on(10)).started(on(20), on(30))) == [("acceptance", 10, False)], "though no timer said so"


def test_it_belongs_to_who_had_the_record_when_it_ended() -> None:
    [of] = contracts("c")
    [end] = ends(Timed("d", of, **ANN).started(on(0), on(10)).missed(**BOB).met(on(12), **ANN))
    assert end.owner_id == person("bob")


def a_month() -> list[Story]:
    """Three deadlines are met in time, one of them told late; one is met late, one not at all; one has time left."""
    one, two, three = contracts("one", "two", "three")
    return [
        Timed("1a", one, **ANN).started(on(0), on(10)).met(on(2)),
        Timed("1b", one, "answer", **ANN).started(on(0), on(5)).missed().met(on(6)),
        Timed("2a", two, **BOB).started(on(0), on(10)).missed().met(on(8)),
        Timed("2b", two, "answer", **BOB).started(on(0), on(5)).met(on(1)),
        Timed("3a", three, **BOB).started(on(0), on(12)).missed(),
        Timed("3b", three, "answer", **BOB).started(on(0), on(100)),
    ]


async def test_how_many_deadlines_are_met(svc: Running) -> None:
    await hear(svc, events_of(a_month()))
    found = await kpi(svc, "deadlines_met", **JANUARY)
    assert (found["value"], found["parts"]) == (0.6, {"met": 3, "ended": 5})
    by_owner = await get(svc, "kpis/deadlines_met", by="owner", **JANUARY)
    assert {r["group"]: r["parts"] for r in by_owner["rows"]} == {
        str(person("ann")): {"met": 1, "ended": 2},
        str(person("bob")): {"met": 2, "ended": 3},
    }
    behind = await records(svc, found["records"])
    assert len(behind) == found["n"] == 5
    assert {(r["kind"], r["measure"]) for r in behind} == {("contract", "deadline_met"), ("contract", "deadline_missed")}
    assert (await kpi(svc, "deadlines_met", as_of=on(3).date().isoformat()))["parts"] == {"met": 2, "ended": 2}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_order_in_which_deadlines_arrive_does_not_matter(svc: Running, order: tuple[int, ...]) -> None:
    stories = a_month()
    pairs = [stories[:2], stories[2:4], stories[4:]]
    turned = [e for n in order for e in events_of(reversed(pairs[n]) if n % 2 else pairs[n])]
    await hear(svc, turned, batch=2)
    assert (await kpi(svc, "deadlines_met", **JANUARY))["parts"] == {"met": 3, "ended": 5}
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


async def test_a_miss_is_taken_back_in_figures_that_have_shown_it(svc: Running) -> None:
    late = Timed("2a", contracts("two")[0]).started(on(0), on(10)).missed()
    await hear(svc, late.events)
    assert (await kpi(svc, "deadlines_met"))["parts"] == {"met": 0, "ended": 1}
    await hear(svc, late.met(on(8)).events[2:])
    assert (await kpi(svc, "deadlines_met"))["parts"] == {"met": 1, "ended": 1}
