"""How a document of policy is changed: drafted, simulated, approved by somebody else, active now or from a moment on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from clinch.run.postgres import Postgres
from shared.db.tx import Database, Tx
from shared.events.policy import (
    PolicyActivated,
    PolicyApproved,
    PolicyDraftChanged,
    PolicyDrafted,
    PolicyScheduled,
    PolicyWithdrawn,
)
from shared.ids import new_id
from shared.policy import moves, simulation
from shared.policy.document import Difference, Looked, Policy, Simulation
from tests.harness import Running, running
from tests.shared.notes_service import NOTE_POLICY, NotePolicy
from tests.shared.notes_service import service as notes_svc

PATH = "/v1/policies/note-svc"


class Desk:
    """Somebody of sales operations and two directors at the policies."""

    def __init__(self, svc: Running) -> None:
        self.svc = svc

    async def ask(self, who: str, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        role, _, key = who.partition(" ")
        headers = {"If-Match": "*"}
        async with self.svc.client(role, key) as client:
            return await client.request(method, f"{PATH}{path}", json=body, headers=headers, params=params)

    async def ok(self, who: str, method: str, path: str, body: Any = None, **params: Any) -> Any:
        answer = await self.ask(who, method, path, body, **params)
        assert answer.is_success, answer.text
        return answer.json()

    async def drafted(self, body: Any = None, who: str = "sales_ops") -> Any:
        return await self.ok(who, "POST", "/versions", body or {"document": {"longest": 50}})

    async def approved(self, **document: Any) -> int:
        number: int = (await self.drafted({"document": document or {"longest": 50}}))["number"]
        await self.ok("director", "POST", f"/versions/{number}/approve")
        return number

    async def longest(self) -> int:
        async with self.svc.db.read() as db:
            return db.policy(NOTE_POLICY).longest


@pytest.fixture
async def desk(postgres: Postgres) -> AsyncIterator[Desk]:
    async with running(notes_svc, postgres) as started:
        yield Desk(started)


async def test_everybody_reads_the_active_document_and_its_schema(desk: Desk) -> None:
    for who in ("rep", "auditor", "support"):
        found = await desk.ok(who, "GET", "")
        assert (found["number"], found["document"]) == (1, {"longest": 100, "words": ["plain"]})
        schema = await desk.ok(who, "GET", "/schema")
        assert (
            schema["properties"]["longest"] | {"title": "Longest note", "x-title-zh": "最长便签", "maximum": 1000}
            == (schema["properties"]["longest"])
        )
    assert (await desk.ask("rep", "GET", "/../other-svc")).status_code == 404


async def test_the_walk_from_a_draft_to_the_active_document(desk: Desk) -> None:
    draft = await desk.drafted({"document": {"longest": 50}, "note": "Shorter is better"})
    assert (draft["number"], draft["state"], draft["based_on"], draft["document"]["words"]) == (2, "draft", 1, ["plain"])
    assert await desk.longest() == 100
    assert (await desk.ok("director", "POST", "/versions/2/approve"))["state"] == "approved"
    assert await desk.longest() == 100, "approved is not active yet"
    active = await desk.ok("sales_ops", "POST", "/versions/2/activate")
    assert (active["state"], active["approved_by"]) == ("active", str(desk.svc.person("director")))
    assert await desk.longest() == 50, "the process that activates it knows at once"
    listed = (await desk.ok("rep", "GET", "/versions"))["items"]
    assert [(row["number"], row["state"]) for row in listed] == [(2, "active"), (1, "retired")]
    told = await desk.svc.told()
    assert [type(e.data) for e in told] == [PolicyActivated, PolicyDrafted, PolicyApproved, PolicyActivated]
    assert [e.version for e in told] == [1, 2, 3, 4]
    assert {e.subject for e in told} == {NOTE_POLICY.subject}
    last = told[-1].data
    assert isinstance(last, PolicyActivated)
    assert (last.version, last.document["longest"], last.replaces) == (2, 50, 1)
    assert last.approved_by == desk.svc.person("director")


async def test_a_version_becomes_active_at_its_moment(desk: Desk) -> None:
    number = await desk.approved()
    tomorrow = (desk.svc.clock() + timedelta(days=1)).date()
    waiting = await desk.ok("director", "POST", f"/versions/{number}/activate", {"from": str(tomorrow)})
    assert (waiting["state"], waiting["active_from"]) == ("approved", f"{tomorrow}T00:00:00Z")
    assert (await desk.ok("rep", "GET", ""))["waiting"] == number
    desk.svc.clock.advance(hours=14)
    assert await desk.svc.fire_due() == 0
    desk.svc.clock.advance(hours=1)
    assert await desk.svc.fire_due() == 1
    assert await desk.longest() == 50
    active = await desk.ok("rep", "GET", "")
    assert (active["number"], active["waiting"]) == (number, None)
    (scheduled,) = await desk.svc.told(PolicyScheduled)
    assert isinstance(scheduled.data, PolicyScheduled)
    assert str(scheduled.data.active_from.date()) == str(tomorrow)


async def test_another_moment_takes_the_place_of_the_first_and_withdrawing_cancels_it(desk: Desk) -> None:
    number = await desk.approved()
    for days in (1, 3):
        at = (desk.svc.clock() + timedelta(days=days)).isoformat()
        await desk.ok("director", "POST", f"/versions/{number}/activate", {"from": at})
    desk.svc.clock.advance(days=2)
    assert await desk.svc.fire_due() == 0
    await desk.ok("director", "POST", f"/versions/{number}/withdraw", {"reason": "Not now"})
    desk.svc.clock.advance(days=2)
    assert await desk.svc.fire_due() == 0
    assert await desk.longest() == 100
    assert len(await desk.svc.told(PolicyWithdrawn)) == 1


async def test_nobody_approves_what_they_drafted(desk: Desk) -> None:
    draft = await desk.drafted(who="sales_ops+director pat")
    refused = await desk.ask("director pat", "POST", f"/versions/{draft['number']}/approve")
    assert refused.status_code == 409
    assert [u["code"] for u in refused.json()["unmet"]] == ["own_draft"]
    assert (await desk.ask("admin", "POST", f"/versions/{draft['number']}/approve")).status_code == 403


async def test_only_the_author_or_an_admin_changes_a_draft(desk: Desk) -> None:
    number = (await desk.drafted(who="sales_ops ann"))["number"]
    assert (await desk.ask("sales_ops bob", "PATCH", f"/versions/{number}", {"document": {"longest": 40}})).status_code == 409
    for who, longest in (("sales_ops ann", 40), ("admin", 30)):
        changed = await desk.ok(who, "PATCH", f"/versions/{number}", {"document": {"longest": longest}})
        assert changed["document"]["longest"] == longest
    assert len(await desk.svc.told(PolicyDraftChanged)) == 2
    await desk.ok("director", "POST", f"/versions/{number}/approve")
    assert (await desk.ask("admin", "PATCH", f"/versions/{number}", {"note": "x"})).status_code == 409


async def test_an_outdated_etag_is_refused(desk: Desk) -> None:
    await desk.drafted()
    async with desk.svc.client("sales_ops") as client:
        stale = await client.patch(f"{PATH}/versions/2", json={"note": "x"}, headers={"If-Match": '"7"'})
        none = await client.patch(f"{PATH}/versions/2", json={"note": "x"})
    assert (stale.status_code, none.status_code) == (412, 428)


@pytest.mark.parametrize(
    ("document", "pointer", "says"),
    [
        ({"longest": 0}, "/document/longest", "Write a number from 1 up."),
        ({"longest": "many"}, "/document/longest", "Write a whole number."),
        ({"longst": 5}, "/document/longst", "There is no field of this name here. Did you mean longest?"),
        ({"words": [1]}, "/document/words/0", "Write a text, in quotes."),
    ],
)
async def test_a_field_that_may_not_be_so_is_named_with_what_would_be_right(
    desk: Desk, document: dict[str, Any], pointer: str, says: str
) -> None:
    refused = await desk.ask("sales_ops", "POST", "/versions", {"document": document})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["message"]) == (pointer, says)


async def test_a_draft_that_says_nothing_new_is_refused(desk: Desk) -> None:
    for document in ({}, {"longest": 100}):
        refused = await desk.ask("sales_ops", "POST", "/versions", {"document": document})
        assert (refused.status_code, refused.json()["code"]) == (409, "no_change")


async def test_a_draft_that_another_version_has_overtaken_cannot_become_active(desk: Desk) -> None:
    """Else it would silently take back what the other one changed."""
    first, second = await desk.approved(longest=50), (await desk.drafted({"document": {"longest": 70}}))["number"]
    await desk.ok("director", "POST", f"/versions/{first}/activate")
    refused = await desk.ask("director", "POST", f"/versions/{second}/approve")
    assert [u["code"] for u in refused.json()["unmet"]] == ["outdated"]
    await desk.ok("sales_ops", "PATCH", f"/versions/{second}", {"document": {"words": ["new"]}})
    await desk.ok("director", "POST", f"/versions/{second}/approve")
    await desk.ok("director", "POST", f"/versions/{second}/activate")
    assert await desk.longest() == 70


async def test_one_version_waits_at_a_time(desk: Desk) -> None:
    first, second = await desk.approved(longest=50), await desk.approved(longest=70)
    await desk.ok("director", "POST", f"/versions/{first}/activate", {"from": "2026-04-01"})
    refused = await desk.ask("director", "POST", f"/versions/{second}/activate")
    assert [u["code"] for u in refused.json()["unmet"]] == ["other_waits"]


async def test_two_who_activate_at_once_leave_one_active_version(desk: Desk) -> None:
    numbers = [await desk.approved(longest=longest) for longest in (50, 60, 70)]
    answers = await asyncio.gather(*[desk.ask("director", "POST", f"/versions/{n}/activate") for n in numbers])
    assert sorted(a.status_code for a in answers) == [200, 409, 409]
    listed = (await desk.ok("rep", "GET", "/versions"))["items"]
    assert [row["state"] for row in listed].count("active") == 1


async def test_what_differs_is_named_in_both_languages(desk: Desk) -> None:
    number = (await desk.drafted({"document": {"longest": 50, "words": ["a", "b"]}}))["number"]
    found = await desk.ok("rep", "GET", f"/versions/{number}/diff")
    assert found["compared_with"] == 1
    assert [(c["pointer"], c["title"], c["title_zh"], c["before"], c["after"]) for c in found["changes"]] == [
        ("/longest", "Longest note", "最长便签", 100, 50),
        ("/words", "Words", "词语", ["plain"], ["a", "b"]),
    ]
    assert (await desk.ok("rep", "GET", f"/versions/{number}/diff", **{"with": number}))["changes"] == []


async def test_a_dry_run_says_whether_it_may_be_so_and_stores_nothing(desk: Desk) -> None:
    dry = await desk.ask("sales_ops", "POST", "/versions", {"document": {"longest": 50}}, dry_run="true")
    assert dry.status_code == 201
    assert (await desk.ask("rep", "GET", "/versions/2")).status_code == 404


async def test_what_is_new_has_an_address(desk: Desk) -> None:
    async with desk.svc.client("sales_ops") as client:
        made = await client.post(f"{PATH}/versions", json={"document": {"longest": 50}})
        assert (await client.get(made.headers["Location"])).json()["number"] == 2


# -- Simulations ----------------------------------------------------------------------------------------------------------------

NOTES = [new_id() for _ in range(30)]


async def _too_long(db: Database, active: NotePolicy, draft: NotePolicy, days: int) -> AsyncIterator[Looked]:
    """Thirty notes of 10, 20 ... letters, ten in a batch."""
    for start in range(0, 30, 10):
        batch = list(enumerate(NOTES[start : start + 10], start + 1))
        differ = [
            Difference("note", id, n * 10 <= active.longest, n * 10 <= draft.longest)
            for n, id in batch
            if (n * 10 <= active.longest) != (n * 10 <= draft.longest)
        ]
        yield Looked(len(batch), differ)


SIMULATED = Policy("note-svc", NotePolicy, simulations=[Simulation("notes", "Notes that would be too long.", _too_long)])


@pytest.fixture
async def simulated(postgres: Postgres) -> AsyncIterator[Desk]:
    async with running(replace(notes_svc, policies=[SIMULATED]), postgres) as started:
        yield Desk(started)


async def work(desk: Desk, policy: Policy[Any] = SIMULATED) -> None:
    """Do what a worker does until there is nothing left to do."""
    while True:
        async with desk.svc.db.read() as db:
            open_ones = await db.all(simulation._OPEN, names=[policy.name])
        if not open_ones:
            return
        for report in open_ones:
            await simulation._take(policy, desk.svc.db, desk.svc.clock, report, asyncio.Event())


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
        batches = _too_long(*args)
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
