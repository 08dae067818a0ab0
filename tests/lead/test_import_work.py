"""Nurtured leads out of files: nobody is woken for history, unless somebody asks for work."""

from typing import Any

import httpx
import pytest

from lead_svc.imports.api import run_imports
from shared.events.lead import LeadNurtured, LeadReactivated, LeadTaskSet
from tests import importing
from tests.harness import Running

FILE = """external_id,captured_at,nurtured_at,nurtured_reason,wake_at
L-1,2026-01-05,2026-02-01,no budget,2026-04-01
L-2,2026-01-05,2026-02-01,no budget,
L-3,2026-01-05,2026-02-01,,2026-01-20
L-4,2026-01-05,,,2026-04-01
"""


async def imported(svc: Running, client: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    return await importing.imported(svc, client, "/v1/imports/leads", run_imports, FILE, **params)


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
