"""Deals out of files: other systems' words, and corrections of what was imported wrong."""

from typing import Any

import httpx
import pytest

from deal_svc.imports.api import run_imports
from shared.events.deal import DealHistoryCorrected, DealNextStepSet, DealTaskSet, DealWon
from tests import importing
from tests.deal.sales import Sales
from tests.harness import Running

OTHER_CRM = """id,stage,owner,amount,opened,closed
D-1,Negotiation/Review,ann,1200,10/20/2016,
D-2,Closed Won,bob,900,10/25/2016,3/1/2017
D-3,Closed Lost,ann,0,1/2/2017,2/3/2017
D-4,Prospecting,bob,,,
"""
WORDS = {
    "map": ["external_id=id", "opened_at=opened", "closed_at=closed"],
    "value": [
        "stage:Negotiation/Review=negotiation", "stage:Closed Won=won", "stage:Closed Lost=lost", "stage:Prospecting=discovery",
    ],
}  # fmt: skip


async def imported(svc: Running, client: httpx.AsyncClient, raw: str, **params: Any) -> dict[str, Any]:
    return await importing.imported(svc, client, "/v1/imports/deals", run_imports, raw, **params)


async def problems(client: httpx.AsyncClient, job: dict[str, Any]) -> str:
    return (await client.get(f"/v1/imports/deals/{job['id']}/problems.csv")).text


async def test_a_file_of_another_system_in_its_own_words(svc: Running) -> None:
    async with svc.client() as client:
        job = await imported(svc, client, OTHER_CRM, **WORDS)
        assert (job["state"], job["created"], job["refused"]) == ("done", 3, 1)
        assert "5,refused,opened_at" in await problems(client, job)
        job = await imported(svc, client, OTHER_CRM, **WORDS, default=["opened_at=2017-01-01"])
        assert (job["created"], job["unchanged"], job["refused"]) == (1, 3, 0)
        deals = {d["external_id"]: d for d in (await client.get("/v1/deals")).json()["items"]}
    assert {key: (d["stage"], d["opened_at"][:10], (d["closed_at"] or "")[:10]) for key, d in deals.items()} == {
        "D-1": ("negotiation", "2016-10-20", ""), "D-2": ("won", "2016-10-25", "2017-03-01"), "D-3": ("lost", "2017-01-02", "2017-02-03"),
        "D-4": ("discovery", "2017-01-01", ""),
    }  # fmt: skip


HEAD = "external_id,opened_at,proposal_at,closed_at,outcome,amount\n"


async def test_a_correction_replaces_the_history_and_is_told_as_one_event(svc: Running) -> None:
    async with svc.client() as client:
        await imported(svc, client, HEAD + "D-1,2026-01-05,2026-01-10,2026-02-05,won,100\n")
        right = HEAD + "D-1,2026-01-07,,2026-02-20,lost,90\n"
        job = await imported(svc, client, right, correct="true")
        assert (job["updated"], job["refused"]) == (1, 0)
        (deal,) = (await client.get("/v1/deals")).json()["items"]
        assert [deal[n] for n in ("stage", "opened_at", "closed_at", "closed_from", "close_reason")] == [
            "lost", "2026-01-07T00:00:00Z", "2026-02-20T00:00:00Z", "discovery", "unknown",
        ]  # fmt: skip
        assert deal["amount"]["amount"] == "90.00"
        (told,) = await svc.told(DealHistoryCorrected)
        assert (told.data.outcome, told.data.stage, [v.stage for v in told.data.visits]) == ("lost", "lost", ["discovery"])
        again = await imported(svc, client, right, correct="true")
        assert (again["unchanged"], len(await svc.told(DealHistoryCorrected)), len(await svc.told(DealWon))) == (1, 1, 1)


async def test_a_deal_that_a_person_has_touched_is_not_corrected(sales: Sales, svc: Running) -> None:
    async with svc.client() as client:
        await imported(svc, client, HEAD + "D-1,2026-01-05,,,open,100\nD-2,2026-01-05,,,open,100\n")
        deal = next(d for d in (await client.get("/v1/deals")).json()["items"] if d["external_id"] == "D-1")
        changed = await client.patch(f"/v1/deals/{deal['id']}", json={"name": "Ours"}, headers={"If-Match": f'"{deal["version"]}"'})
        assert changed.status_code == 200, changed.text
        job = await imported(svc, client, HEAD + "D-1,2026-01-06,,,open,100\nD-2,2026-01-06,,,open,100\n", correct="true")
        assert (job["updated"], job["refused"]) == (1, 1)
        assert "has been worked on since it was imported" in await problems(client, job)


@pytest.mark.parametrize(("role", "status"), [("admin", 202), ("ops", 202), ("director", 403)])
async def test_admin_and_ops_may_correct(svc: Running, role: str, status: int) -> None:
    async with svc.client(role) as client:
        answer = await client.post("/v1/imports/deals", params={"correct": "true"}, content=HEAD + "D-1,2026-01-05,,,open,1\n")
    assert answer.status_code == status, answer.text


async def test_a_check_finds_all_problems_and_leaves_nothing(svc: Running) -> None:
    rows = "".join(f"D-{n},2026-01-05,,2026-01-{n % 27 + 1:02},won,{n}\n" for n in range(1, 601))
    async with svc.client() as client:
        answer = await client.post("/v1/imports/deals", params={"dry_run": "true"}, content=HEAD + rows)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        early = sum(n % 27 + 1 < 5 for n in range(1, 601))
        assert (found["rows"], found["created"], found["refused"]) == (600, 600 - early, early)
        assert found["problems"][0]["count"] == early
        assert (await client.get("/v1/deals")).json()["items"] == []
        assert (await client.get("/v1/imports/deals")).json()["items"] == []


async def test_deals_of_unknown_opening_are_flagged_and_found_by_it(svc: Running) -> None:
    async with svc.client() as client:
        job = await imported(svc, client, HEAD + "D-1,,,2026-02-05,won,100\nD-2,2026-01-05,,,open,100\n")
        assert (job["flagged"], job["flags"]) == (1, {"opened_at_unknown": 1})
        found = (await client.get("/v1/deals", params={"flag": "opened_at_unknown"})).json()["items"]
        assert [d["external_id"] for d in found] == ["D-1"]


PLANNED = """external_id,opened_at,closed_at,outcome,next_step,next_step_due_at
D-1,2026-02-01,,open,Demo,2026-03-20
D-2,2026-02-01,2026-02-20,won,Demo,2026-03-20
D-3,2026-02-01,,open,,2026-03-20
"""


@pytest.mark.parametrize(("asked", "tasks"), [({}, 0), ({"work": "true"}, 1)])
async def test_the_next_step_of_an_open_deal_is_a_task_if_somebody_asks_for_work(svc: Running, asked: dict[str, str], tasks: int) -> None:
    async with svc.client() as client:
        job = await imported(svc, client, PLANNED, **asked)
        assert (job["created"], job["refused"]) == (2, 1)
        assert "4,refused,next_step," in await problems(client, job)
        deals = {d["external_id"]: d for d in (await client.get("/v1/deals")).json()["items"]}
        assert (deals["D-1"]["next_step"], deals["D-2"]["next_step"]) == ("Demo", None)
        assert (len(await svc.told(DealNextStepSet)), len(await svc.told(DealTaskSet))) == (1, tasks)
        again = await imported(svc, client, PLANNED, **asked)
        assert (again["unchanged"], len(await svc.told(DealTaskSet))) == (2, tasks)


async def test_a_file_does_not_change_the_amount_that_the_customer_accepted(svc: Running) -> None:
    """The rest of the row is taken, and the amount is named as odd; the deal stays worth what was agreed."""
    sales, file = await Sales.start(svc), "external_id,name,opened_at,amount\nD-1,{name},2026-01-05,{amount}\n"
    async with svc.client() as client:
        assert (await imported(svc, client, file.format(name="CRM", amount=500)))["created"] == 1
        [deal] = (await client.get("/v1/deals")).json()["items"]
        quote = await sales.act(await sales.quote(deal, "admin"), "send", "admin")
        await sales.act(quote, "accept", "admin", reason="They ordered by phone")
        job = await imported(svc, client, file.format(name="CRM for all", amount=700))
        assert (job["updated"], job["refused"], job["flags"]) == (1, 0, {"amount_agreed": 1})
        assert "flagged,amount,amount_agreed" in await problems(client, job)
        now = await sales.read(deal)
        assert (now["name"], now["amount"]["amount"]) == ("CRM for all", "10000.00")
        same = await imported(svc, client, file.format(name="CRM for all", amount="10000.00"))
        assert (same["unchanged"], same["flags"]) == (1, {})
