"""What the policy of leads decides, what a draft of it would have meant, and how open leads move to a new version."""

import asyncio
from typing import Any

import pytest

from lead_svc.policy import POLICY, Bant, LeadPolicy, Profile
from lead_svc.qualification.policy import move
from lead_svc.service import service
from shared.auth import SYSTEM
from shared.db.context import Context
from shared.events.lead import LeadBantUpdated, LeadDisqualified, LeadQualified, LeadRegraded
from shared.policy import simulation
from shared.policy.store import begin
from tests.client import codes, done
from tests.harness import Running
from tests.lead.desk import Desk


@pytest.fixture
async def first(svc: Running) -> None:
    """The first version is stored, as the worker does."""
    await begin(svc.db, [POLICY], Context("lead-svc", SYSTEM, svc.clock(), "test"))
    svc.db.policies.forget()


async def activate(desk: Desk, **changed: Any) -> int:
    """Another version, by the API."""
    path = "/v1/policies/lead-svc"
    known = done(await desk.by("admin").get(path))["document"]
    body = {"document": known | {name: known[name] | value if isinstance(value, dict) else value for name, value in changed.items()}}
    draft = done(await desk.by("sales_ops:ola").post(f"{path}/versions", json=body), 201)
    number: int = draft["number"]
    for act, who in (("approve", "director:dan"), ("activate", "director:dan")):
        done(await desk.raw(who, "POST", f"{path}/versions/{number}/{act}", {}, etag="*"))
    return number


async def test_events_name_the_version_that_decided(desk: Desk, svc: Running, first: None) -> None:
    await desk.sql()
    decided = await svc.told(LeadBantUpdated, LeadQualified, LeadRegraded)
    assert {event.data.policy_version for event in decided} == {1}
    number = await activate(desk, no_responses=1, bant={"limit": 81})
    strict = await desk.qualifiable()
    assert codes(await desk.attempt(strict, "qualify")) == {"bant_score"}
    svc.clock.advance(days=1)
    done(await desk.meet(strict, outcome="no_response"), 201)
    (given_up,) = await svc.told(LeadDisqualified)
    assert given_up.data.policy_version == number


async def test_a_draft_is_tried_on_the_leads_of_the_last_days(desk: Desk, svc: Running, first: None) -> None:
    enough, (few, path) = await desk.qualifiable(), (await desk.lead(), "/v1/policies/lead-svc/versions")
    await desk.bant(few, need="confirmed", timeline="confirmed")
    await desk.qualifiable(captured_at="2020-01-01T00:00:00Z")
    known = done(await desk.by("admin").get("/v1/policies/lead-svc"))["document"]
    draft = {"document": known | {"bant": known["bant"] | {"profile": "startup"}}}
    number = done(await desk.by("sales_ops:ola").post(path, json=draft), 201)["number"]
    assert (await desk.by("sales_ops:ola").post(f"{path}/{number}/simulation", json={"days": 30})).is_success
    async with svc.db.read() as db:
        (asked,) = await db.all(simulation._OPEN, names=[POLICY.name])
    await simulation._take(service.policies[0], svc.db, svc.clock, asked, asyncio.Event())
    (part,) = done(await desk.by("director").get(f"{path}/{number}/simulation"))["parts"]
    assert (part["records"], part["differ"]) == (2, 2)
    listed = done(await desk.by("director").get(f"{path}/{number}/simulation/records"))["items"]
    assert {item["record_id"]: (item["before"], item["after"]) for item in listed} == {
        enough["id"]: ("score 80, grade A, qualifies", "score 65, grade A, qualifies"),
        few["id"]: ("score 50, grade B, does not qualify", "score 75, grade B, does not qualify"),
    }


async def test_open_leads_move_to_a_new_version_once(desk: Desk, svc: Running) -> None:
    lead = await desk.qualifiable()
    given_up = await desk.act(await desk.qualifiable(), "disqualify", reason="no_budget")
    mature = LeadPolicy(bant=Bant(profile=Profile.MATURE))
    mature._version = 7
    for _ in range(2):
        async with svc.transaction() as tx:
            assert await move(tx, LeadPolicy(), mature, None) is None
    assert [(await desk.see(one))["bant_score"] for one in (lead, given_up)] == [90, 80]
    told = [e.data for e in await svc.told(LeadBantUpdated) if e.data.policy_version == 7]
    assert [(e.dimension, e.status, e.score) for e in told] == [("budget", "confirmed", 90)]


async def test_an_intent_that_is_low_qualifies_only_if_the_policy_says_so(desk: Desk, first: None) -> None:
    lead = await desk.qualifiable()
    await desk.act(lead, "intent", level="low")
    assert codes(await desk.attempt(lead, "qualify")) == {"intent_low"}
    await activate(desk, low_intent_qualifies=True)
    assert (await desk.act(lead, "qualify"))["state"] == "sql"


def test_a_document_of_before_calls_the_balanced_profile_by_its_earlier_name() -> None:
    known = LeadPolicy().stored()
    weights = known["bant"]["weights"]
    before = {"profile": "default", "weights": {"default": weights["mature"], **{n: weights[n] for n in ("startup", "mature")}}}
    read = LeadPolicy.read(known | {"bant": known["bant"] | before}, 3).bant
    assert (read.profile, read.weights.balanced) == (Profile.BALANCED, read.weights.mature)


async def test_strict_grades_move_too(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    assert (await desk.bant(lead, need="confirmed", budget="confirmed"))["grade"] == "A"
    strict = LeadPolicy(bant=Bant(strict_a=True))
    async with svc.transaction() as tx:
        await move(tx, LeadPolicy(), strict, None)
    assert (await desk.see(lead))["grade"] == "B"
