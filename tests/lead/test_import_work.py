"""Nurtured leads out of files: nobody is woken for history, unless somebody asks for work."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from lead_svc.imports.api import run_imports
from lead_svc.imports.commands import take
from lead_svc.imports.form import LeadRow
from shared.events.lead import LeadNurtured, LeadReactivated, LeadTaskDone, LeadTaskDropped, LeadTaskDue, LeadTaskSet
from tests import importing
from tests.harness import Running
from tests.statements import counted

FILE = """external_id,captured_at,nurtured_at,nurtured_reason,wake_at
L-1,2026-01-05,2026-02-01,no budget,2026-04-01
L-2,2026-01-05,2026-02-01,no budget,
L-3,2026-01-05,2026-02-01,,2026-01-20
L-4,2026-01-05,,,2026-04-01
"""


HEAD = "external_id,captured_at,nurtured_at,nurtured_reason,wake_at,disqualified_at\n"
WAITS = "L-1,2026-01-05,2026-02-01,no budget,2026-04-01,\n"


async def imported(svc: Running, client: httpx.AsyncClient, file: str = FILE, **params: Any) -> dict[str, Any]:
    return await importing.imported(svc, client, "/v1/imports/leads", run_imports, file, **params)


@pytest.mark.parametrize(("asked", "tasks"), [({}, 0), ({"work": "true"}, 1)])
async def test_a_nurtured_lead_is_woken_if_somebody_asks_for_work(svc: Running, asked: dict[str, str], tasks: int) -> None:
    async with svc.client() as client:
        job = await imported(svc, client, **asked)
        assert (job["created"], job["refused"]) == (2, 2)
        leads = {lead["external_id"]: lead for lead in (await client.get("/v1/leads")).json()["items"]}
        assert (leads["L-1"]["state"], leads["L-2"]["state"]) == ("nurturing", "nurturing")
        nurtured = await svc.told(LeadNurtured)
        assert {e.data.reason for e in nurtured} == {"no budget"}
        assert (len(nurtured), len(await svc.told(LeadTaskSet))) == (2, tasks)
        svc.clock.advance(days=60)
        await svc.fire_due()
        assert len(await svc.told(LeadReactivated)) == tasks
        again = await imported(svc, client, **asked)
        assert (again["unchanged"], len(await svc.told(LeadNurtured))) == (2, 2), "it was taken up again since"


async def test_what_such_a_task_tells_and_when(svc: Running) -> None:
    async with svc.client() as client:
        await imported(svc, client, HEAD + WAITS, work="true")
        (lead,) = (await client.get("/v1/leads")).json()["items"]
        version = lead["version"]
        svc.clock.advance(days=60)
        await svc.fire_due()
        awake = (await client.get(f"/v1/leads/{lead['id']}")).json()
    told = await svc.told(LeadTaskSet, LeadTaskDue, LeadReactivated, LeadTaskDone)
    day = datetime(2026, 4, 1, tzinfo=UTC)
    assert [type(e.data) for e in told] == [LeadTaskSet, LeadTaskDue, LeadReactivated, LeadTaskDone]
    assert [e.time for e in told] == [datetime(2026, 2, 1, tzinfo=UTC), day, day, day], "each at the time that it is about"
    assert {str(getattr(e.data, "lead_id", lead["id"])) for e in told} == {lead["id"]}
    assert (awake["state"], awake["version"]) == ("captured", version + 1), "the task has a version of its own"


async def test_a_wake_up_day_that_is_over_wakes_the_lead_at_once_if_somebody_asks_for_work(svc: Running) -> None:
    async with svc.client() as client:
        over = HEAD + "L-1,2025-01-05,2025-02-01,no budget,2025-03-01,\n"
        await imported(svc, client, over)
        assert await svc.fire_due() == 0
        assert (await imported(svc, client, over, work="true"))["unchanged"] == 1
        assert await svc.fire_due() == 1
        (awake,) = await svc.told(LeadReactivated)
        assert awake.time == datetime(2025, 3, 1, tzinfo=UTC)
        assert (await imported(svc, client, over, work="true"))["unchanged"] == 1
        assert (await svc.fire_due(), len(await svc.told(LeadTaskSet))) == (0, 1), "it was taken up again since"


async def test_the_same_file_again_starts_the_work_that_nobody_had_asked_for(svc: Running) -> None:
    async with svc.client() as client:
        await imported(svc, client, HEAD + WAITS)
        for _ in range(2):
            assert (await imported(svc, client, HEAD + WAITS, work="true"))["unchanged"] == 1
        assert len(await svc.told(LeadTaskSet)) == 1


async def test_a_lead_that_the_same_row_gives_up_has_nothing_to_wake(svc: Running) -> None:
    async with svc.client() as client:
        job = await imported(svc, client, HEAD + WAITS.replace(",\n", ",2026-02-10\n"), work="true")
        assert (job["created"], await svc.told(LeadTaskSet, LeadTaskDropped)) == (1, [])


async def test_many_rows_take_as_few_statements_as_some(svc: Running) -> None:
    put_aside = datetime(2026, 2, 1, tzinfo=UTC)

    async def statements(start: int, count: int) -> int:
        rows = [
            (n, LeadRow(external_id=f"L-{start}-{n}", nurtured_at=put_aside, wake_at=put_aside + timedelta(days=90))) for n in range(count)
        ]
        async with svc.transaction() as tx:
            with counted() as ran:
                await take(tx, rows, svc.settings, work=True)
        return len(ran)

    assert await statements(1, 20) == await statements(2, 60)
    assert len(await svc.told(LeadTaskSet)) == 80
