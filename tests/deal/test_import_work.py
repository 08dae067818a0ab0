"""Next steps of imported deals as tasks: whatever a file says of a deal, its task follows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from deal_svc.acts import DEAL_ACTS
from deal_svc.deals.pipeline import Stage
from deal_svc.discovery.tasks import NEXT_STEP
from deal_svc.imports.api import run_imports
from deal_svc.imports.commands import take
from deal_svc.imports.form import DealRow
from shared.events.deal import DealTaskDone, DealTaskDropped, DealTaskDue, DealTaskSet
from tests import importing
from tests.deal.sales import Sales
from tests.harness import Running
from tests.statements import counted

HEAD = "external_id,opened_at,closed_at,outcome,next_step,next_step_due_at\n"
OPEN = "D-1,2026-02-01,,open,Demo,2026-03-20\n"
TOLD = (DealTaskSet, DealTaskDue, DealTaskDone, DealTaskDropped)


async def imported(svc: Running, client: httpx.AsyncClient, rows: str, **asked: bool) -> dict[str, Any]:
    params = {name: str(value).lower() for name, value in asked.items()}
    return await importing.imported(svc, client, "/v1/imports/deals", run_imports, HEAD + rows, **params)


async def told(svc: Running) -> list[str]:
    """What the tasks have told, without the words that all of it begins with."""
    return [e.type.split(".")[2].removeprefix("task_") for e in await svc.told(*TOLD)]


async def tasks(svc: Running) -> list[tuple[str, str | None, str]]:
    async with svc.db.read() as db:
        return [(r["state"], r["why"], f"{r['due_at']:%m-%d}") for r in await db.rows("SELECT * FROM task ORDER BY id")]


def test_whatever_closes_a_deal_ends_its_next_step() -> None:
    ends = [stage for stage in Stage if not stage.is_open]
    closing = [act for act in DEAL_ACTS if any(to in ends for to in (*act.to, *(to for _, to in act.moves)))]
    assert {event for act in closing for event in act.tells} <= set(NEXT_STEP.over_when)
    assert len(closing) > 2


@pytest.mark.parametrize("outcome", ["won", "lost"])
@pytest.mark.parametrize("work", [True, False])
async def test_a_correction_that_closes_the_deal_ends_its_task(svc: Running, outcome: str, work: bool) -> None:
    async with svc.client() as client:
        await imported(svc, client, OPEN, work=True)
        job = await imported(svc, client, f"D-1,2026-02-01,2026-02-20,{outcome},Demo,2026-03-20\n", correct=True, work=work)
        assert (job["updated"], await told(svc)) == (1, ["set", "dropped"])
        assert await tasks(svc) == [("over", "Demo", "03-20")]
        svc.clock.advance(days=30)
        await svc.fire_due()
        assert await told(svc) == ["set", "dropped"], "nobody is reminded of it"


@pytest.mark.parametrize("work", [True, False])
@pytest.mark.parametrize("named", ["Demo,2026-03-20", ","])
async def test_a_correction_of_a_deal_that_stays_open_leaves_its_task(svc: Running, named: str, work: bool) -> None:
    async with svc.client() as client:
        await imported(svc, client, OPEN, work=True)
        job = await imported(svc, client, f"D-1,2026-01-15,,open,{named}\n", correct=True, work=work)
        assert (job["updated"], await told(svc)) == (1, ["set"])
        assert await tasks(svc) == [("open", "Demo", "03-20")]


@pytest.mark.parametrize("work", [True, False])
@pytest.mark.parametrize("correct", [True, False])
async def test_another_time_moves_it_and_another_step_does_it(svc: Running, correct: bool, work: bool) -> None:
    opened = "2026-01-15" if correct else "2026-02-01"
    async with svc.client() as client:
        await imported(svc, client, OPEN, work=True)
        await imported(svc, client, f"D-1,{opened},,open,Demo,2026-03-25\n", correct=correct, work=work)
        assert (await told(svc), await tasks(svc)) == (["set", "set"], [("open", "Demo", "03-25")])
        await imported(svc, client, f"D-1,{opened},,open,Offer,2026-04-01\n", correct=correct, work=work)
        more = [("open", "Offer", "04-01")] if work else []
        assert await tasks(svc) == [("done", "Demo", "03-25"), *more]
        svc.clock.advance(days=60)
        await svc.fire_due()
        assert sorted(await told(svc)) == sorted(["set", "set", "done", *(["set", "due"] if work else [])])


@pytest.mark.parametrize("work", [True, False])
async def test_a_next_step_that_a_correction_adds_is_a_task_if_somebody_asks_for_work(svc: Running, work: bool) -> None:
    async with svc.client() as client:
        await imported(svc, client, "D-1,2026-02-01,,open,,\n", work=True)
        assert await tasks(svc) == []
        await imported(svc, client, OPEN, correct=True, work=work)
        assert await tasks(svc) == ([("open", "Demo", "03-20")] if work else [])


@pytest.mark.parametrize("work", [True, False])
async def test_a_deal_that_a_correction_opens_again_has_its_next_step_to_do(svc: Running, work: bool) -> None:
    async with svc.client() as client:
        await imported(svc, client, OPEN, work=True)
        await imported(svc, client, "D-1,2026-02-01,2026-02-20,lost,,\n", correct=True)
        job = await imported(svc, client, OPEN, correct=True, work=work)
        assert job["updated"] == 1
        assert await tasks(svc) == [("over", "Demo", "03-20"), *([("open", "Demo", "03-20")] if work else [])]


async def test_the_same_file_again_starts_the_work_that_nobody_had_asked_for(svc: Running) -> None:
    async with svc.client() as client:
        await imported(svc, client, OPEN)
        for _ in range(2):
            assert (await imported(svc, client, OPEN, work=True))["unchanged"] == 1
        assert (await told(svc), await tasks(svc)) == (["set"], [("open", "Demo", "03-20")])


async def test_a_task_that_a_person_has_set_follows_the_file(sales: Sales, svc: Running) -> None:
    async with svc.client() as client:
        await imported(svc, client, "D-1,2026-02-01,,open,,\n")
        (deal,) = (await client.get("/v1/deals")).json()["items"]
        step = {"what": "Demo", "due_at": "2026-03-10T00:00:00Z"}
        await sales.ask("admin", "PUT", f"/v1/deals/{deal['id']}/next-step", step, etag="*")
        await imported(svc, client, OPEN)
        assert await tasks(svc) == [("open", "Demo", "03-20")]
        await imported(svc, client, "D-1,2026-02-01,2026-02-20,lost,,\n")
        assert await tasks(svc) == [("over", "Demo", "03-20")]


async def test_many_rows_take_as_few_statements_as_some(svc: Running) -> None:
    """Tasks that are set, moved, done and over: each by one statement for the whole batch."""
    opened, due = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC)

    def rows(start: int, count: int, **said: Any) -> list[tuple[int, Any]]:
        plan = {"next_step": "Demo", "next_step_due_at": due} | said
        return [(n, DealRow(external_id=f"D-{start}-{n}", opened_at=opened, **plan)) for n in range(count)]

    async def statements(start: int, count: int) -> list[int]:
        found = []
        files: list[dict[str, Any]] = [
            {},
            {"next_step_due_at": due + timedelta(days=1)},
            {"next_step": "Offer"},
            {"outcome": "lost", "closed_at": opened + timedelta(days=9)},
        ]
        for said in files:
            async with svc.transaction() as tx:
                with counted() as ran:
                    await take(tx, rows(start, count, **said), svc.settings, work=True)
            found.append(len(ran))
        return found

    assert await statements(1, 3) == await statements(2, 60)
    async with svc.db.read() as db:
        found = await db.rows("SELECT state, why, count(*) FROM task GROUP BY state, why ORDER BY why")
    assert [tuple(r) for r in found] == [("done", "Demo", 63), ("over", "Offer", 63)]
