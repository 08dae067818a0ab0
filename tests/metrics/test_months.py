"""Figures by owner, by two dimensions, and of those who see some owners' figures: cells of months give what the facts say."""

import asyncio
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from metrics_svc.cells.merging import merge, merge_some, sum_up
from metrics_svc.cells.months import keep_months
from metrics_svc.cells.tables import AS_OF, MONTH, PENDING
from metrics_svc.figures import plan, queries
from metrics_svc.rebuild.cells import differing_cells, recompute_cells
from shared.events.team import PersonAdded
from shared.ids import external_id
from tests.harness import Running
from tests.metrics.histories import EAST, WEST, random_world
from tests.metrics.told import events_of, get, hear, on, person

SALES = external_id("team", "sales")
ROLES = (("director", "x"), ("manager", "boss"), ("manager", "wes"), ("rep", "ann"), ("marketing", "x"), ("manager+csm", "boss"))
ASKED: tuple[dict[str, Any], ...] = (
    {"from": "2025-01-10", "to": "2025-04-20"},
    {"from": "2025-02-03", "to": "2025-02-20"},
    {"to": "2025-04-01", "as_of": "2025-02-28"},
    {"from": "2025-01-01", "as_of": "2025-03-17"},
    {"from": "2025-01-12", "to": "2025-03-01", "as_of": "2025-04-11"},
    {"from": "2025-01-05", "to": "2025-07-01", "grain": "month"},
)
CUTS: tuple[dict[str, Any], ...] = (
    {},
    {"by": "owner"},
    {"by": "source"},
    {"by": "source", "owner": str(person("ann"))},
    {"by": "team", "source": "email"},
    {"team": str(EAST), "product": "crm"},
    {"by": "owner", "source": "(none)", "team": str(SALES)},
)

PATHS = (
    "kpis/win_rate",
    "kpis/mql_to_sql",
    "kpis/pipeline_velocity",
    "kpis/overdue_rate",
    "kpis/sales_cycle",
    "funnel",
    "flow",
)


async def answers(svc: Running, role: str, subject: str) -> list[Any]:
    found = []
    for asked, by in product(ASKED, CUTS):
        for path in PATHS:
            if path == "funnel" and "grain" in asked:
                continue
            async with svc.client(role, subject) as client:
                answer = await client.get(f"/v1/metrics/{path}", params={**asked, **by})
            found.append((path, asked, by, {k: v for k, v in answer.json().items() if k != "trace_id"}))
    return found


@pytest.fixture
def sources() -> Iterator[set[str]]:
    """Where the figures of a test were read."""
    used: set[str] = set()
    read, readings = plan.readings, queries.readings

    def noted(*args: Any, **options: Any) -> Any:
        found = read(*args, **options)
        used.update(of.read.source for of in found)
        return found

    queries.readings = noted
    yield used
    queries.readings = readings


@pytest.mark.parametrize(("role", "subject"), ROLES)
async def test_cells_of_months_give_what_the_facts_say(
    svc: Running, role: str, subject: str, sources: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether they are summed up, wait for it, or some do."""
    svc.clock.now = on(150)
    for name, path in {"boss": [SALES], "ann": [SALES, EAST], "bob": [SALES, WEST], "wes": [SALES, WEST]}.items():
        await svc.hear(PersonAdded(role="rep", team_id=path[-1], team_path=path), subject=person(name))
    await hear(svc, events_of(random_world(7, leads=25).stories), batch=40)
    found = [await answers(svc, role, subject)]
    assert "months" not in sources  # nobody has said yet that they are whole
    async with svc.transaction() as tx:
        await keep_months(tx)
    found.append(await answers(svc, role, subject))
    assert ("months" in sources) == ("days" in sources) == (role != "manager+csm")
    async with svc.transaction() as tx:
        assert await merge_some(tx, most=50) == 50
    found.append(await answers(svc, role, subject))
    async with svc.transaction() as tx:
        await merge(tx)
        assert not await tx.value(f"SELECT count(*) FROM {PENDING.name}")
    found.append(await answers(svc, role, subject))
    monkeypatch.setattr(plan, "pieces", lambda part, *_, **__: [plan.Piece("facts", part)])
    sources.clear()
    from_facts = await answers(svc, role, subject)
    assert sources == {"facts"}
    for given in found:
        for one, other in zip(given, from_facts, strict=True):
            assert one == other


async def test_cells_of_months_computed_anew_are_the_same(svc: Running) -> None:
    await hear(svc, events_of(random_world(7, leads=25).stories), batch=40)
    rows = "SELECT * FROM {} WHERE n <> 0 OR amount <> 0 OR us <> 0 ORDER BY 1, 2, 3, 4, 5, 6"
    of_months, of_days = rows.format(MONTH.name), rows.format(AS_OF.name)
    async with svc.transaction() as tx:
        while await merge_some(tx, most=200) == 200:
            pass
        months, days = await tx.rows(of_months), await tx.rows(of_days)
        await recompute_cells(tx)
        assert await tx.rows(of_months) == months != []
        assert await tx.rows(of_days) == days != []


async def test_a_month_is_read_from_its_days_where_a_period_cuts_it(svc: Running) -> None:
    await hear(svc, events_of(random_world(3).stories))
    async with svc.transaction() as tx:
        await keep_months(tx)
    whole = await get(svc, "kpis/win_rate", by="owner", product="crm", **{"from": "2025-01-01", "to": "2025-07-01"})
    parts = [
        await get(svc, "kpis/win_rate", by="owner", product="crm", **{"from": start, "to": end})
        for start, end in (("2025-01-01", "2025-02-11"), ("2025-02-11", "2025-05-07"), ("2025-05-07", "2025-07-01"))
    ]
    assert whole["total"]["n"] == sum(part["total"]["n"] for part in parts) > 0


async def test_the_worker_sums_up_what_waits(svc: Running) -> None:
    await hear(svc, events_of(random_world(3).stories))
    stop = asyncio.Event()
    job = asyncio.create_task(sum_up(svc.db, svc.settings, svc.clock, stop))
    async with svc.db.connection() as conn:
        assert await conn.fetchval(f"SELECT count(*) FROM {PENDING.name}") > 0
        while await conn.fetchval(f"SELECT count(*) FROM {PENDING.name}"):  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.05)
        stop.set()
        await job
        assert await conn.fetchval(f"SELECT count(*) FROM {MONTH.name}") > 0
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0
