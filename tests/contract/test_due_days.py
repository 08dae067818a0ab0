"""A due day is a day of the company's calendar: overdue from the next day on, and counted in calendar days when the clocks change."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from alembic import command

from clinch.run.postgres import Postgres
from contract_svc.milestones.rules import fall_due
from contract_svc.service import service
from shared import migrations
from shared.calendar import day_of, end_of, start_of
from shared.events.contract import ContractAccepted, MilestoneOverdue, PaymentReceived
from shared.ids import new_id
from tests.contract.office import Office, money_of, schedule
from tests.contract.test_rules import SCHEDULE
from tests.harness import Running, fresh_database, running

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def berlin(postgres: Postgres) -> AsyncIterator[Running]:
    """Where the clocks go forward on 29 March 2026."""
    async with running(service, postgres, time_zone="Europe/Berlin") as started:
        yield started


@pytest.mark.parametrize(
    ("zone", "signed", "due_day", "over"),
    [
        (BERLIN, "2026-03-02T09:00+00:00", "2026-04-01", "2026-04-01T22:00+00:00"),
        (BERLIN, "2026-03-02T23:30+00:00", "2026-04-02", "2026-04-02T22:00+00:00"),  # already the third there
        (BERLIN, "2026-09-30T22:30+00:00", "2026-10-31", "2026-10-31T23:00+00:00"),  # and back again
        (SHANGHAI, "2026-03-02T15:59+00:00", "2026-04-01", "2026-04-01T16:00+00:00"),
        (SHANGHAI, "2026-03-02T16:00+00:00", "2026-04-02", "2026-04-02T16:00+00:00"),
        (ZoneInfo("America/Havana"), "2026-10-02T12:00+00:00", "2026-11-01", "2026-11-02T05:00+00:00"),  # has midnight twice
        (ZoneInfo("Africa/Cairo"), "2026-03-24T12:00+00:00", "2026-04-23", "2026-04-23T22:00+00:00"),  # the next day has no midnight
    ],
)
def test_n_days_after_are_calendar_days(zone: ZoneInfo, signed: str, due_day: str, over: str) -> None:
    due = fall_due(SCHEDULE[0], datetime.fromisoformat(signed), zone)
    assert due.due_days == 30
    assert (due.due_day, due.due_at) == (date.fromisoformat(due_day), datetime.fromisoformat(over))


def test_a_day_begins_and_ends_where_the_company_is() -> None:
    day = date(2026, 3, 29)  # one of 23 hours
    assert (end_of(day, BERLIN) - start_of(day, BERLIN)).total_seconds() == 23 * 3600
    assert day_of(start_of(day, BERLIN), BERLIN) == day
    assert day_of(end_of(day, BERLIN), BERLIN) == date(2026, 3, 30)


async def test_what_is_paid_on_the_due_day_is_never_overdue(berlin: Running) -> None:
    office = await Office.start(berlin)
    contract = await office.signed(total="1000")
    assert contract["milestones"][0]["due_day"] == "2026-04-01"
    berlin.clock.now = datetime(2026, 4, 1, 21, 59, tzinfo=UTC)  # the last minute of the day there
    assert await berlin.fire_due() == 0
    await office.pay(contract, "500")
    berlin.clock.advance(hours=1)
    assert await berlin.fire_due() == 0
    assert money_of(await office.read(contract))["overdue"] == 0
    [paid] = await berlin.told(PaymentReceived)
    assert isinstance(paid.data, PaymentReceived)
    assert paid.data.allocations[0].due_day == date(2026, 4, 1)


async def test_what_is_paid_as_the_next_day_begins_is_overdue(berlin: Running) -> None:
    office = await Office.start(berlin)
    contract = await office.signed(total="1000")
    midnight = datetime(2026, 4, 1, 22, tzinfo=UTC)
    berlin.clock.now = midnight
    await office.pay(contract, "100", received_at=midnight.isoformat())
    assert await berlin.fire_due() == 1
    [told] = await berlin.told(MilestoneOverdue)
    assert isinstance(told.data, MilestoneOverdue)
    assert (told.time, told.data.due_day, told.data.outstanding.amount) == (midnight, date(2026, 4, 1), Decimal(500))


async def test_the_customer_has_the_whole_last_day_to_accept(berlin: Running) -> None:
    office = await Office.start(berlin)
    live = await office.act(await office.signed(total="1000", schedule=schedule(("signed", "100", 60))), "go-live")
    assert (live["acceptance_due_day"], live["acceptance_due_at"]) == ("2026-04-01", "2026-04-01T22:00:00Z")
    berlin.clock.now = datetime(2026, 4, 3, tzinfo=UTC)
    assert await berlin.fire_due() == 1
    told_late = await office.act(live, "accept", accepted_at="2026-04-01T21:59:59Z")
    assert told_late["acceptance_overdue"] is False
    [told] = await berlin.told(ContractAccepted)
    assert isinstance(told.data, ContractAccepted)
    assert told.data.due_day == date(2026, 4, 1)


async def test_a_due_time_of_the_release_before_counts_until_its_day_is_over(berlin: Running) -> None:
    """During an upgrade old processes still write times without days."""
    office = await Office.start(berlin)
    contract = await office.act(await office.signed(total="1000"), "go-live")
    noon = datetime(2026, 4, 1, 10, tzinfo=UTC)
    async with berlin.db.connection() as conn:
        await conn.execute("UPDATE milestone SET due_day = NULL, due_at = $1 WHERE due_at IS NOT NULL", noon)
        await conn.execute("UPDATE timer SET due_at = $1 WHERE kind = 'milestone_due'", noon)
    berlin.clock.now = noon
    await berlin.fire_due()
    found = await office.read(contract)
    assert [m["overdue_since"] for m in found["milestones"]] == [None] * 3
    berlin.clock.now = datetime(2026, 4, 1, 22, tzinfo=UTC)
    assert await berlin.fire_due() == 3
    found = await office.read(contract)
    assert [m["due_day"] for m in found["milestones"]] == ["2026-04-01", "2026-04-01", None]


# -- A database of the release before ----------------------------------------------------------------------------------------


_CONTRACT = """
INSERT INTO contract (id, version, number, revision, state, deal_id, quote_id, account_name, total, currency, fx, lines, sections,
                      core_clauses, signers, reviews, drafted_at, signed_at, live_on, acceptance_due_at, acceptance_overdue, created_at,
                      updated_at)
VALUES ($1, 1, 'C-1', 1, 'active', $1, $1, 'Acme', 100, 'CNY', 1, '[]', '{}', '[]', '[]', '{}', now(), now(), '2026-03-03',
        '2026-04-01T20:00Z', true, now(), now())
"""
_MILESTONE = """
INSERT INTO milestone (id, version, contract_id, position, trigger, percent, amount, currency, due_days, state, triggered_at, due_at,
                       overdue_since, paid, waived, created_at, updated_at)
VALUES ($1, 1, $2, $3, 'signed', 50, 50, 'CNY', 30, 'triggered', $4::timestamptz - interval '30 days', $4, $5, 0, 0, now(), now())
"""
_TIMER = "INSERT INTO timer (id, kind, subject, due_at, data) VALUES (gen_random_uuid(), 'milestone_due', $1, $2, '{}')"


async def test_an_upgrade_gives_every_milestone_the_day_in_the_zone_of_the_company(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations._in_thread(command.upgrade, migrations._config(service.migrations, service.metadata, url), "0001")
    conn = await asyncpg.connect(url)
    contract, late, open_, far = new_id(), new_id(), new_id(), datetime(2190, 4, 1, 20, tzinfo=UTC)
    await conn.execute(_CONTRACT, contract)
    past = datetime(2026, 4, 1, 20, tzinfo=UTC)  # 04:00 on the second in Shanghai
    await conn.execute(_MILESTONE, late, contract, 1, past, past)
    await conn.execute(_MILESTONE, open_, contract, 2, far, None)
    await conn.execute(_TIMER, open_, far)
    await migrations.upgrade(service.migrations, service.metadata, url, ("Asia/Shanghai", "CNY"))
    rows = {r["id"]: tuple(r)[1:] for r in await conn.fetch("SELECT id, due_day, due_at, overdue_since FROM milestone")}
    over = datetime(2026, 4, 2, 16, tzinfo=UTC)
    assert rows[late] == (date(2026, 4, 2), over, over)
    assert rows[open_] == (date(2190, 4, 2), datetime(2190, 4, 2, 16, tzinfo=UTC), None)
    assert [tuple(r) for r in await conn.fetch("SELECT subject, due_at FROM timer WHERE kind = 'milestone_due'")] == [
        (open_, datetime(2190, 4, 2, 16, tzinfo=UTC))
    ]
    live = await conn.fetchrow("SELECT live_at, acceptance_due_day, acceptance_due_at FROM contract")
    assert tuple(live) == (datetime(2026, 3, 2, 20, tzinfo=UTC), date(2026, 4, 2), over)
    kept = await conn.fetchrow("SELECT record_id, name, state, started_at, due_at, missed_at, version FROM deadline")
    assert tuple(kept) == (contract, "acceptance", "running", datetime(2026, 3, 2, 20, tzinfo=UTC), over, over, 0)
    assert tuple(await conn.fetchrow("SELECT number, time_zone, reporting_currency, state FROM company")) == (
        1,
        "Asia/Shanghai",
        "CNY",
        "done",
    )
    await conn.close()
    await migrations.check(service.migrations, service.metadata, url)
