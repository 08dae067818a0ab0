"""A new zone moves the end of a quote's last day; a new currency converts the frozen rates of deals and quotes."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from deal_svc.rezone import follow
from shared.rezone import Rezone
from tests.deal.sales import Sales
from tests.harness import Running


async def rezone(svc: Running, zone: str, rates: dict[UUID, Decimal] | None = None) -> None:
    async with svc.db.connection() as conn, conn.transaction():
        await follow(conn, Rezone(ZoneInfo(zone), svc.clock(), rates))


@pytest.mark.parametrize(
    ("zone", "over"),
    [("Asia/Shanghai", datetime(2026, 4, 1, 16, tzinfo=UTC)), ("Europe/Berlin", datetime(2026, 4, 1, 22, tzinfo=UTC))],
)
async def test_a_sent_quote_expires_with_its_last_day_in_the_new_zone(sales: Sales, svc: Running, zone: str, over: datetime) -> None:
    sent = await sales.act(await sales.quote(await sales.deal()), "send")
    answered = await sales.act(await sales.quote(await sales.deal()), "send")
    await sales.act(answered, "reject", reason="price")
    assert sent["valid_until"] == "2026-04-01"
    await rezone(svc, zone)
    await rezone(svc, zone)  # as after an interruption
    svc.clock.now = over.replace(hour=over.hour - 1)
    assert await svc.fire_due() == 0
    svc.clock.now = over
    assert await svc.fire_due() == 1
    expired = await sales.ask("admin", "GET", f"/v1/quotes/{sent['id']}")
    assert (expired["status"], expired["valid_until"]) == ("expired", "2026-04-01")


async def test_frozen_rates_follow_the_currency(sales: Sales, svc: Running) -> None:
    usd = await sales.deal(amount={"amount": "100", "currency": "USD"})
    other = await sales.deal()
    await sales.quote(other)
    await rezone(svc, "UTC", {UUID(usd["id"]): Decimal("0.123456789"), UUID(other["id"]): Decimal("0.5")})
    async with svc.db.connection() as conn:
        deals = dict(await conn.fetch("SELECT id, fx FROM deal"))
        quotes = [row[0] for row in await conn.fetch("SELECT fx FROM quote")]
    assert deals == {UUID(usd["id"]): Decimal("0.86419752"), UUID(other["id"]): Decimal("0.5")}
    assert quotes == [Decimal("0.5")]
