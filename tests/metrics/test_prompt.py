"""First responses and follow-ups as figures see them: by grade, each in time or not, credited to who had the lead then."""

from datetime import UTC, timedelta

from metrics_svc.counting.times import Calendar
from metrics_svc.facts.prompt import PROMPTED_LEAD, PromptedLead, PromptFact, derive
from metrics_svc.rebuild.cells import differing_cells
from tests.harness import Running
from tests.metrics.told import FollowUp, Lead, Response, Story, events_of, get, hear, kpi, on, person, records

ANN, BOB = {"owner_id": person("ann")}, {"owner_id": person("bob")}


def facts(*stories: FollowUp | Response) -> list[PromptFact]:
    """What is derived of what was due about one lead, without a database."""
    row = PromptedLead(stories[0].of.id)
    for e in events_of(stories):
        if type(e.data) in PROMPTED_LEAD.hears:
            PROMPTED_LEAD.hears[type(e.data)](row, e, Calendar(UTC, UTC))
    return list(derive(row))


def told(*stories: FollowUp | Response) -> list[tuple[int, int, bool]]:
    return [((fact.due_at - on(0)).days, (fact.at - on(0)).days, fact.in_time) for fact in facts(*stories)]


def test_how_a_follow_up_ends() -> None:
    anna = Lead("anna").captured(on(0))

    def fresh() -> FollowUp:
        return FollowUp("f", anna).set(on(0), on(7))

    assert told(fresh()) == [], "there is time left"
    assert told(fresh().done(on(5))) == [(7, 5, True)]
    assert told(fresh().done(on(7))) == [(7, 7, True)], "to the minute"
    assert told(fresh().due()) == told(fresh().due().done(on(9))) == told(fresh().done(on(9))) == [(7, 7, False)]
    assert told(fresh().due().done(on(6))) == [(7, 6, True)], "entered late, but it was made in time"
    assert told(fresh().dropped(on(5))) == [], "nobody waits for it"
    assert told(fresh().due().dropped(on(9))) == told(fresh().dropped(on(9))) == [(7, 7, False)]


def test_a_follow_up_that_gets_another_time_counts_by_that_unless_its_time_had_come() -> None:
    anna = Lead("anna").captured(on(0))
    assert told(FollowUp("f", anna).set(on(0), on(7)).set(on(3), on(20)).done(on(10))) == [(20, 10, True)]
    assert told(FollowUp("f", anna).set(on(0), on(7)).due().set(on(8), on(20)).done(on(10))) == [(7, 7, False), (20, 10, True)]


def test_it_counts_for_the_grade_and_the_owner_of_then() -> None:
    missed, made = (
        FollowUp("1", Lead("anna"), "C", **ANN).set(on(0), on(7)).due(grade="B", **BOB).done(on(9), grade="A", **ANN),
        FollowUp("2", Lead("anna"), "A", **ANN).set(on(9), on(12)).done(on(10), **BOB),
    )
    assert {(fact.grade, fact.owner_id, fact.in_time) for fact in facts(missed, made)} == {
        ("B", person("bob"), False),
        ("A", person("bob"), True),
    }


def test_a_response_keeps_its_working_minutes_late_or_not() -> None:
    anna = Lead("anna")
    [in_time] = facts(Response("1", anna).started(on(0), on(1)).given(on(0.5), 120))
    [late] = facts(Response("1", anna).started(on(0), on(1)).missed().given(on(3), 600))
    assert [(fact.in_time, fact.done_at, fact.work_us) for fact in (in_time, late)] == [
        (True, on(0.5), 120 * 60_000_000),
        (False, on(3), 600 * 60_000_000),
    ]
    [lost] = facts(Response("1", anna).started(on(0), on(1)).missed().stopped(on(3)))
    assert (lost.in_time, lost.done_at) == (False, None)
    again = Response("1", anna).started(on(0), on(1)).missed().stopped(on(1)).started(on(4), on(5)).given(on(4.5), 60)
    assert told(again) == [(1, 1, False), (5, 4, True)], "back from the pool"


def a_month() -> list[Story]:
    anna, otto = Lead("anna").captured(on(0), **ANN), Lead("otto").captured(on(1), **BOB)
    return [
        anna,
        otto,
        Response("1", anna, "A", **ANN).started(on(0), on(0) + timedelta(hours=4)).given(on(0) + timedelta(hours=1), 60),
        Response("2", otto, "C", **BOB).started(on(1), on(2)).missed().given(on(4), 1200),
        FollowUp("1", anna, "A", **ANN).set(on(0), on(4)).done(on(3)),
        FollowUp("2", anna, "A", **ANN).set(on(3), on(7)).due().done(on(8)),
        FollowUp("3", otto, "C", **BOB).set(on(4), on(30)).dropped(on(6)),
        FollowUp("4", otto, "C", **BOB).set(on(6), on(9)).due(),
    ]


async def test_first_responses_and_follow_ups_by_grade_with_their_records(svc: Running) -> None:
    await hear(svc, events_of(a_month()))
    responses = await kpi(svc, "first_response")
    assert responses["value"] == 0.5
    parts = responses["parts"]
    assert {name: parts[name] for name in ("met", "due", "A.rate", "B.rate", "C.rate", "C.due")} == {
        "met": 1, "due": 2, "A.rate": 1.0, "B.rate": None, "C.rate": 0.0, "C.due": 1,
    }  # fmt: skip
    assert 59 < parts["A.p50_minutes"] < 61 < 1180 < parts["C.p90_minutes"] < 1220
    follow_ups = await kpi(svc, "cadence")
    assert (round(follow_ups["value"], 4), follow_ups["parts"]["A.rate"], follow_ups["parts"]["C.due"]) == (0.3333, 0.5, 1)
    assert {(r["kind"], r["external_id"], r["measure"]) for r in await records(svc, follow_ups["records"])} == {
        ("lead", "anna", "followed_up_a"),
        ("lead", "anna", "not_followed_up_a"),
        ("lead", "otto", "not_followed_up_c"),
    }
    assert (await get(svc, "kpis/cadence", role="rep", subject="ann"))["total"]["parts"]["due"] == 2
    assert (await get(svc, "kpis/first_response", role="marketing"))["total"]["parts"]["due"] == 2
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0
