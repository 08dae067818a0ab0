"""Open work over all services: a change is settled in the list soon, and its own answer says so at once."""

import re

import httpx

from clinch.run.postgres import Postgres
from contract_svc.acts import CONTRACT_ACTS, MILESTONE_ACTS
from deal_svc.acts import DEAL_ACTS, QUOTE_ACTS
from lead_svc.acts import LEAD_ACTS
from lead_svc.service import DEADLINES, TASKS
from shared.worklist.kinds import KINDS
from tests.client import done
from tests.flow.system import eventually, whole_system

_ACTS = {act.operation for act in (*LEAD_ACTS, *DEAL_ACTS, *QUOTE_ACTS, *CONTRACT_ACTS, *MILESTONE_ACTS)}


async def test_a_contact_settles_what_the_list_shows_and_its_answer_says_so(postgres: Postgres) -> None:
    async with whole_system(postgres) as system, system.client("admin", "root") as admin, system.client("rep", "ann") as ann:
        done(await admin.post("/v1/team/people", json={"name": "Ann", "role": "rep", "external_id": "ann"}), 201)
        whose = {"owner_id": str(system.person("rep", "ann"))}
        lead = done(await admin.post("/v1/leads", json={"source": "seo", "company": "Acme", **whose}), 201)

        async def work() -> dict[str, str]:
            items = done(await ann.get("/v1/tasks", params={"assignee": "me", "subject_id": lead["id"]}), 200)["items"]
            assert {item["settled_by"][0]["path"] for item in items} <= {f"/v1/leads/{lead['id']}/interactions"}
            return {item["kind"]: item["id"] for item in items}

        async def both() -> dict[str, str]:
            found = await work()
            return found if found.keys() == {"first_response", "follow_up"} else {}

        def named(answer: httpx.Response) -> dict[str, str]:
            return dict(re.findall(r'(\w+);id="([^"]+)"', answer.headers["Clinch-Settled"]))

        before, path = await eventually(both), f"/v1/leads/{lead['id']}/interactions"
        called = {"kind": "call", "outcome": "reached"}
        tried = await ann.post(path, json=called, params={"dry_run": "true"})
        assert named(tried) == before, "what it would settle"
        met = await ann.post(path, json=called, headers={"Idempotency-Key": "once"})
        done(met, 201)
        assert named(met) == before
        again = await ann.post(path, json=called, headers={"Idempotency-Key": "once"})
        assert (named(again), again.headers["Idempotency-Replayed"]) == (before, "true")

        async def next_one() -> dict[str, str]:
            found = await work()
            return found if found.keys() == {"follow_up"} and found["follow_up"] != before["follow_up"] else {}

        following = await eventually(next_one)
        given_up = await ann.post(f"/v1/leads/{lead['id']}/disqualify", json={"reason": "no_budget"}, headers={"If-Match": "*"})
        done(given_up, 200)
        assert named(given_up) == following

        async def nothing() -> bool:
            return not await work()

        assert await eventually(nothing)
        renamed = await admin.patch(f"/v1/leads/{lead['id']}", json={"title": "CRM"}, headers={"If-Match": "*"})
        done(renamed, 200)
        assert "Clinch-Settled" not in renamed.headers


async def test_each_kind_names_operations_that_there_are(postgres: Postgres) -> None:
    async with whole_system(postgres) as system:
        for kind in KINDS.values():
            for operation in kind.settled_by:
                document = system[operation.service].app.openapi()
                found = document["paths"][operation.path][operation.method.lower()]
                assert found["operationId"] == operation.id, kind.name
                assert operation.id in _ACTS, f"{operation.id} is no act"
                assert set(re.findall(r"{(\w+)}", operation.path)) <= {f"{kind.subject}_id", "milestone_id", "quote_id"}


def test_every_task_and_deadline_of_a_service_is_a_kind_of_work() -> None:
    from contract_svc.delivery.deadlines import DEADLINES as OF_CONTRACTS
    from deal_svc.discovery.tasks import KINDS as OF_DEALS

    assert {kind.name for kind in (*TASKS, *DEADLINES, *OF_DEALS, *OF_CONTRACTS)} <= {name for name, _ in KINDS}
