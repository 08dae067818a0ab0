"""A quote in another currency than its deal, to the cash: quote, deal, contract, payment and figures agree."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from clinch.ops.verify import _agreements
from clinch.run.postgres import Postgres
from shared.verify import run
from tests.flow.system import System, eventually, whole_system
from tests.flow.test_lead_to_cash import Desk, accepted_quote, deal_of, signed_contract, sql

RATE = Decimal(7)
"""Of a dollar, as the services are told in tests."""


@pytest.fixture
async def system(postgres: Postgres) -> AsyncIterator[System]:
    async with whole_system(postgres) as started:
        yield started


async def offended(system: System) -> list[str]:
    """What `clinch verify` would find."""
    found = []
    for name, service in system.services.items():
        async with service.db.connection() as conn:
            found += [f"{name}: {one.says}" async for one in run(conn, service.service.checks) if one.offenders]
    services = {name: one.service for name, one in system.services.items()}
    databases = {name: one.db for name, one in system.services.items()}
    return found + [f"{where}: {one.says}" async for where, one in _agreements(services, databases) if one.offenders]


async def test_what_is_quoted_in_dollars_is_won_signed_and_paid_in_dollars_and_reported_at_the_quotes_rate(system: System) -> None:
    desk = Desk(system)
    lead = await sql(desk, "Red Lantern Foods")
    deal = await deal_of(desk, lead)
    assert deal["amount"]["currency"] == "CNY"
    quote = await accepted_quote(desk, lead, deal, "USD")
    contract = await signed_contract(desk, deal)
    assert (contract["total"], contract["net"]) == (quote["total"], quote["net"])
    assert contract["total"]["currency"] == "USD"

    async def won() -> Any:
        return (await desk.get(f"/v1/deals/{deal['id']}"))["stage"] == "won"

    await eventually(won)
    assert (await desk.get(f"/v1/deals/{deal['id']}"))["amount"] == quote["net"]
    path = f"/v1/contracts/{contract['id']}"
    await desk.call("rep", "POST", f"{path}/go-live", {"live_on": "2026-03-02"})
    await desk.call("rep", "POST", f"{path}/accept", {})
    paid = {"contract_id": contract["id"], "amount": contract["total"], "channel": "bank_transfer"}
    await desk.call("finance", "POST", "/v1/payments", paid, key="cash-1")
    net = Decimal(quote["net"]["amount"]) * RATE

    async def counted() -> bool:
        steps = {step["step"]: step for step in (await desk.get("/v1/metrics/funnel"))["total"]["steps"]}
        return [Decimal(steps[step]["value"]) for step in ("F4", "F8", "F9")] == [net] * 3

    assert await eventually(counted)

    async def agreed() -> bool:
        found = await offended(system)
        assert not found, found
        return True

    assert await eventually(agreed)
