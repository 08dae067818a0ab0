"""Days on which people are away: who enters them for whom, and what follows."""

from datetime import UTC, date, datetime

import pytest

from lead_svc.absences.calendars import calendars_of
from lead_svc.absences.rules import ABSENCE_ACTS
from lead_svc.absences.tables import ABSENCES
from shared.events.absence import AbsenceChanged, AbsenceEntered, AbsenceRemoved
from tests.acts import Acts
from tests.client import codes
from tests.harness import Running
from tests.lead.desk import Desk
from tests.lead.test_acts import NORTH, ROLES, read, staff

DAYS = {"first_day": "2026-03-09", "last_day": "2026-03-13"}


def path(desk: Desk, who: str) -> str:
    return f"/v1/team/people/{desk.id(who)}/absences"


async def test_everybody_enters_changes_and_removes_their_own(desk: Desk, svc: Running) -> None:
    made = await desk.ask("ann", "POST", path(desk, "ann"), DAYS, expect=201)
    at = f"{path(desk, 'ann')}/{made['id']}"
    assert await desk.ask("bob", "GET", at) == {**made, "allowed_actions": (await desk.ask("bob", "GET", at))["allowed_actions"]}
    longer = await desk.ask("ann", "PATCH", at, {**DAYS, "last_day": "2026-03-16"}, etag=made["version"])
    assert (longer["last_day"], longer["version"]) == ("2026-03-16", 2)
    (listed,) = (await desk.ask("bob", "GET", path(desk, "ann"), **{"last_day[gte]": "2026-03-10"}))["items"]
    assert listed["id"] == made["id"]
    await desk.ask("ann", "DELETE", at, etag=2)
    assert (await desk.raw("ann", "GET", at)).status_code == 404
    told = await svc.told(AbsenceEntered, AbsenceChanged, AbsenceRemoved)
    assert [(type(event.data), event.version) for event in told] == [(AbsenceEntered, 1), (AbsenceChanged, 2), (AbsenceRemoved, 3)]


@pytest.mark.parametrize(
    ("who", "whose", "status"),
    [
        ("max", "ann", 201),
        ("max", "sue", 409),
        ("ann", "bob", 409),
        ("eva", "sue", 201),
        ("sales_ops:ola", "sue", 201),
        ("auditor", "ann", 403),
    ],
)
async def test_a_manager_enters_those_of_their_teams_and_sales_operations_those_of_anybody(
    desk: Desk, who: str, whose: str, status: int
) -> None:
    assert (await desk.raw(who, "POST", path(desk, whose), DAYS)).status_code == status


async def test_days_go_forwards_and_belong_to_somebody_who_is_there(desk: Desk) -> None:
    backwards = await desk.raw("ann", "POST", path(desk, "ann"), {"first_day": "2026-03-09", "last_day": "2026-03-08"})
    assert backwards.status_code == 422
    forever = await desk.raw("ann", "POST", path(desk, "ann"), {"first_day": "2026-03-09", "last_day": "2036-03-08"})
    assert forever.status_code == 422
    assert (await desk.raw("sales_ops:ola", "POST", path(desk, "nobody:nil"), DAYS)).status_code == 404
    refused = await desk.raw("max", "POST", path(desk, "sue"), DAYS)
    assert codes(refused) == {"not_in_team"}


async def test_one_of_somebody_else_is_not_found_under_a_persons_address(desk: Desk) -> None:
    made = await desk.ask("ann", "POST", path(desk, "ann"), DAYS, expect=201)
    elsewhere = f"{path(desk, 'bob')}/{made['id']}"
    assert (await desk.raw("ann", "GET", elsewhere)).status_code == 404
    assert (await desk.raw("eva", "DELETE", elsewhere, etag="*")).status_code == 404


async def test_the_calendar_of_a_person_leaves_out_the_days_on_which_they_are_away(desk: Desk, svc: Running) -> None:
    await desk.ask("ann", "POST", path(desk, "ann"), DAYS, expect=201)
    ann, bob = svc.person(subject="ann"), svc.person(subject="bob")
    async with svc.db.read() as db:
        found = await calendars_of(db, [ann, bob], date(2026, 3, 2))
    monday = date(2026, 3, 9)
    assert (found[ann].is_working_day(monday), found[bob].is_working_day(monday)) == (False, True)
    assert found[ann].add_working_days(date(2026, 3, 6), 1) == date(2026, 3, 16)


async def test_what_is_listed_as_allowed_is_what_the_routes_do(desk: Desk, svc: Running) -> None:
    await staff(desk)
    made = await desk.ask("ann", "POST", path(desk, "ann"), DAYS, expect=201)
    acts: Acts = Acts(desk, ABSENCE_ACTS)
    async with svc.db.read() as db:
        row = await db.get(ABSENCES, made["id"])
    await acts.hold(row, [*ROLES, *NORTH], read(desk, f"{path(desk, 'ann')}/{made['id']}"))
    acts.complete()


async def test_who_works_elsewhere_does_so_by_the_clock_of_that_place(desk: Desk, svc: Running) -> None:
    path = f"/v1/team/people/{desk.id('ann')}"
    works = {"zone": "Asia/Shanghai", "week": ["sunday", "monday"], "hours": [{"begins": "08:00", "ends": "12:00"}]}
    changed = await desk.ask("admin", "PATCH", path, {"works": works}, etag="*")
    assert changed["works"]["zone"] == "Asia/Shanghai"
    ann, bob = svc.person(subject="ann"), svc.person(subject="bob")
    async with svc.db.read() as db:
        found = await calendars_of(db, [ann, bob], date(2026, 3, 2))
    monday = datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert (found[ann].works_at(monday), found[bob].works_at(monday)) == (True, False)
    assert (await desk.raw("admin", "PATCH", path, {"works": works | {"zone": "Mars"}}, etag="*")).status_code == 422
    assert (await desk.raw("admin", "PATCH", path, {"works": {"zone": "Asia/Shanghai"}}, etag="*")).status_code == 422
    assert (await desk.ask("admin", "PATCH", path, {"works": None}, etag="*"))["works"] is None
