"""Scores at work: they follow what happens to a lead, fall with time, make MQLs, and are explained."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from lead_svc.leads.tables import LEADS
from lead_svc.scoring import jobs
from lead_svc.scoring.policy import POLICY
from lead_svc.service import service
from lead_svc.signals.record import Signal
from lead_svc.signals.tables import SIGNALS
from shared.auth import SYSTEM
from shared.db.context import Context
from shared.events.lead import LeadMqlReached
from shared.events.score import LeadPredicted, LeadScored
from shared.events.signal import LeadSignalRecorded
from shared.ids import new_id
from shared.policy import simulation
from shared.policy.store import begin
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk
from tests.statements import counted

FITS: dict[str, Any] = {
    "name": "sells in EMEA", "standard": "need_fit", "points": 30,
    "conditions": [{"field": "region", "op": "is", "values": ["EMEA"]}],
}  # fmt: skip
KEEN: dict[str, Any] = {
    "name": "means to buy", "standard": "need_fit", "points": 10,
    "conditions": [{"field": "intent", "op": "is", "values": ["high"]}],
}  # fmt: skip
NEED: dict[str, Any] = {
    "name": "need is confirmed", "standard": "decision_chain", "points": 15,
    "conditions": [{"field": "bant_score", "op": "at_least", "values": [30]}],
}  # fmt: skip
DOWNLOADS: dict[str, Any] = {
    "name": "downloads", "kinds": ["download"], "points": 20, "repeat": "window", "most": 2, "window_days": 7, "half_life_days": 30,
    "counts_past": True,
}  # fmt: skip
MODEL: dict[str, Any] = {"attributes": [FITS, KEEN, NEED], "behaviours": [DOWNLOADS]}


async def activate(desk: Desk, **document: Any) -> int:
    """Another version of the scoring model, by the API."""
    await begin(desk.svc.db, [POLICY], Context("lead-svc", SYSTEM, desk.svc.clock(), "test"))  # type: ignore[attr-defined]
    path = "/v1/policies/scoring"
    known = done(await desk.by("admin").get(path))["document"]
    draft = done(await desk.by("sales_ops:ola").post(f"{path}/versions", json={"document": known | document}), 201)
    number: int = draft["number"]
    for act, who in (("approve", "director:dan"), ("activate", "director:dan")):
        done(await desk.raw(who, "POST", f"{path}/versions/{number}/{act}", {}, etag="*"))
    desk.svc.db.policies.forget()  # type: ignore[attr-defined]
    return number


@pytest.fixture
async def model(desk: Desk) -> int:
    return await activate(desk, **MODEL)


async def signal(svc: Running, kind: str, *leads: dict[str, Any], at: datetime | None = None) -> None:
    """Signals of these leads, recorded in one transaction as `POST /v1/signals/bulk` does."""
    when = at or svc.clock()
    async with svc.transaction() as tx:
        locked = await tx.load_many(LEADS, [UUID(lead["id"]) for lead in leads])
        rows = []
        for id in locked:
            made = Signal(new_id(), id, None, kind, when, None, None, None, None, None, None, SYSTEM.id, tx.now, 0)
            rows.append((made, [(LeadSignalRecorded(lead_id=id, signal_id=made.id, kind=kind), when)]))
        await tx.add_many(SIGNALS, rows)


async def score(desk: Desk, lead: dict[str, Any], by: str = "ann") -> dict[str, Any]:
    """The explained score, whose points are what the list says, and what the lines add up to."""
    found: dict[str, Any] = done(await desk.by(by).get(f"/v1/leads/{lead['id']}/score"))
    assert found["points"] == sum(line["points"] for line in found["lines"]) == found["fit"] + found["behaviour"]
    assert (await desk.see(lead))["score"] == found["points"]
    return found


async def points(desk: Desk, lead: dict[str, Any]) -> int:
    found: int = (await score(desk, lead))["points"]
    return found


# -- It follows what happens ---------------------------------------------------------------------------------------------------


async def test_a_score_follows_changed_fields_intent_bant_and_signals_at_once(desk: Desk, svc: Running, model: int) -> None:
    lead = await desk.lead(region="EMEA")
    assert lead["score"] == 30
    assert (await desk.act(lead, "", method="PATCH", region="APAC"))["score"] == 0
    assert (await desk.act(lead, "", method="PATCH", region="emea"))["score"] == 30
    assert (await desk.act(lead, "intent", level="high"))["score"] == 40
    assert (await desk.act(lead, "intent", level="low"))["score"] == 30
    assert (await desk.bant(lead, need="confirmed"))["score"] == 45
    version = (await desk.see(lead))["version"]
    await signal(svc, "visit", lead)
    assert await points(desk, lead) == 45
    await signal(svc, "download", lead)
    assert (await points(desk, lead), (await desk.see(lead))["state"], (await desk.see(lead))["version"]) == (65, "mql", version + 1)


async def test_a_score_is_explained_rule_by_rule_with_what_it_falls_to_and_when(desk: Desk, svc: Running, model: int) -> None:
    lead = await desk.lead(region="EMEA")
    for days in (9, 2, 1, 0):
        await signal(svc, "download", lead, at=svc.clock() - timedelta(days=days))
    found = await score(desk, lead)
    assert (found["fit"], found["behaviour"], found["policy_version"], found["threshold"]) == (30, 50, model, 60)
    assert [(line["rule"], line["points"]) for line in found["lines"]] == [
        ("sells in EMEA", 30),
        ("downloads", 60),
        ("most of behaviour", -10),
    ]
    assert found["lines"][1]["why"] == "3 of download, 1 more do not count; halved every 30 days"
    assert found["next_at"] == found["lines"][1]["until"] == "2026-03-23T09:00:00Z"


async def test_scores_fall_in_whole_steps_when_their_time_comes_and_demote_nobody(desk: Desk, svc: Running, model: int) -> None:
    lead = await desk.lead(region="EMEA")
    await signal(svc, "download", lead)
    await signal(svc, "download", lead)
    assert (await points(desk, lead), (await desk.see(lead))["state"]) == (70, "mql")
    seen = []
    for _ in range(7):
        svc.clock.advance(days=30)
        while await jobs.fall(svc.db, svc.clock):
            pass
        seen.append(await points(desk, lead))
    assert seen == [50, 40, 34, 32, 30, 30, 30]
    assert (await desk.see(lead))["state"] == "mql"
    assert (await score(desk, lead))["next_at"] is None
    assert [(e.data.old, e.data.new) for e in await svc.told(LeadScored)] == [(0, 30), (30, 50), (50, 70), (70, 50), (50, 34)]


async def test_a_worker_that_was_away_catches_up_in_one_step(desk: Desk, svc: Running, model: int) -> None:
    lead = await desk.lead(region="EMEA")
    await signal(svc, "download", lead)
    svc.clock.advance(days=3650)
    assert await jobs.fall(svc.db, svc.clock)
    assert not await jobs.fall(svc.db, svc.clock)
    assert await points(desk, lead) == 30


async def test_a_score_is_told_when_it_crosses_the_threshold_or_a_step_and_not_for_every_signal(
    desk: Desk, svc: Running, model: int
) -> None:
    lead = await desk.lead()
    await activate(desk, **MODEL | {"behaviours": [DOWNLOADS | {"points": 3, "repeat": "every"}]})
    for _ in range(8):
        await signal(svc, "download", lead)
    (told,) = await svc.told(LeadScored)
    assert (told.data.lead_id, told.data.old, told.data.new, told.version) == (UUID(lead["id"]), 0, 21, 1)
    assert [rule.model_dump() for rule in told.data.top_rules] == [{"rule": "downloads", "points": 21}]


# -- MQL -----------------------------------------------------------------------------------------------------------------------


async def test_the_threshold_makes_an_mql_and_says_by_which_rules(desk: Desk, svc: Running, model: int) -> None:
    lead = await desk.lead(region="EMEA", by="marketing")
    await desk.act(lead, "intent", "admin", level="high")
    await signal(svc, "download", lead)
    (told,) = await svc.told(LeadMqlReached)
    assert (told.data.how, told.data.score, told.data.threshold, told.data.policy_version) == ("score", 60, 60, model)
    assert [(rule.rule, rule.points) for rule in told.data.top_rules] == [("sells in EMEA", 30), ("downloads", 20), ("means to buy", 10)]


async def test_a_capture_that_reaches_the_threshold_answers_with_the_mql(desk: Desk, svc: Running) -> None:
    await activate(desk, **MODEL | {"threshold": 30})
    lead = await desk.lead(region="EMEA")
    assert (lead["state"], lead["score"], lead["version"]) == ("mql", 30, 2)


async def test_imported_and_old_leads_are_scored_but_only_something_new_makes_them_mqls(desk: Desk, svc: Running) -> None:
    await activate(desk, **MODEL | {"threshold": 30})
    lead = await desk.lead(region="EMEA", captured_at="2024-05-05T00:00:00Z")
    assert (lead["state"], lead["score"]) == ("captured", 30)
    await signal(svc, "download", lead, at=svc.clock() - timedelta(days=400))
    assert (await desk.see(lead))["state"] == "captured"
    await signal(svc, "visit", lead)
    assert (await desk.see(lead))["state"] == "mql"


async def test_whoever_has_withdrawn_their_consent_becomes_no_mql_until_they_give_it_again(desk: Desk, svc: Running) -> None:
    await activate(desk, **MODEL | {"threshold": 40})
    leads = [await desk.lead(region="EMEA", email=f"{name}@example.com") for name in ("lin", "anna")]
    path, said = f"/v1/leads/{leads[0]['id']}/consents", {"purpose": "contact", "channel": "phone"}
    done(await desk.by("ann").post(path, json=said | {"decision": "withdrawn"}), 201)
    await signal(svc, "download", *leads)
    assert [(await desk.see(lead))["state"] for lead in leads] == ["captured", "mql"]
    assert await points(desk, leads[0]) == 50
    svc.clock.advance(seconds=1)
    done(await desk.by("ann").post(path, json=said | {"decision": "granted", "text_version": "2026-01"}), 201)
    assert (await desk.see(leads[0]))["state"] == "mql"


async def test_the_list_of_mqls_is_sorted_by_score_page_by_page(desk: Desk, svc: Running, model: int) -> None:
    unscored = await desk.lead()
    leads = [await desk.lead(region="EMEA") for _ in range(3)]
    await signal(svc, "download", leads[1])
    await signal(svc, "download", leads[1])
    async with svc.db.connection() as conn:
        await conn.execute("DELETE FROM lead_score WHERE lead_id = $1", UUID(unscored["id"]))
    names, query = [], "/v1/leads?sort=-score&limit=1"
    while query:
        page = done(await desk.by("ann").get(query))
        names += [(item["id"], item["score"]) for item in page["items"]]
        query = page["next_cursor"] and f"/v1/leads?sort=-score&limit=1&cursor={page['next_cursor']}"
    assert names == [(leads[1]["id"], 70), (leads[2]["id"], 30), (leads[0]["id"], 30), (unscored["id"], None)]
    asked = done(await desk.by("ann").get("/v1/leads?state=mql&sort=-score&score[gte]=60&count=exact"))
    assert ([item["id"] for item in asked["items"]], asked["count"]) == ([leads[1]["id"]], 1)
    whole = done(await desk.by("ann").get("/v1/leads?sort=score"))["items"]
    assert [item["score"] for item in whole] == [30, 30, 70, None]


# -- What it costs ----------------------------------------------------------------------------------------------------------------


async def test_without_rules_nothing_is_scored_and_no_statement_is_made(desk: Desk, svc: Running) -> None:
    with counted() as statements:
        lead = await desk.lead(region="EMEA")
    assert not [sql for sql in statements if "lead_score" in str(sql)]
    found = done(await desk.by("ann").get(f"/v1/leads/{lead['id']}/score"))
    assert (lead["score"], found["points"], found["lines"]) == (None, None, [])


async def test_many_signals_cost_as_many_statements_as_one(desk: Desk, svc: Running, model: int) -> None:
    leads = [await desk.lead(region="EMEA") for _ in range(8)]

    async def cost(some: Sequence[dict[str, Any]]) -> int:
        with counted() as statements:
            await signal(svc, "download", *some)
        return len(statements)

    assert await cost(leads[:2]) == await cost(leads[2:])


# -- A new model ------------------------------------------------------------------------------------------------------------------


async def rescored(svc: Running) -> None:
    """The worker does what there is to do."""
    while await jobs.rescore(svc.db, svc.clock):
        pass
    svc.clock.advance(seconds=10)
    await jobs.rescore(svc.db, svc.clock)


async def test_a_new_model_goes_through_all_leads_with_progress_also_those_without_news(
    desk: Desk, svc: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)
    leads = [await desk.lead(region=region) for region in ("EMEA", "EMEA", "APAC")]
    version = await activate(desk, **MODEL | {"threshold": 30})
    assert await jobs.rescore(svc.db, svc.clock)
    (half,) = done(await desk.by("ann").get("/v1/rescorings"))["items"]
    assert (half["state"], half["policy_version"], half["total"], half["done"], half["mqls"]) == ("running", version, 3, 2, 2)
    await rescored(svc)
    (whole,) = done(await desk.by("ann").get("/v1/rescorings"))["items"]
    assert (whole["state"], whole["done"], whole["mqls"], whole["finished_at"] is not None) == ("done", 3, 2, True)
    assert [await points(desk, lead) for lead in leads] == [30, 30, 0]
    assert not await jobs.rescore(svc.db, svc.clock)
    await activate(desk, attributes=[], behaviours=[])
    await rescored(svc)
    async with svc.db.read() as db:
        assert [row[0] for row in await db.rows("SELECT points FROM lead_score")] == [0, 0, 0]


async def test_what_a_process_with_the_earlier_model_scored_meanwhile_is_scored_again(desk: Desk, svc: Running, model: int) -> None:
    lead = await desk.lead(region="EMEA")
    version = await activate(desk, **MODEL | {"attributes": [FITS | {"points": 35}]})
    while await jobs.rescore(svc.db, svc.clock):
        pass
    async with svc.db.connection() as conn:
        await conn.execute("UPDATE lead_score SET points = 30, policy_version = $1", model)
    await rescored(svc)
    await rescored(svc)
    assert ((await score(desk, lead))["policy_version"], await points(desk, lead)) == (version, 35)


async def test_until_the_new_model_has_come_to_a_lead_the_one_that_scored_it_explains_it(desk: Desk, svc: Running, model: int) -> None:
    lead = await desk.lead(region="EMEA")
    await activate(desk, **MODEL | {"attributes": [FITS | {"points": 35}]})
    assert ((await score(desk, lead))["policy_version"], await points(desk, lead)) == (model, 30)


async def test_a_newer_model_takes_the_place_of_one_on_its_way(desk: Desk, svc: Running, model: int) -> None:
    await desk.lead(region="EMEA")
    assert await jobs.rescore(svc.db, svc.clock)
    await activate(desk, **MODEL | {"threshold": 90})
    await rescored(svc)
    states = [item["state"] for item in done(await desk.by("ann").get("/v1/rescorings"))["items"]]
    assert sorted(states) == ["done", "superseded"]


async def simulated(desk: Desk, svc: Running, **document: Any) -> dict[str, dict[str, Any]]:
    """The parts of a report on a draft, by name."""
    path = "/v1/policies/scoring"
    known = done(await desk.by("admin").get(path))["document"]
    number = done(await desk.by("sales_ops:ola").post(f"{path}/versions", json={"document": known | document}), 201)["number"]
    done(await desk.by("sales_ops:ola").post(f"{path}/versions/{number}/simulation", json={"days": 30}), 202)
    async with svc.db.read() as db:
        (asked,) = await db.all(simulation._OPEN, names=[POLICY.name])
    (its,) = [policy for policy in service.policies if policy.name == POLICY.name]
    await simulation._take(its, svc.db, svc.clock, asked, asyncio.Event())
    return {part["name"]: part for part in done(await desk.by("director").get(f"{path}/versions/{number}/simulation"))["parts"]}


async def test_a_draft_says_whom_it_would_make_an_mql_by_source_and_owner(desk: Desk, svc: Running, model: int) -> None:
    owned, pooled, other = (
        await desk.lead(region="EMEA", source="seo"),
        await desk.lead(by="marketing", region="EMEA"),
        await desk.lead(region="APAC"),
    )
    part = (await simulated(desk, svc, threshold=30))["mqls"]
    assert (part["records"], part["differ"]) == (3, 2)
    assert part["counts"] == {
        "mqls": 2, "source:seo": 1, "source:trade_show": 1, f"owner:{owned['owner_id']}": 1, "owner:pool": 1,
    }  # fmt: skip
    assert [(await desk.see(lead))["state"] for lead in (owned, pooled, other)] == ["captured"] * 3


async def test_a_draft_says_how_many_sqls_it_would_have_found(desk: Desk, svc: Running, model: int) -> None:
    await desk.sql(region="EMEA")
    await desk.sql(region="APAC")
    late = await desk.sql(region="APAC")
    svc.clock.advance(days=1)
    for _ in range(2):
        await signal(svc, "download", late)
    await desk.lead(region="EMEA")
    await desk.lead(region="APAC")
    part = (await simulated(desk, svc, threshold=30, limits={"behaviour": 50}))["found"]
    assert part["counts"] == {"sqls": 3, "mqls": 2, "caught": 1}
    assert part["ratios"] == {"precision": 0.5, "recall": pytest.approx(1 / 3)}
    assert {(one["change"], one["records"]) for one in part["changes"]} == {
        ("no MQL, SQL → MQL, SQL", 1),
        ("no MQL, no SQL → MQL, no SQL", 1),
    }


# -- Predictions ----------------------------------------------------------------------------------------------------------------


async def test_a_prediction_stands_beside_the_score_and_decides_nothing(desk: Desk, svc: Running, model: int) -> None:
    lead = await desk.lead(region="EMEA")
    path = f"/v1/leads/{lead['id']}/prediction"
    for probability in (97, 98):
        body = {"probability": probability, "best_call_at": "2026-03-03T10:00:00Z", "model": "propensity-3"}
        done(await desk.by("service").put(path, json=body))
    found = (await score(desk, lead))["prediction"]
    assert (found["probability"], found["model"], found["best_call_at"]) == (98, "propensity-3", "2026-03-03T10:00:00Z")
    assert ((await desk.see(lead))["state"], (await desk.see(lead))["version"]) == ("captured", lead["version"])
    assert [(e.data.probability, e.version) for e in await svc.told(LeadPredicted)] == [(97, 1), (98, 2)]
    assert (await desk.by("ann").put(path, json=body)).status_code == 403
    assert (await desk.by("service").put(path, json=body | {"probability": 101})).status_code == 422


async def test_whoever_does_not_see_a_lead_does_not_see_its_score(desk: Desk, svc: Running, model: int) -> None:
    lead = await desk.lead(region="EMEA")
    assert (await desk.by("sue").get(f"/v1/leads/{lead['id']}/score")).status_code == 404
    assert (await desk.by("auditor").get(f"/v1/leads/{lead['id']}/score")).status_code == 200


async def test_nobody_is_told_that_a_lead_is_unchanged_whose_score_has_changed(desk: Desk, svc: Running) -> None:
    async def again(lead: dict[str, Any]) -> int:
        path = f"/v1/leads/{lead['id']}"
        tag = (await desk.by("ann").get(path)).headers["etag"]
        return (await desk.by("ann").get(path, headers={"If-None-Match": tag})).status_code

    unscored = await desk.lead()
    assert await again(unscored) == 304
    await activate(desk, **MODEL)
    assert await again(await desk.lead(region="EMEA")) == 200


async def test_the_timeline_tells_of_signals_scores_predictions_and_consents(desk: Desk, svc: Running, model: int) -> None:
    lead = await desk.lead(region="EMEA", email="lin@example.com")
    marketing, path = desk.by("marketing"), f"/v1/leads/{lead['id']}"
    seen = {"signal_id": "web-1", "kind": "download", "lead_id": lead["id"], "campaign": "spring", "medium": "mail"}
    done(await marketing.post("/v1/signals", json=seen), 201)
    done(await marketing.put(f"{path}/prediction", json={"probability": 70, "model": "propensity-3"}))
    said = {"purpose": "contact", "decision": "withdrawn", "channel": "phone"}
    done(await desk.by("ann").post(f"{path}/consents", json=said), 201)
    told = {entry["summary"] for entry in done(await desk.by("ann").get(f"{path}/timeline"))["items"]}
    assert told >= {
        "Shows interest: download, campaign spring, by mail",
        "Touched, campaign spring, by mail",
        "Score 30 → 50",
        "propensity-3 predicts 70 percent",
        "Allows contact no longer",
    }
