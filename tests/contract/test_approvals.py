"""The review of a contract as an approval: delegated, taken back, late, and who has to decide what."""

import re
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from clinch.run.postgres import Postgres
from contract_svc.service import service
from shared import migrations
from shared.events import contract as told
from shared.events.envelope import Event
from shared.events.team import PersonAdded, PersonChanged
from shared.ids import new_id
from tests.client import allowed, codes, unmet
from tests.contract.office import OTHER_TEAM, TEAM, Office
from tests.contract.test_owners import assign
from tests.contract.test_policy import activated
from tests.harness import Running, fresh_database

LATER = timedelta(days=4)
"""More than the working hours that a review has by default."""


async def submitted(office: Office, who: str = "rep:ann", **more: Any) -> dict[str, Any]:
    return await office.act(await office.draft(), "submit", who, **more)


async def delegate(
    office: Office, contract: dict[str, Any], part: str, to: str, who: str, *, expect: int = 200, **more: Any
) -> dict[str, Any]:
    body = {"part": part, "person_id": office.id(to)} | more
    return dict(await office.ask(who, "POST", f"/v1/contracts/{contract['id']}/reviews/delegate", body, expect=expect))


async def work(office: Office, who: str, **params: Any) -> list[tuple[str, str]]:
    """The contract and the part of each item of somebody's list."""
    listed = await office.ask(who, "GET", "/v1/contracts/approvals", **params)
    return [(item["contract_id"], item["part"]) for item in listed["items"]]


def steps(contract: dict[str, Any], *names: str) -> dict[str, Any]:
    """By part, what its step says."""
    return {s["name"]: tuple(s[n] for n in names) if len(names) > 1 else s[names[0]] for s in contract["approval"]["steps"]}


async def only(svc: Running, event: type[Event]) -> Any:
    (found,) = await svc.told(event)
    return found


async def test_a_submission_asks_for_the_parts_side_by_side_and_tells_it(office: Office, svc: Running) -> None:
    contract = await submitted(office)
    assert steps(contract, "state", "overdue") == dict.fromkeys(("legal", "finance", "manager"), ("open", False))
    asked = await only(svc, told.ContractApprovalRequested)
    assert (str(asked.subject), str(asked.data.contract_id)) == (contract["approval"]["id"], contract["id"])
    assert (asked.version, asked.data.content_hash) == (1, contract["content_hash"])
    assert {s.name: s.roles for s in asked.data.steps}["manager"] == ["manager", "regional_head", "director"]
    assert contract["approval"]["steps"][0]["due_at"] == "2026-03-03T16:00:00Z", "sixteen working hours from Monday 09:00"

    await office.review(contract, "legal")
    decided = await only(svc, told.ContractApprovalDecided)
    assert (decided.data.step, decided.data.decision, decided.data.state) == ("legal", "approved", "open")
    for part in ("finance", "manager"):
        contract = await office.review(contract, part)
    assert contract["approval"]["state"] == "approved"
    ids = {entry["subject"] for entry in (await office.ask("admin", "GET", f"/v1/contracts/{contract['id']}/timeline"))["items"]}
    assert contract["approval"]["id"] in ids, "its history shows the approval"


async def test_each_answer_names_the_parts_that_wait_for_nobody_any_more(office: Office) -> None:
    async def settled(contract: dict[str, Any], action: str, who: str, **body: Any) -> set[str]:
        answer = await office.raw(who, "POST", f"/v1/contracts/{contract['id']}/{action}", body, etag="*")
        assert answer.status_code == 200, answer.text
        return set(re.findall(r'approval;id="([^"]+)"', answer.headers["Clinch-Settled"]))

    contract = await submitted(office)
    content = {"content_hash": contract["content_hash"]}
    legal = await settled(contract, "reviews", "legal", part="legal", decision="approved", **content)
    assert len(legal) == 1
    rest = await settled(contract, "reviews", "finance", part="finance", decision="rejected", reason="The terms", **content)
    assert len(rest) == 2, "what finance has rejected is the manager's no more"
    assert not legal & rest
    assert len(await settled(await submitted(office), "withdraw", "rep:ann")) == 3


async def test_a_part_is_delegated_to_somebody_who_then_decides_it_whatever_their_role(office: Office, svc: Running) -> None:
    contract = await submitted(office)
    given = await delegate(office, contract, "finance", "assistant:nora", "finance")
    assert (given["version"], steps(given, "delegate_id")["finance"]) == (contract["version"], office.id("assistant:nora"))
    event = await only(svc, told.ContractApprovalDelegated)
    assert (event.data.step, event.data.person_id, event.data.previous_person_id) == ("finance", svc.person("assistant", "nora"), None)
    assert "review_finance" in allowed(await office.read(contract, "assistant:nora"))
    assert await work(office, "assistant:nora", mine="true") == [(contract["id"], "finance")]
    assert await work(office, "finance", mine="true") == [], "it is not theirs now"

    await svc.hear(PersonChanged(role="assistant", team_id=TEAM, team_path=[TEAM], active=False), svc.person("assistant", "nora"), 2)
    assert await work(office, "finance", mine="true") == [(contract["id"], "finance")], "what waits for somebody who left"
    await svc.hear(PersonChanged(role="assistant", team_id=TEAM, team_path=[TEAM], active=True), svc.person("assistant", "nora"), 3)
    await office.review(contract, "legal", "assistant:nora", expect=403)
    done = await office.review(contract, "finance", "assistant:nora")
    assert steps(done, "decided_by")["finance"] == office.id("assistant:nora")
    assert codes(await delegate(office, contract, "finance", "manager:max", "finance", expect=409)) == {"reviewed"}


async def test_who_delegated_can_still_decide_and_anybody_can_take_it_for_themselves(office: Office, svc: Running) -> None:
    contract = await submitted(office)
    await delegate(office, contract, "legal", "legal:kim", "legal:kim")
    assert await work(office, "legal:kim", mine="true") == [(contract["id"], "legal")]
    assert await work(office, "legal:pat", mine="true") == []
    again = await delegate(office, contract, "legal", "legal:kim", "legal:kim")
    assert len(await svc.told(told.ContractApprovalDelegated)) == 1, "the same again is no change"
    assert again["approval"]["id"] == contract["approval"]["id"]
    assert steps(await office.review(contract, "legal", "legal:pat"), "state")["legal"] == "approved"


async def test_nobody_decides_their_own_by_somebody_elses_hand(office: Office, svc: Running) -> None:
    """Neither the owner nor who submitted it, nor somebody who gave another part, nor who does not see it, nor who left."""
    contract = await submitted(office, "manager:max")
    await office.review(contract, "legal")
    for to in ("rep:ann", "manager:max"):
        assert (await delegate(office, contract, "finance", to, "finance", expect=409))["code"] == "not_a_delegate"
    assert codes(await delegate(office, contract, "manager", "assistant:nora", "manager:max", expect=409)) == {"own_submission"}
    await delegate(office, contract, "finance", "assistant:nora", "rep:ann", expect=403)
    await svc.hear(PersonAdded(role="auditor", team_id=OTHER_TEAM, team_path=[OTHER_TEAM]), svc.person("auditor"))
    for to in ("manager:zoe", "rep:bob", "auditor"):
        assert (await delegate(office, contract, "finance", to, "finance", expect=409))["code"] == "not_a_delegate"
    assert (await delegate(office, contract, "finance", "rep:stranger", "finance", expect=409))["code"] == "unknown_person"
    await svc.hear(PersonChanged(role="assistant", team_id=TEAM, team_path=[TEAM], active=False), svc.person("assistant", "nora"), 2)
    assert (await delegate(office, contract, "finance", "assistant:nora", "finance", expect=409))["code"] == "unknown_person"


async def test_a_delegate_who_becomes_the_owner_is_asked_no_more(office: Office, svc: Running) -> None:
    contract = await submitted(office)
    await delegate(office, contract, "finance", "manager:max", "finance")
    await office.review(contract, "manager", "director")
    given = await assign(office, contract, "manager:max", "sales_ops")
    assert steps(given, "delegate_id", "state")["finance"] == (None, "open")
    event = (await svc.told(told.ContractChanged))[-1]
    assert isinstance(event.data, told.ContractChanged)
    assert event.data.changed == ["owner_id"], "no review was lost by it"


async def test_what_the_new_owner_approved_opens_again_and_is_told(office: Office, svc: Running) -> None:
    contract = await submitted(office)
    await office.review(contract, "manager", "manager:max")
    given = await assign(office, contract, "manager:max", "sales_ops")
    assert steps(given, "state", "decided_by")["manager"] == ("open", None)
    event = await only(svc, told.ContractApprovalReopened)
    assert [step.name for step in event.data.steps] == ["manager"]


async def test_who_submitted_takes_it_back_and_what_was_approved_is_void(office: Office, svc: Running) -> None:
    contract = await submitted(office)
    await office.review(contract, "legal")
    await office.act(contract, "withdraw", "legal", expect=403)
    assert codes(await office.act(contract, "withdraw", "manager:max", expect=409)) == {"not_submitted_by_you"}
    assert unmet(await office.read(contract, "manager:max"), "withdraw") == {"not_submitted_by_you"}
    back = await office.act(contract, "withdraw", reason="A wrong date")
    assert (back["state"], back["revision"], back["content_hash"], back["reviews"], back["submitted_by"]) == ("draft", 2, None, [], None)
    assert (back["approval"]["state"], steps(back, "state")["finance"]) == ("withdrawn", "dropped")
    taken, ended = await only(svc, told.ContractWithdrawn), await only(svc, told.ContractApprovalWithdrawn)
    assert taken.data.reason == ended.data.reason == "A wrong date"
    svc.clock.advance(days=9)
    assert await svc.fire_due() == 0, "nobody waits for it any more"
    again = await office.act(contract, "submit")
    assert (again["content_hash"], again["reviews"]) == (contract["content_hash"], []), "the same content needs a new approval"
    assert again["approval"]["id"] != contract["approval"]["id"]


async def test_a_part_that_is_open_too_long_is_told_and_listed_and_the_contract_stays_as_it_is(office: Office, svc: Running) -> None:
    contract = await office.review(await submitted(office), "legal")
    svc.clock.now += LATER
    assert await svc.fire_due() == 1, "one timer for the parts that are due together"
    late = await office.read(contract)
    assert late["version"] == contract["version"]
    assert steps(late, "overdue") == {"legal": False, "finance": True, "manager": True}
    assert late["review_overdue"] is True
    events = await svc.told(told.ContractApprovalEscalated)
    assert {event.data.step for event in events} == {"finance", "manager"}  # type: ignore[attr-defined]
    assert {event.time for event in events} == {datetime.fromisoformat(late["approval"]["steps"][0]["due_at"])}
    assert await work(office, "director", overdue="true") == [(contract["id"], "finance"), (contract["id"], "manager")]
    (item,) = (await office.ask("admin", "GET", "/v1/contracts"))["items"]
    assert item["review_overdue"] is True

    assert steps(await office.review(contract, "finance"), "overdue")["finance"] is False
    done = await office.review(contract, "manager")
    assert (done["state"], done["review_overdue"]) == ("approved", False)


async def test_the_hours_are_policy_and_what_is_told_as_history_starts_no_clock(office: Office, svc: Running) -> None:
    old = await submitted(office)
    await activated(office, review_hours=2)
    quick = await submitted(office)
    await activated(office, review_hours=None)
    calm = await submitted(office)
    dated = await office.draft(at=svc.clock.now - timedelta(days=30))
    await activated(office, review_hours=2)
    past = await office.act(dated, "submit", at=(svc.clock.now - timedelta(days=20)).isoformat())
    due = [steps(contract, "due_at")["legal"] for contract in (old, quick, calm, past)]
    assert due == ["2026-03-03T16:00:00Z", "2026-03-02T11:00:00Z", None, None]
    svc.clock.advance(days=30)
    await svc.fire_due()
    assert [(await office.read(contract))["review_overdue"] for contract in (old, quick, calm, past)] == [True, True, False, False]


async def test_the_list_of_what_waits_for_somebody(office: Office, svc: Running) -> None:
    """By role and team; never what is their own, and no second part of the same contract."""
    first, second = await submitted(office), await submitted(office, "manager:max")
    assert await work(office, "manager:max", mine="true") == [(first["id"], "manager")], "the other one they submitted"
    assert await work(office, "rep:ann", mine="true") == []
    assert await work(office, "manager:zoe") == [], "not of her team"
    assert len(await work(office, "rep:ann")) == 6, "what is open of their own contracts is seen"
    pat = "legal+finance:pat"
    assert len(await work(office, pat, mine="true")) == 4
    await office.review(first, "legal", pat)
    assert await work(office, pat, mine="true", contract_id=first["id"]) == []
    listed = await office.ask("legal", "GET", "/v1/contracts/approvals", mine="true", part="legal", count="exact")
    assert (listed["count"], listed["items"][0]["contract_id"]) == (1, second["id"])
    await office.act(second, "void", "director", reason="x")
    assert await work(office, "legal") == [(first["id"], "finance"), (first["id"], "manager")]
    assert (await office.read(second))["approval"]["state"] == "withdrawn"


_CONTRACT = """
INSERT INTO contract (id, version, number, revision, state, deal_id, quote_id, account_name, total, currency, fx, lines, sections,
                      core_clauses, signers, reviews, review_parts, content_hash, submitted_by, drafted_at, acceptance_overdue, created_at,
                      updated_at)
VALUES ($1, 1, $2, 1, $3, $1, $1, 'Acme', 100, 'CNY', 1, '[]', '{}', '[]', '[]', $4, '["legal", "finance"]', $5, $6, now(), false, now(),
        now())
"""


async def test_an_upgrade_carries_reviews_over_the_decided_ones_too(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations._in_thread(migrations.command.upgrade, migrations._config(service.migrations, service.metadata, url), "ffe78d310b18")
    conn = await asyncpg.connect(url)
    ann, kim = new_id(), new_id()
    one = f'"legal": {{"by": "{kim}", "at": "2026-03-02T09:00:00+00:00"}}'
    both = f'{{{one}, "finance": {{"by": "{ann}", "at": "2026-03-03T09:00:00+00:00"}}}}'
    rows = (("in_review", f"{{{one}}}", "a"), ("signed", both, "b"), ("voided", f"{{{one}}}", "c"), ("draft", "{}", None))
    ids = [new_id() for _ in rows]
    for place, (id, (state, reviews, digest)) in enumerate(zip(ids, rows, strict=True)):
        await conn.execute(_CONTRACT, id, f"C-{place}", state, reviews, digest, ann if digest else None)
    await migrations.upgrade(service.migrations, service.metadata, url)
    found = await conn.fetch(
        "SELECT a.record_id, a.state, a.requested_by, array_agg((s.name, s.state, s.decided_by) ORDER BY s.id) AS steps "
        "FROM approval a JOIN approval_step s ON s.approval_id = a.id GROUP BY a.id"
    )
    known = {row["record_id"]: (row["state"], row["requested_by"], row["steps"]) for row in found}
    legal = ("legal", "approved", kim)
    assert known == {
        ids[0]: ("open", ann, [legal, ("finance", "open", None)]),
        ids[1]: ("approved", ann, [legal, ("finance", "approved", ann)]),
        ids[2]: ("withdrawn", ann, [legal, ("finance", "dropped", None)]),
    }
    await conn.close()


def test_the_events_of_an_approval_belong_to_its_contract() -> None:
    ours = [kind for kind in told.ContractApprovalEvent.__subclasses__() if kind.type]
    assert {kind.type.split(".")[2] for kind in ours} == {
        f"approval_{what}" for what in ("requested", "decided", "delegated", "escalated", "reopened", "withdrawn")
    }
    assert {(kind.seen_as, kind.part_of, kind.aggregate) for kind in ours} == {("contract", "contract_id", "contract_approval")}
