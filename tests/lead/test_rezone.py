"""Another reporting currency: what was spent keeps its amount, and its rate is to the new one, by the day it was spent on."""

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from shared.rezone import Rezone
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk


async def test_spend_is_converted_by_the_rate_of_its_day(desk: Desk, svc: Running) -> None:
    admin = desk.by("admin")
    campaign = done(await admin.post("/v1/campaigns", json={"name": "Expo"}), 201)["id"]
    for day in ("2026-01-01", "2026-02-10", "2026-03-01"):
        body: dict[str, Any] = {"starts_on": day, "amount": {"amount": "90", "currency": "CNY"}}
        done(await admin.post(f"/v1/campaigns/{campaign}/spend", json=body), 201)
    days = [(date(2026, 2, 1), Decimal("0.5")), (date(2026, 2, 20), Decimal("0.25"))]
    follow = svc.service.rezone
    assert follow is not None
    async with svc.db.connection() as conn, conn.transaction():
        await follow(conn, Rezone(ZoneInfo("UTC"), svc.clock(), {}, days))
    spent = done(await admin.get(f"/v1/campaigns/{campaign}/spend", params={"sort": "starts_on"}))["items"]
    assert [s["fx"] for s in spent] == ["0.5", "0.5", "0.25"], "the last rate before the day; before all of them the first one"
    async with svc.db.connection() as conn, conn.transaction():
        await follow(conn, Rezone(ZoneInfo("Asia/Shanghai"), svc.clock()))
    assert [s["fx"] for s in done(await admin.get(f"/v1/campaigns/{campaign}/spend"))["items"]] == ["0.25", "0.5", "0.5"]
