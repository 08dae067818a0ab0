"""A new zone moves when due days end, and the timers with them; a new currency converts the frozen rates. Told days stay."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from clinch.run.postgres import Postgres
from contract_svc.rezone import follow
from contract_svc.service import service
from shared.rezone import Rezone
from tests.contract.office import Office, schedule
from tests.harness import Running, running

_TIMERS = "SELECT kind, due_at FROM timer WHERE fired_at IS NULL AND cancelled_at IS NULL ORDER BY 1, 2"
_DUE = "SELECT due_day, due_at, overdue_since IS NULL AS in_time FROM milestone ORDER BY position, due_day"
_ACCEPTANCE = """
SELECT c.acceptance_due_day, c.acceptance_due_at, d.due_at, d.warn_at, d.warned_at, d.missed_at
FROM contract c JOIN deadline d ON d.record_id = c.id
"""


async def rezone(svc: Running, zone: str, rates: dict[UUID, Decimal] | None = None) -> None:
    async with svc.db.connection() as conn, conn.transaction():
        await follow(conn, Rezone(ZoneInfo(zone), svc.clock(), rates))


async def state(svc: Running) -> list[Any]:
    async with svc.db.connection() as conn:
        return [[tuple(row) for row in await conn.fetch(sql)] for sql in (_DUE, _ACCEPTANCE, _TIMERS)]


async def story(svc: Running) -> Office:
    """Due and accepted in March and April, a date to come, and a contract that takes effect later."""
    office = await Office.start(svc)
    dated = [t.model_copy(update={"due_on": d}) for t, d in zip(schedule(("date", "100", 14)), [datetime(2026, 5, 1).date()], strict=True)]  # noqa: DTZ001
    await office.signed(total="700", schedule=dated)
    await office.act(await office.signed(total="1000"), "go-live")
    await office.signed(total="500", sign={"starts_on": "2026-04-10"})
    return office


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles"])
async def test_it_is_as_if_the_zone_had_always_been_this(svc: Running, postgres: Postgres, zone: str) -> None:
    async with running(service, postgres, time_zone=zone) as always:
        for each in (svc, always):
            await story(each)
        assert await state(svc) != await state(always)
        await rezone(svc, zone)
        assert await state(svc) == await state(always)
        await rezone(svc, zone)
        assert await state(svc) == await state(always), "once more changes nothing"
        for hours in (24 * 30, 17, 24 * 40):
            svc.clock.advance(hours=hours)
            always.clock.advance(hours=hours)
            svc.app.state.db.settings = always.settings  # what runs afterwards runs in the new zone
            assert await svc.fire_due() == await always.fire_due()
            assert await state(svc) == await state(always)


async def test_what_is_not_over_yet_in_the_new_zone_is_not_overdue_any_more(svc: Running) -> None:
    office = await Office.start(svc)
    contract = await office.act(await office.signed(total="1000"), "go-live")
    svc.clock.now = datetime(2026, 4, 2, 3, tzinfo=UTC)  # the first of April in Los Angeles
    assert await svc.fire_due() == 3
    await rezone(svc, "America/Los_Angeles")
    found = await office.read(contract)
    assert [m["overdue_since"] for m in found["milestones"]] == [None] * 3
    assert found["acceptance_overdue"] is False
    svc.clock.now = datetime(2026, 4, 2, 7, tzinfo=UTC)
    assert await svc.fire_due() == 3
    assert [m["overdue_since"] for m in (await office.read(contract))["milestones"]] == ["2026-04-02T07:00:00Z"] * 2 + [None]


async def test_what_was_paid_meanwhile_gets_no_timer(svc: Running) -> None:
    office = await Office.start(svc)
    contract = await office.signed(total="1000")
    await office.pay(contract, "500")
    await rezone(svc, "Asia/Shanghai")
    svc.clock.advance(days=60)
    assert await svc.fire_due() == 0


async def test_frozen_rates_follow_the_currency(svc: Running) -> None:
    office = await Office.start(svc)
    contract = await office.draft(fx=Decimal("7.1"), currency="USD")
    other = await office.draft(fx=Decimal("7.1"), currency="USD")
    await rezone(svc, "UTC", {UUID(contract["deal_id"]): Decimal("0.123456789")})
    async with svc.db.connection() as conn:
        kept = dict(await conn.fetch("SELECT deal_id, fx FROM contract"))
    assert kept == {UUID(contract["deal_id"]): Decimal("0.87654320"), UUID(other["deal_id"]): Decimal("7.1")}
