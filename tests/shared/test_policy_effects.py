"""What a draft of a policy would change, by simulation, and what it changes of what runs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from clinch.run.postgres import Postgres
from shared.db.tx import Tx
from shared.policy import moves, simulation
from shared.policy.document import Looked, Policy
from tests.harness import running
from tests.shared.notes_service import NotePolicy
from tests.shared.notes_service import service as notes_svc
from tests.shared.policy_desk import NOTES, SIMULATED, Desk, too_long, work


@pytest.fixture
async def simulated(postgres: Postgres) -> AsyncIterator[Desk]:
    async with running(replace(notes_svc, policies=[SIMULATED]), postgres) as started:
        yield Desk(started)


async def test_a_simulation_lists_the_records_that_would_differ(simulated: Desk) -> None:
    number = (await simulated.drafted({"document": {"longest": 50}}))["number"]
    asked = await simulated.ok("sales_ops", "POST", f"/versions/{number}/simulation", {"days": 30})
    again = await simulated.ok("director", "POST", f"/versions/{number}/simulation", {"days": 30})
    assert (asked["state"], again["id"]) == ("queued", asked["id"])
    await work(simulated)
    report = await simulated.ok("director", "GET", f"/versions/{number}/simulation")
    assert (report["state"], report["kept"], report["left_out"]) == ("done", 5, 0)
    (part,) = report["parts"]
    assert (part["records"], part["differ"], part["changes"]) == (30, 5, [{"change": "True → False", "records": 5}])
    first = await simulated.ok("director", "GET", f"/versions/{number}/simulation/records", limit=3)
    rest = await simulated.ok("director", "GET", f"/versions/{number}/simulation/records", limit=3, cursor=first["next_cursor"])
    found = [*first["items"], *rest["items"]]
    assert [UUID(row["record_id"]) for row in found] == NOTES[5:10]
    assert (found[0]["kind"], found[0]["before"], found[0]["after"]) == ("note", True, False)


async def test_a_report_lists_so_many_and_counts_the_others(simulated: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "MOST_LISTED", 3)
    number = (await simulated.drafted({"document": {"longest": 20}}))["number"]
    await simulated.ok("sales_ops", "POST", f"/versions/{number}/simulation")
    await work(simulated)
    report = await simulated.ok("director", "GET", f"/versions/{number}/simulation")
    assert (report["kept"], report["left_out"], report["parts"][0]["differ"]) == (3, 5, 8)


async def test_a_report_whose_worker_was_killed_is_begun_anew(simulated: Desk) -> None:
    number = (await simulated.drafted({"document": {"longest": 50}}))["number"]
    await simulated.ok("sales_ops", "POST", f"/versions/{number}/simulation")

    async def killed(*args: Any) -> AsyncIterator[Looked]:
        batches = too_long(*args)
        yield await anext(batches)
        raise asyncio.CancelledError

    dying = replace(SIMULATED, simulations=[replace(SIMULATED.simulations[0], run=killed)])
    with pytest.raises(asyncio.CancelledError):
        await work(simulated, dying)
    midway = await simulated.ok("director", "GET", f"/versions/{number}/simulation")
    assert (midway["state"], midway["kept"]) == ("running", 5)
    await work(simulated)
    report = await simulated.ok("director", "GET", f"/versions/{number}/simulation")
    assert (report["state"], report["kept"], report["parts"][0]["records"]) == ("done", 5, 30)


async def test_a_simulation_that_fails_says_so(simulated: Desk) -> None:
    number = (await simulated.drafted())["number"]
    await simulated.ok("sales_ops", "POST", f"/versions/{number}/simulation")

    async def broken(*args: Any) -> AsyncIterator[Looked]:
        raise RuntimeError("secret")
        yield Looked(0)

    await work(simulated, replace(SIMULATED, simulations=[replace(SIMULATED.simulations[0], run=broken)]))
    report = await simulated.ok("director", "GET", f"/versions/{number}/simulation")
    assert (report["state"], report["error"]) == ("failed", "An error on our side ended it; it is in the log.")


async def test_two_workers_make_one_report(simulated: Desk) -> None:
    number = (await simulated.drafted({"document": {"longest": 50}}))["number"]
    await simulated.ok("sales_ops", "POST", f"/versions/{number}/simulation")
    async with simulated.svc.db.read() as db:
        (report,) = await db.all(simulation._OPEN, names=[SIMULATED.name])
    taken = [simulation._take(SIMULATED, simulated.svc.db, simulated.svc.clock, report, asyncio.Event()) for _ in range(3)]
    await asyncio.gather(*taken)
    done = await simulated.ok("director", "GET", f"/versions/{number}/simulation")
    assert (done["state"], done["kept"], done["parts"][0]["records"]) == ("done", 5, 30)


async def test_a_draft_that_is_changed_has_an_outdated_report_and_one_withdrawn_a_cancelled_one(simulated: Desk) -> None:
    number = (await simulated.drafted())["number"]
    await simulated.ok("sales_ops", "POST", f"/versions/{number}/simulation")
    await work(simulated)
    await simulated.ok("sales_ops", "PATCH", f"/versions/{number}", {"document": {"longest": 30}})
    assert (await simulated.ok("director", "GET", f"/versions/{number}/simulation"))["state"] == "outdated"
    await simulated.ok("sales_ops", "POST", f"/versions/{number}/simulation")
    await simulated.ok("sales_ops", "POST", f"/versions/{number}/withdraw", {"reason": "No"})
    assert (await simulated.ok("director", "GET", f"/versions/{number}/simulation"))["state"] == "cancelled"
    await work(simulated)


async def test_a_document_without_a_simulation_says_so(desk: Desk) -> None:
    number = (await desk.drafted())["number"]
    refused = await desk.ask("sales_ops", "POST", f"/versions/{number}/simulation")
    assert [u["code"] for u in refused.json()["unmet"]] == ["no_simulation"]
    assert (await desk.ask("rep", "GET", f"/versions/{number}/simulation")).status_code == 403


# -- What runs ------------------------------------------------------------------------------------------------------------------


class Moving:
    """Ten things that run, moved three in a batch."""

    def __init__(self) -> None:
        self.ids = sorted(uuid4() for _ in range(10))
        self.moved: list[tuple[UUID, int]] = []
        self.dies_at: int | None = None

    async def move(self, tx: Tx, old: NotePolicy, new: NotePolicy, after: UUID | None) -> UUID | None:
        batch = [id for id in self.ids if after is None or id > after][:3]
        if self.dies_at is not None and len(self.moved) >= self.dies_at:
            raise asyncio.CancelledError
        self.moved += [(id, new.version) for id in batch]
        return batch[-1] if batch else None


@pytest.fixture
async def moving(postgres: Postgres) -> AsyncIterator[tuple[Desk, Moving, Policy[Any]]]:
    things = Moving()
    policy = Policy("note-svc", NotePolicy, move=things.move)
    async with running(replace(notes_svc, policies=[policy]), postgres) as started:
        yield Desk(started), things, policy


async def activated(desk: Desk, running: str, longest: int = 50) -> int:
    number: int = (await desk.drafted({"document": {"longest": longest}, "running": running}))["number"]
    await desk.ok("director", "POST", f"/versions/{number}/approve")
    await desk.ok("director", "POST", f"/versions/{number}/activate")
    return number


async def move_all(desk: Desk, policy: Policy[Any]) -> None:
    while await moves.step({policy.name: policy}, desk.svc.db, desk.svc.clock):
        pass


async def test_what_runs_keeps_its_version_unless_the_draft_says_otherwise(moving: tuple[Desk, Moving, Policy[Any]]) -> None:
    desk, things, policy = moving
    await activated(desk, "keep")
    assert not await moves.step({policy.name: policy}, desk.svc.db, desk.svc.clock)
    assert things.moved == []


async def test_what_runs_moves_in_batches_and_goes_on_after_a_kill(moving: tuple[Desk, Moving, Policy[Any]]) -> None:
    desk, things, policy = moving
    number = await activated(desk, "move")
    things.dies_at = 6
    with pytest.raises(asyncio.CancelledError):
        await move_all(desk, policy)
    assert (await desk.ok("rep", "GET", f"/versions/{number}"))["moved_at"] is None
    things.dies_at = None
    await move_all(desk, policy)
    assert things.moved == [(id, number) for id in things.ids], "each once, and none left out"
    assert (await desk.ok("rep", "GET", f"/versions/{number}"))["moved_at"] is not None


async def test_a_document_that_can_move_nothing_refuses_it(desk: Desk) -> None:
    refused = await desk.ask("sales_ops", "POST", "/versions", {"document": {"longest": 50}, "running": "move"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/running")
