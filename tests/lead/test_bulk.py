"""Acts with many leads at once: asked for in one request, done by a worker lead by lead, as the act's own route does them."""

import asyncio
import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid4

import pytest
from asyncpg.exceptions import QueryCanceledError

from lead_svc.bulk.api import OF_LEADS
from lead_svc.leads.record import Reason
from lead_svc.policy import POLICY
from lead_svc.service import service
from shared.bulk import performing
from shared.bulk.performing import step
from shared.bulk.record import BulkJob, BulkState, Outcome, Target
from shared.bulk.store import forget_old
from shared.db.tx import Tx
from shared.errors import Unavailable
from shared.events.envelope import Event
from shared.events.lead import LeadAssigned, LeadDisqualified
from tests.acts import Acts
from tests.client import codes, done
from tests.harness import Running
from tests.lead.desk import Desk


@pytest.fixture
def _two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performing, "BATCH", 2)


async def bulk(desk: Desk, by: str, act: str, status: int = 202, *, key: str | None = None, dry_run: bool = False, **body: Any) -> Any:
    params = {"dry_run": "true"} if dry_run else {}
    return done(await desk.raw(by, "POST", f"/v1/leads/bulk-{act}", body, key=key or str(uuid4()), **params), status)


async def work(svc: Running) -> int:
    """What a worker does until there is nothing more; in how many batches."""
    batches = 0
    while await step(svc.db, OF_LEADS, svc.clock):
        batches += 1
    return batches


async def see(desk: Desk, job: dict[str, Any], by: str = "max") -> Any:
    return await desk.ask(by, "GET", f"/v1/leads/bulk-jobs/{job['id']}")


async def records(desk: Desk, job: dict[str, Any], by: str = "max", **asked: Any) -> dict[str, Any]:
    found = await desk.ask(by, "GET", f"/v1/leads/bulk-jobs/{job['id']}/records", **asked)
    return {one["id"]: one for one in found["items"]}


def numbers(job: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(job[name] for name in ("state", "total", "done", "refused"))


async def test_a_manager_gives_many_leads_to_somebody_and_reads_which_were_refused_and_why(desk: Desk, svc: Running) -> None:
    first, second = [await desk.lead(company=name, email=f"{name}@x.example") for name in ("one", "two")]
    bobs = await desk.lead("bob", email="three@x.example")
    unknown = str(uuid4())
    asked = {"ids": [first["id"], second["id"], bobs["id"], unknown, first["id"]], "owner_id": desk.id("bob")}
    job = await bulk(desk, "max", "assign", **asked)
    assert numbers(job) == ("queued", 4, 0, 0)
    assert (await desk.see(first))["owner_id"] == desk.id("ann"), "nothing happens before its turn"
    assert await work(svc) == 1
    over = await see(desk, job)
    assert (numbers(over), over["act"], over["given"]["owner_id"]) == (("done", 4, 2, 2), "assign", desk.id("bob"))
    assert [(await desk.see(lead))["owner_id"] for lead in (first, second)] == [desk.id("bob")] * 2
    refused = await records(desk, job, outcome="refused")
    assert {id: (one["code"], [u["code"] for u in one["unmet"]]) for id, one in refused.items()} == {
        bobs["id"]: ("cannot_assign", ["same_owner"]),
        unknown: ("not_found", []),
    }


async def test_a_seller_releases_their_leads_to_the_pool_and_gives_others_up_with_a_reason(desk: Desk, svc: Running) -> None:
    pooled, given_up = [await desk.lead(email=f"{n}@x.example") for n in range(2)]
    await bulk(desk, "ann", "assign", ids=[pooled["id"]], owner_id=None)
    unsaid = await bulk(desk, "ann", "disqualify", ids=[given_up["id"]], reason="other")
    await bulk(desk, "ann", "disqualify", ids=[given_up["id"]], reason="other", note="has moved away")
    await work(svc)
    assert (await desk.see(pooled))["owner_id"] is None
    shown = await desk.see(given_up)
    assert (shown["state"], shown["reason"], shown["note"]) == ("disqualified", "other", "has moved away")
    assert [u["code"] for u in (await records(desk, unsaid, "ann"))[given_up["id"]]["unmet"]] == ["note"]


async def test_a_filter_means_what_the_caller_sees_when_they_ask(desk: Desk, svc: Running) -> None:
    mine = [await desk.lead(campaign="Fair", email=f"{n}@x.example") for n in range(2)]
    elsewhere = [await desk.lead(campaign="Other"), await desk.lead("sue", campaign="Fair")]
    job = await bulk(desk, "max", "disqualify", filter={"campaign": "Fair", "state": "captured,mql"}, reason="no_budget")
    later = await desk.lead(campaign="Fair", email="later@x.example")
    assert (job["total"], job["filter"]) == (2, {"campaign": "Fair", "state": "captured,mql"})
    await work(svc)
    assert numbers(await see(desk, job)) == ("done", 2, 2, 0)
    assert {(await desk.see(lead))["state"] for lead in mine} == {"disqualified"}
    assert {(await desk.see(lead))["state"] for lead in [*elsewhere, later]} == {"captured"}
    assert (await bulk(desk, "ann", "assign", filter={"owner_id": "me", "q": "later@x.example"}, owner_id=None))["total"] == 1
    assert codes(await bulk(desk, "bob", "assign", 409, filter={"owner_id": "me"}, owner_id=None)) == set()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"filter": {"colour": "red"}}, "/filter/colour"),
        ({"filter": {"state": "asleep"}}, "/filter/state"),
        ({"filter": {}}, "/filter"),
        ({}, ""),
        ({"ids": [str(uuid4())], "filter": {"state": "mql"}}, ""),
        ({"filter": {"state": "mql"}, "versions": {str(uuid4()): 3}}, ""),
        ({"ids": []}, "/ids"),
        ({"ids": [str(uuid4())], "note": "why"}, "/note"),
    ],
)
async def test_what_makes_no_sense_is_refused_where_it_stands(desk: Desk, body: dict[str, Any], pointer: str) -> None:
    refused = await bulk(desk, "max", "assign", 422, owner_id=None, **body)
    assert [error["pointer"] for error in refused["errors"]] == [pointer]


async def test_a_dry_run_says_which_would_be_refused_and_why_and_keeps_nothing(desk: Desk, svc: Running) -> None:
    free, bobs = await desk.lead(), await desk.lead("bob", email="b@x.example")
    before = await svc.told()
    found = await bulk(desk, "max", "assign", 200, dry_run=True, ids=[free["id"], bobs["id"]], owner_id=desk.id("bob"))
    assert (found["total"], found["tried"]) == (2, 2)
    assert [(one["id"], one["code"], [u["code"] for u in one["unmet"]]) for one in found["refused"]] == [
        (bobs["id"], "cannot_assign", ["same_owner"])
    ]
    assert await svc.told() == before
    assert (await desk.see(free))["owner_id"] == desk.id("ann")
    assert done(await desk.by("max").get("/v1/leads/bulk-jobs"))["items"] == []
    assert await work(svc) == 0


async def test_more_than_the_policy_allows_is_refused_with_how_many_they_are(desk: Desk) -> None:
    await desk.policy(POLICY, bulk={"most": 1, "kept_days": 90})
    leads = [await desk.lead(campaign="Fair", email=f"{n}@x.example") for n in range(3)]
    for body in ({"filter": {"campaign": "Fair"}}, {"ids": [lead["id"] for lead in leads]}):
        refused = await bulk(desk, "max", "disqualify", 409, reason="no_budget", **body)
        assert (refused["code"], codes(refused)) == ("too_many_records", {"too_many_records"})
        assert "These are 3 leads, and one job takes 1" in refused["unmet"][0]["message"]


async def test_a_lead_that_somebody_has_changed_since_it_was_seen_is_refused(desk: Desk, svc: Running) -> None:
    seen, changed = [await desk.lead(email=f"{n}@x.example") for n in range(2)]
    versions = {lead["id"]: lead["version"] for lead in (seen, changed)}
    job = await bulk(desk, "max", "assign", ids=[seen["id"], changed["id"]], versions=versions, owner_id=desk.id("bob"))
    await desk.act(changed, "", method="PATCH", title="another title")
    await work(svc)
    found = await records(desk, job)
    assert {id: (one["outcome"], one["code"], one["version"]) for id, one in found.items()} == {
        seen["id"]: ("done", None, seen["version"]),
        changed["id"]: ("refused", "stale", changed["version"]),
    }


async def test_a_key_is_needed_and_asks_once(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    body = {"ids": [lead["id"]], "owner_id": desk.id("bob")}
    assert (await desk.ask("max", "POST", "/v1/leads/bulk-assign", body, expect=400))["code"] == "idempotency_key_required"
    first, again = [await desk.raw("max", "POST", "/v1/leads/bulk-assign", body, key="k") for _ in range(2)]
    assert (first.json(), first.headers["Location"]) == (again.json(), again.headers["Location"])
    assert first.headers["Location"] == f"/v1/leads/bulk-jobs/{first.json()['id']}"
    assert len(done(await desk.by("max").get("/v1/leads/bulk-jobs"))["items"]) == 1


async def test_who_may_never_do_it_cannot_ask_for_it(desk: Desk) -> None:
    lead = await desk.lead()
    for who in ("presales:pia", "auditor", "service"):
        await bulk(desk, who, "disqualify", 403, ids=[lead["id"]], reason="no_budget")


async def test_what_is_refused_by_then_is_refused_by_who_they_are_and_see_by_then(desk: Desk, svc: Running) -> None:
    """Asked for while it was ann's: bob has it when its turn comes, and she no longer sees it."""
    lead = await desk.lead()
    job = await bulk(desk, "ann", "disqualify", ids=[lead["id"]], reason="no_budget")
    await desk.act(lead, "assign", "max", owner_id=desk.id("bob"))
    await work(svc)
    assert (await records(desk, job, "ann"))[lead["id"]]["code"] == "not_found"
    assert (await desk.see(lead))["state"] == "captured"


@pytest.mark.usefixtures("_two_at_a_time")
async def test_a_batch_is_all_or_nothing_and_the_next_worker_goes_on_behind_it(
    desk: Desk, svc: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = [await desk.lead(email=f"{n}@x.example") for n in range(5)]
    job = await bulk(desk, "max", "assign", ids=[lead["id"] for lead in leads], owner_id=desk.id("bob"))
    assert await step(svc.db, OF_LEADS, svc.clock)
    whole, taken = performing.store.save, []

    async def cut_off(*given: Any) -> None:
        taken.append(given)
        raise Unavailable("The database is away.")

    monkeypatch.setattr(performing.store, "save", cut_off)
    with pytest.raises(Unavailable):
        await step(svc.db, OF_LEADS, svc.clock)
    monkeypatch.setattr(performing.store, "save", whole)
    assert taken, "it came as far as the end of its second batch"
    assert numbers(await see(desk, job)) == ("running", 5, 2, 0)
    assert len(await svc.told(LeadAssigned)) == 2
    assert await work(svc) == 2
    assert numbers(await see(desk, job)) == ("done", 5, 5, 0)
    assert Counter(str(e.subject) for e in await svc.told(LeadAssigned)) == {lead["id"]: 1 for lead in leads}


@pytest.mark.usefixtures("_two_at_a_time")
async def test_several_workers_do_each_record_once_and_a_long_job_holds_up_no_short_one(desk: Desk, svc: Running) -> None:
    leads = [await desk.lead(email=f"{n}@x.example") for n in range(9)]
    long = await bulk(desk, "max", "assign", ids=[lead["id"] for lead in leads[:8]], owner_id=desk.id("bob"))
    await step(svc.db, OF_LEADS, svc.clock)
    svc.clock.advance(seconds=1)
    short = await bulk(desk, "max", "assign", ids=[leads[8]["id"]], owner_id=desk.id("bob"))
    for _ in range(2):
        svc.clock.advance(seconds=1)
        await step(svc.db, OF_LEADS, svc.clock)
    assert numbers(await see(desk, short))[0] == "done"
    assert numbers(await see(desk, long)) == ("running", 8, 4, 0)
    await asyncio.gather(*[work(svc) for _ in range(3)])
    assert numbers(await see(desk, long)) == ("done", 8, 8, 0)
    assert Counter(str(e.subject) for e in await svc.told(LeadAssigned)) == {lead["id"]: 1 for lead in leads}


async def test_a_job_whose_statements_take_too_long_each_time_holds_up_no_other(
    desk: Desk, svc: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = [await desk.lead(email=f"{n}@x.example") for n in range(2)]
    slow = await bulk(desk, "max", "assign", ids=[first["id"]], owner_id=desk.id("bob"))
    svc.clock.advance(seconds=1)
    quick = await bulk(desk, "max", "assign", ids=[second["id"]], owner_id=desk.id("bob"))
    whole = performing.perform

    async def perform(tx: Tx, of: Any, one: Any, given: Any, targets: Sequence[Target]) -> list[Outcome]:
        if str(targets[0].id) == first["id"]:
            raise QueryCanceledError("canceling statement due to statement timeout")
        return await whole(tx, of, one, given, targets)

    monkeypatch.setattr(performing, "perform", perform)
    svc.clock.advance(seconds=1)
    with pytest.raises(QueryCanceledError):
        await step(svc.db, OF_LEADS, svc.clock)
    assert await step(svc.db, OF_LEADS, svc.clock)
    assert (numbers(await see(desk, quick))[0], numbers(await see(desk, slow))) == ("done", ("queued", 1, 0, 0))
    monkeypatch.setattr(performing, "perform", whole)
    await work(svc)
    assert numbers(await see(desk, slow)) == ("done", 1, 1, 0)


@pytest.mark.usefixtures("_two_at_a_time")
async def test_a_cancelled_job_keeps_what_is_done_and_does_nothing_more(desk: Desk, svc: Running) -> None:
    leads = [await desk.lead(email=f"{n}@x.example") for n in range(5)]
    job = await bulk(desk, "max", "assign", ids=[lead["id"] for lead in leads], owner_id=desk.id("bob"))
    await step(svc.db, OF_LEADS, svc.clock)
    await desk.ask("bob", "POST", f"/v1/leads/bulk-jobs/{job['id']}/cancel", expect=404)
    over = await desk.ask("eva", "POST", f"/v1/leads/bulk-jobs/{job['id']}/cancel")
    assert numbers(over) == ("cancelled", 5, 2, 0)
    assert await work(svc) == 0
    assert Counter(one["outcome"] for one in (await records(desk, job)).values()) == {"done": 2, "waiting": 3}


@pytest.mark.usefixtures("_two_at_a_time")
@pytest.mark.parametrize(("changed", "says"), [({"active": False}, "not active"), ({"role": "rep"}, "another role")])
async def test_nothing_more_is_done_for_somebody_who_left_or_has_another_role(
    desk: Desk, svc: Running, changed: dict[str, Any], says: str
) -> None:
    leads = [await desk.lead(email=f"{n}@x.example") for n in range(3)]
    job = await bulk(desk, "max", "assign", ids=[lead["id"] for lead in leads], owner_id=desk.id("bob"))
    await step(svc.db, OF_LEADS, svc.clock)
    done(await desk.raw("admin", "PATCH", f"/v1/team/people/{desk.id('max')}", changed, etag="*"))
    assert await work(svc) == 1
    over = await see(desk, job, "eva")
    assert numbers(over) == ("stopped", 3, 2, 0)
    assert says in over["error"]


async def test_a_job_that_cannot_go_on_stops_and_holds_up_no_other(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    broken = await bulk(desk, "max", "disqualify", ids=[lead["id"]], reason="no_budget")
    async with svc.transaction() as tx:
        await tx.execute("UPDATE bulk_job SET given = '{}' WHERE id = $1", broken["id"])
    whole = await bulk(desk, "max", "assign", ids=[lead["id"]], owner_id=desk.id("bob"))
    await work(svc)
    over = await see(desk, broken)
    assert (over["state"], "error on our side" in over["error"]) == ("stopped", True)
    assert numbers(await see(desk, whole)) == ("done", 1, 1, 0)


async def test_an_error_on_our_side_costs_its_lead_alone(desk: Desk, svc: Running) -> None:
    broken, whole = [await desk.lead(email=f"{n}@x.example") for n in range(2)]
    async with svc.transaction() as tx:
        await tx.execute(f"ALTER TABLE lead ADD CONSTRAINT odd CHECK (id <> '{broken['id']}' OR state = 'captured') NOT VALID")
    job = await bulk(desk, "max", "disqualify", ids=[broken["id"], whole["id"]], reason="no_budget")
    await work(svc)
    found = await records(desk, job)
    assert (found[broken["id"]]["code"], found[whole["id"]]["outcome"]) == ("not_done", "done")
    assert [str(e.subject) for e in await svc.told(LeadDisqualified)] == [whole["id"]]


async def test_a_job_is_seen_by_who_asked_and_those_above_them_and_tells_masked_roles_no_words(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    job = await bulk(desk, "ann", "disqualify", ids=[lead["id"]], reason="other", note="Anna Berg has left")
    for who in ("ann", "max", "eva"):
        assert (await see(desk, job, who))["given"]["note"] == "Anna Berg has left"
        assert [one["id"] for one in (await desk.ask(who, "GET", "/v1/leads/bulk-jobs"))["items"]] == [job["id"]]
    shown = await see(desk, job, "auditor")
    assert (shown["given"], shown["filter"], shown["total"]) == (None, None, 1)
    for who in ("bob", "sue", "csm:cem"):
        assert (await desk.ask(who, "GET", "/v1/leads/bulk-jobs"))["items"] == []
        for part in ("", "/records", "/refused.csv"):
            assert (await desk.raw(who, "GET", f"/v1/leads/bulk-jobs/{job['id']}{part}")).status_code == 404
    assert (await desk.ask("max", "GET", "/v1/leads/bulk-jobs", asked_by="me"))["items"] == []


async def test_what_was_refused_is_a_file_too(desk: Desk, svc: Running) -> None:
    bobs = await desk.lead("bob")
    job = await bulk(desk, "max", "assign", ids=[bobs["id"]], owner_id=desk.id("bob"))
    await work(svc)
    answer = await desk.raw("max", "GET", f"/v1/leads/bulk-jobs/{job['id']}/refused.csv")
    [row] = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["id"], row["code"], row["message"]) == (bobs["id"], "cannot_assign", "The lead cannot be assigned like this.")
    assert "same_owner" in row["unmet"]


async def test_old_jobs_are_forgotten_and_those_at_work_never(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    over = await bulk(desk, "max", "assign", ids=[lead["id"]], owner_id=desk.id("bob"))
    await work(svc)
    open_ = await bulk(desk, "max", "assign", ids=[lead["id"]], owner_id=desk.id("ann"))
    async with svc.db.connection() as conn:
        assert await forget_old(conn, svc.clock(), 10) == 0, "what has ended just now is kept"
        svc.clock.advance(days=1)
        assert await forget_old(conn, svc.clock(), 10) == 1
    assert [one["id"] for one in (await desk.ask("max", "GET", "/v1/leads/bulk-jobs"))["items"]] == [open_["id"]]
    await desk.ask("max", "GET", f"/v1/leads/bulk-jobs/{over['id']}", expect=404)


def plain(event: Any) -> tuple[str, int, dict[str, Any]]:
    """An event without what differs by lead and by request."""
    data: Event = event.data
    return data.type, event.version, data.model_dump(exclude={"recorded_at", "correlation_id", "request_id", "causation_id"})


async def test_what_a_job_does_is_what_its_acts_do_one_by_one(desk: Desk, svc: Running) -> None:
    """Leads in several states of several people, twice: the rows, the events and the refusals are the same."""

    async def company(part: str) -> list[dict[str, Any]]:
        made = [await desk.lead(by, email=f"{by}@{part}.example", source="web") for by in ("ann", "bob", "sue", "max")]
        await desk.act(made[0], "nurture", "ann", reason="later", wake_at="2027-01-01T00:00:00Z")
        await desk.act(made[1], "disqualify", "bob", reason="no_budget")
        made.append(await desk.lead(email=f"pool@{part}.example", source="web"))
        await desk.act(made[4], "assign", owner_id=None)
        return made

    for act, body in (
        ("assign", {"owner_id": desk.id("bob")}),
        ("disqualify", {"reason": Reason.OTHER.value, "note": "moved"}),
        ("assign", {"owner_id": None}),
    ):
        one_by_one, at_once = await company(f"{act}1{len(str(body))}"), await company(f"{act}2{len(str(body))}")
        refused = []
        for lead in one_by_one:
            answer = await desk.raw("max", "POST", f"/v1/leads/{lead['id']}/{act}", body, etag="*")
            problem = {} if answer.is_success else answer.json()
            refused.append((problem.get("code"), problem.get("detail"), problem.get("unmet", [])))
        job = await bulk(desk, "max", act, ids=[lead["id"] for lead in at_once], **body)
        await work(svc)
        found = await records(desk, job)
        assert [tuple(found[lead["id"]][n] for n in ("code", "message", "unmet")) for lead in at_once] == refused
        assert len({code for code, *_ in refused}) > 1, "some are done, some are refused"
        for single, many in zip(one_by_one, at_once, strict=True):
            rows = [asdict(await row(svc, lead)) for lead in (single, many)]
            for each in rows:
                each.pop("id"), each.pop("email")
            assert rows[0] == rows[1]
            told = [[plain(e) for e in await svc.told(subject=UUID(lead["id"]))] for lead in (single, many)]
            assert told[0] == told[1]


async def row(svc: Running, lead: dict[str, Any]) -> Any:
    async with svc.db.read() as db:
        return await db.first(OF_LEADS.seen.of.get, id=UUID(lead["id"]))


async def test_what_can_be_done_with_a_job_is_what_its_route_does(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    acts = Acts(desk, [OF_LEADS.cancel])
    for state in BulkState:
        job = await bulk(desk, "ann", "assign", ids=[lead["id"]], owner_id=None)
        async with svc.transaction() as tx:
            await tx.execute("UPDATE bulk_job SET state = $2 WHERE id = $1", job["id"], state.value)
            kept = await tx.row("SELECT * FROM bulk_job WHERE id = $1", job["id"])
        found = BulkJob(**{name: kept[name] for name in BulkJob.__dataclass_fields__})

        async def read(who: str, id: str = job["id"]) -> dict[str, Any] | None:
            answer = await desk.raw(who, "GET", f"/v1/leads/bulk-jobs/{id}")
            return answer.json() if answer.is_success else None

        await acts.hold(found, ["ann", "bob", "max", "eva", "sales_ops", "auditor", "marketing"], read)
    acts.complete()


def test_every_act_that_is_declared_for_many_leads_has_its_route() -> None:
    from clinch.dev.acts import acts_of

    declared = {f"bulk_{act.name}_leads" for act in acts_of("lead_svc") if act.bulk}
    routes = {route.name for router in service.routers for route in router.routes}
    assert declared
    assert declared <= routes
