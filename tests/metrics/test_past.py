"""After a change of zone or currency the figures are those of a system that had run that way from the start."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from metrics_svc.fold import LANES
from metrics_svc.past.queries import forget
from metrics_svc.rebuild.cells import differing_cells
from metrics_svc.rebuild.log import differing_rows, rebuild
from metrics_svc.rebuild.versions import outdated
from shared.events.envelope import Envelope
from shared.log.bus import open_bus
from shared.process.settings import Settings
from tests.harness import Running
from tests.metrics.logged import contents, message, read_so_far
from tests.metrics.told import Deal, Lead, Milestone, Payment, Spend, events_of, folds, hear, kpi, on

_COMPANY = "INSERT INTO company (number, time_zone, reporting_currency, since, state) VALUES ($1, $2, $3, $4, 'done')"
_FACTS = ("lead_fact", "deal_fact", "visit_fact", "outcome_fact", "amount_fact", "milestone_fact", "payment_fact", "allocation_fact")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATE = timedelta(hours=17)  # on the next day in Shanghai
DUE = date(2025, 2, 10)


def history() -> list[Envelope[Any]]:
    """Leads, a deal, and milestones whose due day was told: each at an hour that is another day in Shanghai."""
    leads = [Lead(str(n)).captured(on(n) + LATE).mql(on(n + 3) + LATE) for n in range(5)]
    deal = Deal("one", leads[0], currency="USD", fx="7.1").opened(on(5) + LATE, amount=100).won(on(30) + LATE, amount=90)
    over = datetime(2025, 2, 11, tzinfo=UTC)
    due = [Milestone(str(n), 50).due(over, DUE) for n in range(2)]
    paid = Payment("paid", 50).received(over - timedelta(minutes=1), signed=on(30), of=due[0], due=over, day=DUE)
    return events_of([*leads, deal, *due, paid])


async def in_the_log(svc: Running, events: Sequence[Envelope[Any]]) -> None:
    """Told to the projection, and in its log up to the offsets of it."""
    await hear(svc, events)
    bus = open_bus(svc.settings.bus_url)
    await bus.start()
    await bus.ensure_topics(sorted({name for lane in LANES.values() for name in lane.topics}))
    await bus.publish([message(e) for e in events])
    await read_so_far(svc, bus)
    await bus.stop()


async def changed(svc: Running, zone: str, currency: str = "CNY", since: datetime = NOW) -> Settings:
    """The database's second zone and currency, and the figures projected again: what `clinch rezone` does to figures."""
    async with svc.db.connection() as conn:
        await conn.execute(_COMPANY, 1, "UTC", "CNY", datetime(1970, 1, 1, tzinfo=UTC))
        await conn.execute(_COMPANY, 2, zone, currency, since)
    forget()
    settings = svc.settings.model_copy(update={"time_zone": zone, "reporting_currency": currency})
    bus = open_bus(settings.bus_url)
    await bus.start()
    await rebuild(svc.db, bus, settings)
    await bus.stop()
    return settings


async def facts(svc: Running) -> dict[str, set[str]]:
    async with svc.db.connection() as conn:
        return {table: {str(row[0]) for row in await conn.fetch(f"SELECT to_jsonb(f) FROM {table} f")} for table in _FACTS}


async def test_a_new_zone_gives_the_figures_of_a_system_that_always_had_it(svc: Running, shanghai: Running) -> None:
    events = history()
    await in_the_log(svc, events)
    await hear(shanghai, events)
    assert await contents(svc) != await contents(shanghai)
    settings = await changed(svc, "Asia/Shanghai")
    assert await contents(svc) == await contents(shanghai)
    assert await facts(svc) == await facts(shanghai)
    bus = open_bus(settings.bus_url)
    await bus.start()
    assert await differing_rows(svc.db, bus, settings) == (0, folds(events))
    await bus.stop()


async def test_a_due_day_stays_the_day_that_was_told(svc: Running) -> None:
    """Also that of an earlier release, whose events name an instant of the day in the zone of then."""
    svc.clock.now = NOW
    old = Milestone("old", 70).due(datetime(2025, 2, 10, 20, tzinfo=UTC))
    await in_the_log(svc, [*history(), *old.events])
    days = ("2025-02-09", "2025-02-10", "2025-02-11")
    before = [(await kpi(svc, "overdue_rate", as_of=day))["parts"] for day in days]
    assert [(Decimal(p["due"]), Decimal(p["overdue"])) for p in before] == [(0, 0), (170, 0), (170, 120)]
    svc.app.state.settings = await changed(svc, "Asia/Shanghai")
    assert [(await kpi(svc, "overdue_rate", as_of=day))["parts"] for day in days] == before


@pytest.mark.parametrize("rate_of_the_deal", [True, False])
async def test_a_new_currency_converts_what_was_told_in_the_old_one(svc: Running, rate_of_the_deal: bool) -> None:
    """By the rate of the deal; for a deal that was unknown by that of the event's day. Later events are in the new one already."""
    deal = Deal("one", currency="USD", fx="7.12345678").opened(on(0), amount="100.01")
    paid = Payment("p", 50)
    paid.data |= {"deal_id": deal.id, "fx": Decimal("7.12345678"), "amount": paid.data["amount"].model_copy(update={"currency": "USD"})}
    paid.received(on(9), signed=on(0), of=Milestone("m", 1), due=on(9))
    spent = Spend("stand", campaign="fair").spent("30.01", on(9).date(), on(9).date(), "USD", "7.12345678")
    await in_the_log(svc, events_of([deal, paid, spent]))
    rate = Decimal("0.12654321")
    async with svc.db.connection() as conn:
        await conn.execute("INSERT INTO day_rate VALUES (2, '2024-12-31', $1), (2, '2025-06-01', 99)", rate)
        if rate_of_the_deal:
            await conn.execute("INSERT INTO deal_rate VALUES (2, $1, $2)", deal.id, rate)
    settings = await changed(svc, "UTC", "EUR")
    fx = (Decimal("7.12345678") * rate).quantize(Decimal("1e-8"))
    async with svc.db.connection() as conn:
        assert await conn.fetchval("SELECT amount FROM deal_fact") == Decimal("100.01") * fx
        assert await conn.fetchval("SELECT amount FROM payment_fact") == 50 * fx
        assert await conn.fetchval("SELECT amount FROM spend_fact") == Decimal("30.01") * fx, "by the rate of its last day"
    later = Deal("one", currency="USD", fx="0.9")
    later.events = deal.events[:]
    later.opened_at, later.amount = deal.opened_at, deal.amount
    later.won(NOW + timedelta(days=1))
    svc.settings = settings
    await hear(svc, later.events[1:])
    async with svc.db.connection() as conn:
        assert await conn.fetchval("SELECT amount FROM deal_fact") == Decimal("100.01") * Decimal("0.9")
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


async def test_the_worker_finds_rebuilt_figures_current(svc: Running) -> None:
    await in_the_log(svc, history())
    settings = await changed(svc, "Asia/Shanghai")
    async with svc.db.read() as db:
        assert await outdated(db, settings) == {}
        assert await outdated(db, svc.settings) == {lane: {"facts", "cells"} for lane in LANES}
