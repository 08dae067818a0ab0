"""Signals: who shows interest, whose it is, and what follows."""

import asyncio
from typing import Any

import pytest

from lead_svc.signals import commands
from lead_svc.signals.policy import POLICY
from lead_svc.signals.upkeep import look
from shared import verify
from shared.auth import SYSTEM
from shared.db.context import Context
from shared.events.lead import LeadCaptured, LeadReactivated, LeadTaskDone
from shared.events.signal import LeadSignalRecorded, LeadTouched
from shared.policy.store import begin
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk
from tests.statements import counted

WEB = "service=signals.write:web"
"""A website, which may send signals and see no leads."""


async def send(desk: Desk, id: str, kind: str = "visit", by: str = "marketing", expect: int = 201, **more: Any) -> Any:
    return await desk.ask(by, "POST", "/v1/signals", {"signal_id": id, "kind": kind, **more}, expect=expect)


async def send_all(desk: Desk, *signals: dict[str, Any], by: str = WEB) -> list[dict[str, Any]]:
    items = [{"kind": "visit", **signal} for signal in signals]
    answer = await desk.ask(by, "POST", "/v1/signals/bulk", {"items": items}, expect=207)
    return list(answer["items"])


async def of_lead(desk: Desk, lead: dict[str, Any], what: str = "signals", by: str = "admin") -> list[dict[str, Any]]:
    return list((await desk.ask(by, "GET", f"/v1/leads/{lead['id']}/{what}"))["items"])


async def kinds(desk: Desk, lead: dict[str, Any]) -> list[str]:
    """What the lead did."""
    return sorted([signal["kind"] for signal in await of_lead(desk, lead)])


async def activate(desk: Desk, svc: Running, **changed: Any) -> None:
    """Another version of the policy of signals."""
    await begin(svc.db, [POLICY], Context("lead-svc", SYSTEM, svc.clock(), "test"))
    svc.db.policies.forget()
    path = "/v1/policies/signals"
    known = (await desk.ask("admin", "GET", path))["document"]
    draft = await desk.ask("sales_ops:ola", "POST", f"{path}/versions", {"document": known | changed}, expect=201)
    for act in ("approve", "activate"):
        await desk.ask("director:dan", "POST", f"{path}/versions/{draft['number']}/{act}", {}, etag="*")


async def test_a_signal_is_recorded_for_the_lead_that_it_names(desk: Desk, svc: Running) -> None:
    lead = await desk.lead(external_id="crm-7", email="Anna@Acme.example", phone="+49 30 1234567")
    said = {"value": 240, "campaign": "spring", "medium": "mail", "at": "2026-02-27T10:00:00Z"}
    made = await send(desk, "web-1", "dwell", lead_id=lead["id"], **said)
    assert (made["lead_id"], made["kind"], made["at"]) == (lead["id"], "dwell", "2026-02-27T10:00:00Z")
    assert await desk.ask("ann", "GET", f"/v1/signals/{made['id']}") == made
    await send(desk, "web-2", "download", external_id="crm-7")
    await send(desk, "web-3", "webinar", email="anna@ACME.example")
    await send(desk, "web-4", "demo_requested", phone="0049 (30) 123-4567")
    await send(desk, "web-5", "mail_clicked", phone="+86 30 1234567")
    assert await kinds(desk, lead) == ["demo_requested", "download", "dwell", "webinar"]
    told = (await svc.told(LeadSignalRecorded))[0]
    assert (str(told.subject), told.version, told.time.isoformat()) == (made["id"], 1, "2026-02-27T10:00:00+00:00")
    assert (str(told.data.lead_id), told.data.kind, told.data.value, told.data.campaign) == (lead["id"], "dwell", 240, "spring")
    assert (await desk.see(lead))["version"] == lead["version"], "the lead itself has not changed"


async def test_the_same_signal_again_changes_nothing(desk: Desk, svc: Running) -> None:
    lead, other = await desk.lead(), await desk.lead()
    first = await send(desk, "web-1", lead_id=lead["id"], visitor_id="v1")
    again = await send(desk, "web-1", "demo_requested", lead_id=other["id"], visitor_id="v1", expect=200)
    assert again == first
    answers = await send_all(desk, {"signal_id": "web-1", "lead_id": lead["id"]}, *[{"signal_id": "web-2", "lead_id": lead["id"]}] * 2)
    assert [(item["status"], item["id"] == first["id"]) for item in answers] == [(200, True), (201, False), (200, False)]
    assert len(await svc.told(LeadSignalRecorded)) == 2
    await send(desk, "web-3", visitor_id="v1")
    assert len(await of_lead(desk, lead)) == 3, "the visitor is still the first lead"


async def test_each_signal_of_many_is_answered_on_its_own(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    nobody = {"signal_id": "web-2"}
    strange = {"signal_id": "web-3", "kind": "telepathy", "lead_id": lead["id"]}
    unknown = {"signal_id": "web-4", "lead_id": "0198c0de-0000-7000-8000-000000000001"}
    late = {"signal_id": "web-5", "lead_id": lead["id"], "at": "2027-01-01T00:00:00Z"}
    answers = await send_all(desk, {"signal_id": "web-1", "lead_id": lead["id"]}, nobody, strange, unknown, late)
    assert [item["status"] for item in answers] == [201, 422, 422, 422, 422]
    pointed = [(item["problem"]["errors"][0]["pointer"], item["problem"]["errors"][0]["code"]) for item in answers[1:]]
    assert pointed[1:] == [("/items/2/kind", "unknown_kind"), ("/items/3/lead_id", "unknown_lead"), ("/items/4/at", "future")]
    assert pointed[0][1] == "nobody"
    assert await kinds(desk, lead) == ["visit"]


async def test_hundreds_take_as_many_statements_as_some(desk: Desk, svc: Running) -> None:
    leads = [await desk.lead(email=f"a{n}@acme.example") for n in range(3)]

    def signals(name: str, many: int) -> list[dict[str, Any]]:
        whose = [{"email": f"a{n}@acme.example"} for n in range(3)] + [{"visitor_id": f"v{n}"} for n in range(40)]
        whose += [{"email": "a1@acme.example", "visitor_id": f"w{n}"} for n in range(20)]
        return [{"signal_id": f"{name}-{n}", **whose[n % len(whose)], "campaign": "spring"} for n in range(many)]

    with counted() as some:
        await send_all(desk, *signals("a", 100))
    with counted() as many:
        answers = await send_all(desk, *signals("b", 500))
    assert {item["status"] for item in answers} == {201}
    assert len(many) <= len(some)
    assert len(await svc.told(LeadTouched)) == len(await svc.told(LeadSignalRecorded))
    assert sum([len(await of_lead(desk, lead)) for lead in leads]) > 0


async def test_a_visitor_who_gives_a_name_brings_along_what_they_did_before(desk: Desk, svc: Running) -> None:
    lead = await desk.lead(email="anna@acme.example")
    await send(desk, "1", visitor_id="v1", by=WEB, campaign="spring", at="2026-02-20T10:00:00Z")
    await send(desk, "2", "product_page", visitor_id="v1", by=WEB)
    assert await svc.told(LeadSignalRecorded) == [], "nobody knows yet whose they are"
    made = await send(desk, "3", "form", visitor_id="v1", email="anna@acme.example", by=WEB)
    assert (made["lead_id"], made["version"]) == (None, 0), "a website need not know whether somebody is a lead"
    await send(desk, "4", "download", visitor_id="v1", by=WEB)
    assert await kinds(desk, lead) == ["download", "form", "product_page", "visit"]
    told = {event.data.kind: event for event in await svc.told(LeadSignalRecorded)}
    assert told["visit"].time.isoformat() == "2026-02-20T10:00:00+00:00", "told late, with its own time"
    assert (await svc.told(LeadTouched))[0].data.campaign == "spring"
    await send(desk, "5", visitor_id="v2", by=WEB)
    async with svc.db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM signal WHERE visitor IS NOT NULL") == 1
        checks = [*svc.service.checks, *verify.atomicity(svc.service.metadata)]
        assert [found async for found in verify.run(conn, checks) if found.offenders] == []


async def test_in_one_request_what_a_visitor_did_before_and_after_the_name_is_theirs(desk: Desk) -> None:
    lead = await desk.lead(email="anna@acme.example")
    named = {"signal_id": "2", "kind": "form", "visitor_id": "v1", "email": "anna@acme.example"}
    await send_all(desk, {"signal_id": "1", "visitor_id": "v1"}, named, {"signal_id": "3", "kind": "dwell", "visitor_id": "v1"})
    assert await kinds(desk, lead) == ["dwell", "form", "visit"]


async def test_a_visitor_who_gives_another_name_is_somebody_else_from_then_on(desk: Desk) -> None:
    anna, otto = await desk.lead(email="anna@acme.example"), await desk.lead(email="otto@acme.example")
    await send(desk, "1", "visit", visitor_id="shared", email="anna@acme.example")
    await send(desk, "2", "form", visitor_id="shared", email="otto@acme.example")
    await send(desk, "3", "dwell", visitor_id="shared")
    assert (await kinds(desk, anna), await kinds(desk, otto)) == (["visit"], ["dwell", "form"])
    await send(desk, "4", "visit", visitor_id="shared", email="stranger@acme.example")
    assert (await kinds(desk, anna), await kinds(desk, otto)) == (["visit"], ["dwell", "form"]), "nobody guesses who that is"


async def test_of_leads_with_one_address_the_one_that_is_worked_on_gets_the_signal(desk: Desk) -> None:
    closed = await desk.lead(email="anna@acme.example", captured_at="2026-02-20T10:00:00Z")
    await desk.act(closed, "disqualify", reason="need_mismatch")
    older = await desk.lead(email="anna@acme.example", captured_at="2026-01-20T10:00:00Z")
    newer = await desk.lead(email="anna@acme.example", captured_at="2026-02-10T10:00:00Z")
    await send(desk, "1", email="anna@acme.example")
    assert [len(await of_lead(desk, lead)) for lead in (closed, older, newer)] == [0, 0, 1]


async def test_signals_of_somebody_who_is_no_lead_yet_wait_for_them(desk: Desk, svc: Running) -> None:
    await send(desk, "1", "mail_opened", email="New@acme.example", by=WEB)
    await send(desk, "2", "webinar", external_id="crm-9", by=WEB)
    assert await svc.told(LeadCaptured) == []
    by_mail, by_key = await desk.lead(email="new@acme.example"), await desk.lead(external_id="crm-9")
    await look(svc.db, svc.clock, asyncio.Event())
    assert (await kinds(desk, by_mail), await kinds(desk, by_key)) == (["mail_opened"], ["webinar"])


async def test_unknown_people_become_leads_by_the_signals_that_policy_names(desk: Desk, svc: Running) -> None:
    await activate(desk, svc, new_lead_kinds=["form"])
    opened = {"signal_id": "1", "kind": "mail_opened", "email": "new@acme.example"}
    visit = {"signal_id": "2", "visitor_id": "v1", "campaign": "spring", "medium": "mail"}
    form = {"signal_id": "3", "kind": "form", "email": "NEW@acme.example", "visitor_id": "v1", "source": "Trade Show", "campaign": "summer"}
    await send_all(desk, visit)
    assert [item["status"] for item in await send_all(desk, opened, form, form | {"signal_id": "4"})] == [201, 201, 201]
    (captured,) = await svc.told(LeadCaptured)
    lead = await desk.see({"id": str(captured.subject)})
    assert (lead["email"], lead["source"], lead["campaign"], lead["owner_id"]) == ("NEW@acme.example", "trade_show", "summer", None)
    assert await kinds(desk, lead) == ["form", "form", "mail_opened", "visit"]
    await send_all(desk, {"signal_id": "5", "kind": "mail_opened", "email": "else@acme.example"})
    assert len(await svc.told(LeadCaptured)) == 1


async def test_two_requests_at_once_make_one_lead_of_somebody_unknown(desk: Desk, svc: Running) -> None:
    await activate(desk, svc, new_lead_kinds=["form"])
    forms = [{"signal_id": f"f{n}", "kind": "form", "email": "new@acme.example", "visitor_id": f"v{n % 2}"} for n in range(8)]
    await asyncio.gather(*[send_all(desk, form) for form in forms])
    (captured,) = await svc.told(LeadCaptured)
    assert len(await of_lead(desk, {"id": str(captured.subject)})) == 8


async def test_touches_are_what_brought_the_lead_to_us(desk: Desk, svc: Running) -> None:
    lead = await desk.lead(product="crm")
    for n, (day, touch) in enumerate(
        [("24", {"campaign": "b"}), ("20", {"source": "Online Ads", "term": "crm"}), ("26", {"medium": "mail"})]
    ):
        await send(desk, str(n), lead_id=lead["id"], at=f"2026-02-{day}T10:00:00Z", **touch)
    await send(desk, "9", lead_id=lead["id"], term="only what was searched for")
    touches = await of_lead(desk, lead, "touches", by="ann")
    assert [(t["place"], t["source"], t["campaign"], t["medium"]) for t in touches] == [
        ("first", "online_ads", None, None), ("between", None, "b", None), ("last", None, None, "mail"),
    ]  # fmt: skip
    told = await svc.told(LeadTouched)
    assert [(e.version, e.data.product, e.data.owner_id) for e in told] == [(2, "crm", svc.person(subject="ann"))] * 3
    assert (told[1].data.source, told[1].data.term) == ("online_ads", "crm")
    only = await desk.lead()
    await send(desk, "10", lead_id=only["id"], campaign="b")
    assert [t["place"] for t in await of_lead(desk, only, "touches")] == ["only"]


async def test_nothing_is_kept_of_an_address_but_what_is_allowed(desk: Desk) -> None:
    lead = await desk.lead()
    await send(desk, "1", lead_id=lead["id"], gclid="x", expect=422)
    await send(desk, "1", lead_id=lead["id"], campaign="x" * 81, expect=422)
    await send(desk, "1", lead_id=lead["id"], value=-1, expect=422)


async def test_a_strong_signal_takes_up_again_what_was_put_aside(desk: Desk, svc: Running) -> None:
    lead = await desk.lead(email="anna@acme.example")
    await desk.act(lead, "nurture", reason="later", wake_at="2026-05-01T00:00:00Z")
    svc.clock.advance(days=1)
    await send(desk, "1", "mail_opened", email="anna@acme.example")
    await send(desk, "2", "demo_requested", email="anna@acme.example", at="2026-03-01T09:00:00Z")
    assert (await desk.see(lead))["state"] == "nurturing", "what happened before it was put aside wakes nothing"
    await send(desk, "3", "demo_requested", email="anna@acme.example")
    woken = await desk.see(lead)
    assert (woken["state"], woken["reactivations"], woken["wake_at"]) == ("captured", 1, None)
    (told,) = await svc.told(LeadReactivated)
    assert told.data.reason == "signal"
    assert len(await svc.told(LeadTaskDone)) == 1, "nobody has to wake it any more"
    await desk.act(woken, "disqualify", reason="opt_out")
    svc.clock.advance(days=1)
    await send(desk, "4", "demo_requested", email="anna@acme.example")
    assert (await desk.see(lead))["state"] == "disqualified"


async def test_the_company_names_kinds_of_its_own(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    await send(desk, "1", "badge_scan", lead_id=lead["id"], expect=422)
    own = {"key": "badge_scan", "label": "Badge scanned", "label_zh": "扫描胸牌"}
    await activate(desk, svc, kinds=[own])
    await send(desk, "1", "badge_scan", lead_id=lead["id"])
    assert await kinds(desk, lead) == ["badge_scan"]


@pytest.mark.parametrize(
    "wrong", [{"kinds": [{"key": "visit"}]}, {"kinds": [{"key": "Badge Scan"}]}, {"new_lead_kinds": ["telepathy"]}, {"visitor_days": 0}]
)
async def test_a_policy_that_names_no_kind_is_refused(desk: Desk, wrong: dict[str, Any]) -> None:
    path = "/v1/policies/signals"
    known = (await desk.ask("admin", "GET", path))["document"]
    await desk.ask("sales_ops:ola", "POST", f"{path}/versions", {"document": known | wrong}, expect=422)


async def test_visitors_are_forgotten_after_some_days(desk: Desk, svc: Running) -> None:
    lead = await desk.lead(email="anna@acme.example")
    await send(desk, "1", visitor_id="gone")
    await send(desk, "2", visitor_id="known", email="anna@acme.example")
    svc.clock.advance(days=60)
    await send(desk, "3", visitor_id="back")
    svc.clock.advance(days=31)
    await look(svc.db, svc.clock, asyncio.Event())
    async with svc.db.read() as db:
        assert [row["id"] for row in await db.rows("SELECT id FROM visitor")] == ["visitor:back"]
        assert await db.value("SELECT count(*) FROM signal") == 2
    assert len(await of_lead(desk, lead)) == 1, "what a lead did stays"


async def test_many_signals_of_one_visitor_are_joined_in_steps(desk: Desk, svc: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "JOINED", 3)
    lead = await desk.lead(email="anna@acme.example")
    await send_all(desk, *[{"signal_id": str(n), "visitor_id": "v1"} for n in range(8)])
    await send(desk, "form", "form", visitor_id="v1", email="anna@acme.example")
    assert len(await of_lead(desk, lead)) == 4
    await look(svc.db, svc.clock, asyncio.Event())
    assert len(await of_lead(desk, lead)) == 9


async def test_who_may_send_and_who_sees_signals(desk: Desk) -> None:
    lead = await desk.lead()
    for who in ("ann", "admin", "service=leads.write:shop"):
        await send(desk, "1", lead_id=lead["id"], by=who, expect=403)
    await send(desk, "1", lead_id=lead["id"], by=WEB)
    assert len(await of_lead(desk, lead, by="ann")) == 1
    for what in ("signals", "touches"):
        await desk.ask("sue", "GET", f"/v1/leads/{lead['id']}/{what}", expect=404)
    (seen,) = (await desk.ask("max", "GET", "/v1/signals"))["items"]
    await desk.ask("ann", "GET", f"/v1/signals/{seen['id']}")
    for who in ("sue", WEB):
        assert (await desk.ask(who, "GET", "/v1/signals"))["items"] == []
        await desk.ask(who, "GET", f"/v1/signals/{seen['id']}", expect=404)
    await send(desk, "2", visitor_id="v1", by=WEB)
    assert len((await desk.ask("marketing", "GET", "/v1/signals"))["items"]) == 1, "nobody's are not listed"
    assert done(await desk.raw(WEB, "GET", f"/v1/leads/{lead['id']}/signals"), 404)


async def test_a_signal_and_a_change_of_its_lead_at_once_wait_for_each_other(desk: Desk) -> None:
    leads = [await desk.lead(email=f"a{n}@acme.example") for n in range(4)]
    named = [{"signal_id": f"n{n}", "email": f"a{n % 4}@acme.example", "visitor_id": f"v{n % 3}"} for n in range(24)]
    plain = [{"signal_id": f"p{n}", "visitor_id": f"v{n % 3}"} for n in range(24)]
    await asyncio.gather(*[send_all(desk, *named[n::4], *plain[n::4]) for n in range(4)])
    assert sum([len(await of_lead(desk, lead)) for lead in leads]) == 48
