"""Forms: who defines them, what anybody sends by them, and what becomes of it."""

import asyncio
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from clinch.run.origin import Origin, Served
from clinch.run.postgres import Postgres
from lead_svc.checks import CHECKS
from lead_svc.forms.rules import FORM_ACTS, SUBMISSION_ACTS
from lead_svc.forms.tables import FORMS, SUBMISSIONS
from lead_svc.service import service
from shared import verify
from shared.auth import Role
from shared.events.consent import ConsentGranted
from shared.events.form import FormChanged, FormDefined, FormSwitchedOff, FormSwitchedOn, LeadFormSubmitted
from shared.events.lead import LeadCaptured, LeadUpdated
from shared.events.signal import LeadSignalRecorded, LeadTouched
from tests.acts import Acts
from tests.client import done
from tests.harness import Running, running, running_on
from tests.lead.desk import Desk

SITE, OTHER = "https://www.example.com", "https://elsewhere.example"
PAGE = Path(__file__).parents[2] / "docs" / "forms" / "contact.html"
FORM: dict[str, Any] = {
    "key": "contact-us",
    "name": "Talk to us",
    "source": "Content",
    "campaign": "spring",
    "allowed_origins": [SITE, "http://127.0.0.1:8010"],
    "trap": "homepage",
    "fields": [
        {"name": "email", "label": "E-mail", "lead_field": "email", "required": True},
        {"name": "name", "label": "Your name", "lead_field": "contact_name"},
        {"name": "company", "label": "Company", "lead_field": "company"},
        {"name": "product", "label": "Interest", "lead_field": "product", "options": ["CRM", "Service"]},
        {"name": "message", "label": "Your message"},
    ],
    "consents": [
        {"purpose": "contact", "text": "You may contact me.", "text_version": "2026-11", "required": True},
        {"purpose": "marketing", "text": "You may write to me.", "text_version": "2026-11"},
    ],
}
SENT = {"email": "kim@form.example", "consent_contact": "2026-11"}
RECEIVED = {"status": "received"}
PATH = "/v1/forms/contact-us"
READERS = {"admin", "director", "ops", "sales_ops", "marketing", "auditor"}


def at(svc: Running, address: str = "198.51.100.7") -> httpx.AsyncClient:
    """Somebody without a token, at this address."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=svc.app, client=(address, 1)), base_url="http://clinch.test")


@pytest.fixture
async def anybody(svc: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with at(svc) as client:
        yield client


async def define(desk: Desk, **over: Any) -> dict[str, Any]:
    return done(await desk.by("marketing").post("/v1/forms", json=FORM | over), 201)


async def send(anybody: httpx.AsyncClient, *, status: int = 202, origin: str | None = None, **said: Any) -> Any:
    headers = {} if origin is None else {"Origin": origin}
    return done(await anybody.post(PATH, json=SENT | said, headers=headers), status)


async def submissions(desk: Desk, by: str = "marketing", **filters: Any) -> list[dict[str, Any]]:
    return list((await desk.ask(by, "GET", f"{PATH}/submissions", **filters))["items"])


async def leads(desk: Desk) -> list[dict[str, Any]]:
    found = (await desk.ask("admin", "GET", "/v1/leads"))["items"]
    return [await desk.see(lead) for lead in found]


# -- Definitions -------------------------------------------------------------------------------------------------------------


async def test_a_form_is_defined_changed_and_switched_off(desk: Desk, svc: Running) -> None:
    answer = await desk.by("marketing").post("/v1/forms", json=FORM)
    made = done(answer, 201)
    assert answer.headers["Location"] == PATH
    assert (made["source"], made["state"], made["version"], made["fields"][3]["options"]) == ("content", "on", 1, ["CRM", "Service"])
    assert (await desk.raw("sales_ops", "POST", "/v1/forms", FORM)).json()["code"] == "key_taken"
    changed = await desk.ask("sales_ops", "PATCH", PATH, {"campaign": "autumn", "allowed_origins": [OTHER]}, etag=1)
    assert (changed["campaign"], changed["allowed_origins"], changed["fields"]) == ("autumn", [OTHER], made["fields"])
    same = await desk.ask("sales_ops", "PATCH", PATH, {"campaign": "autumn"}, etag=2)
    assert same["version"] == 2, "the same again changes nothing"
    assert (await desk.raw("marketing", "PATCH", PATH, {"name": "New"}, etag=1)).status_code == 412
    await desk.ask("marketing", "POST", f"{PATH}/switch-off", etag=2)
    await desk.ask("marketing", "POST", f"{PATH}/switch-on", etag=3)
    was = (await desk.ask("director", "GET", f"{PATH}/versions"))["items"]
    versions = [(1, "spring", "on"), (2, "autumn", "on"), (3, "autumn", "off"), (4, "autumn", "on")]
    assert [(v["number"], v["campaign"], v["state"]) for v in was] == versions
    told = [e.data for e in await svc.told(FormDefined, FormChanged, FormSwitchedOff, FormSwitchedOn)]
    assert [type(e) for e in told] == [FormDefined, FormChanged, FormSwitchedOff, FormSwitchedOn]
    assert getattr(told[1], "changed", None) == ["allowed_origins", "campaign"]
    assert getattr(told[0], "text_versions", None) == {"contact": "2026-11", "marketing": "2026-11"}


async def test_a_version_of_a_text_stands_for_one_text(desk: Desk) -> None:
    await define(desk)
    text = {"purpose": "contact", "text": "We may do anything.", "text_version": "2026-11"}
    refused = await desk.raw("marketing", "PATCH", PATH, {"consents": [text]}, etag="*")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/consents/0/text_version")
    await desk.ask("marketing", "PATCH", PATH, {"consents": [text | {"text_version": "2027-01"}]}, etag="*")
    back = await desk.raw("marketing", "PATCH", PATH, {"consents": [text]}, etag="*")
    assert back.json()["errors"][0]["code"] == "text_changed", "not even when the text is gone"


async def test_a_form_without_an_address_is_refused(desk: Desk) -> None:
    refused = await desk.raw("marketing", "POST", "/v1/forms", FORM | {"fields": FORM["fields"][1:]})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "no_address")
    assert (await desk.raw("marketing", "POST", "/v1/forms", FORM | {"allowed_origins": ["*"]})).status_code == 422


async def test_who_sees_all_leads_sees_the_forms(desk: Desk) -> None:
    await define(desk)
    paths = ("/v1/forms", PATH, f"{PATH}/versions", f"{PATH}/submissions")
    for role in [role.value for role in Role if role not in (Role.system, Role.service)]:
        assert [(await desk.by(role).get(path)).status_code for path in paths] == [200 if role in READERS else 403] * 4, role


async def test_what_is_shown_as_allowed_is_what_the_routes_do(desk: Desk, svc: Running, anybody: httpx.AsyncClient) -> None:
    await define(desk)
    await send(anybody, homepage="links")
    await send(anybody, email="ann@form.example")
    await svc.fire_due()

    async def form(who: str) -> Any:
        answer = await desk.raw(who, "GET", PATH)
        return answer.json() if answer.status_code == 200 else None

    acts: Acts = Acts(desk, FORM_ACTS)
    for act in ("", "switch-off"):
        if act:
            await desk.ask("marketing", "POST", f"{PATH}/{act}", etag="*")
        async with svc.db.read() as db:
            row = await db.get(FORMS, (await form("admin"))["id"])
        await acts.hold(row, [role.value for role in Role if role is not Role.system], form)
    acts.complete()
    held: Acts = Acts(desk, SUBMISSION_ACTS)
    for one in await submissions(desk):

        async def sent(who: str, one: dict[str, Any] = one) -> Any:
            answer = await desk.raw(who, "GET", f"{PATH}/submissions")
            return next(s for s in answer.json()["items"] if s["id"] == one["id"]) if answer.status_code == 200 else None

        async with svc.db.read() as db:
            of = await db.get(SUBMISSIONS, one["id"])
        await held.hold(WithKey(of), [role.value for role in Role if role is not Role.system], sent)
    held.complete()


class WithKey:
    """A submission with the key of its form, which the address of its act names."""

    key = "contact-us"

    def __init__(self, of: Any) -> None:
        self._of = of

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)


# -- What is sent ------------------------------------------------------------------------------------------------------------


async def test_somebody_unknown_becomes_a_lead_with_signal_touch_consent_and_timeline(
    desk: Desk, svc: Running, anybody: httpx.AsyncClient
) -> None:
    await define(desk)
    visit = {"signal_id": "web-1", "kind": "visit", "visitor_id": "browser-7"}
    await desk.ask("marketing", "POST", "/v1/signals", visit, expect=201)
    said = {"name": "Kim Lee", "company": "Blue River", "product": "CRM", "message": "How much is it?", "consent_marketing": "2026-11"}
    assert await send(anybody, submission_id="s-1", visitor_id="browser-7", utm_source="Online-Ads", utm_term="crm", **said) == RECEIVED
    assert await leads(desk) == [], "a worker takes it afterwards"
    svc.clock.advance(minutes=3)
    await svc.fire_due()
    (lead,) = await leads(desk)
    assert {name: lead[name] for name in ("email", "contact_name", "company", "product", "source", "campaign", "owner_id")} == {
        "email": SENT["email"], "contact_name": "Kim Lee", "company": "Blue River", "product": "CRM",
        "source": "online_ads", "campaign": "spring", "owner_id": None,
    }  # fmt: skip
    signals = (await desk.ask("admin", "GET", f"/v1/leads/{lead['id']}/signals"))["items"]
    assert sorted(s["kind"] for s in signals) == ["form", "visit"], "what the visitor did before is the lead's"
    (touch,) = (await desk.ask("admin", "GET", f"/v1/leads/{lead['id']}/touches"))["items"]
    assert (touch["source"], touch["campaign"], touch["term"], touch["at"]) == ("online_ads", "spring", "crm", "2026-03-02T09:00:00Z")
    consents = (await desk.ask("admin", "GET", f"/v1/leads/{lead['id']}/consents"))["items"]
    (one,) = await submissions(desk)
    proof = f"form contact-us, version 1, submission {one['id']}"
    assert sorted((c["purpose"], c["text_version"], c["channel"], c["at"], c["proof"]) for c in consents) == [
        (purpose, "2026-11", "form", "2026-03-02T09:00:00Z", proof) for purpose in ("contact", "marketing")
    ]
    assert (one["state"], one["lead_id"], one["answers"]["message"], one["form_version"]) == ("taken", lead["id"], said["message"], 1)
    assert (await desk.ask("admin", "GET", f"/v1/leads/{lead['id']}/submissions"))["items"] == [
        next(s for s in await submissions(desk, "admin") if s["id"] == one["id"])
    ]
    timeline = (await desk.ask("admin", "GET", f"/v1/leads/{lead['id']}/timeline"))["items"]
    assert "Sent the form contact-us" in [entry["summary"] for entry in timeline]
    kinds = (LeadCaptured, LeadSignalRecorded, LeadTouched, ConsentGranted, LeadFormSubmitted)
    told = await svc.told(*kinds)
    assert {type(e.data) for e in told} == set(kinds)
    (submitted,) = await svc.told(LeadFormSubmitted)
    assert (str(submitted.subject), str(submitted.data.lead_id)) == (one["id"], lead["id"])
    assert submitted.time.isoformat() == "2026-03-02T09:00:00+00:00", "when it was sent"
    whole = "".join(e.data.model_dump_json() for e in await svc.told(subject=None))
    assert not [word for word in ("kim@", "Kim Lee", "How much", "browser-7", "198.51") if word in whole], "nothing personal is told"
    async with svc.db.connection() as conn:
        kept = await conn.fetchval("SELECT string_agg(t::text, '') FROM form_submission t")
        checks = [*verify.atomicity(service.metadata), *CHECKS]
        found = {finding.says: finding.offenders async for finding in verify.run(conn, checks)}
    assert not [word for word in ("198.51", "browser-7") if word in kept], "neither the address nor the visitor is kept"
    assert not {says: number for says, number in found.items() if number}


async def test_nobody_learns_who_is_known_and_what_is_known_stays(desk: Desk, svc: Running, anybody: httpx.AsyncClient) -> None:
    await define(desk)
    known = await desk.lead(email="kim@form.example", contact_name="Kim", phone="+49 30 1")
    said = {"name": "Somebody Else", "company": "Blue River"}
    answers = [
        await anybody.post(PATH, json=SENT | said | over)
        for over in ({"email": "KIM@form.example"}, {"email": "new@form.example"}, {"homepage": "links"}, {"homepage": "links"})
    ]
    assert [(a.status_code, a.content, sorted(a.headers)) for a in answers] == [(202, answers[0].content, sorted(answers[0].headers))] * 4
    await svc.fire_due()
    assert len(await leads(desk)) == 2
    after = await desk.see(known)
    assert (after["contact_name"], after["company"], after["owner_id"]) == ("Kim", "Blue River", known["owner_id"])
    assert [e.data.changed for e in await svc.told(LeadUpdated)] == [["company"]]


async def test_the_same_submission_is_one_however_often_it_comes(desk: Desk, svc: Running, anybody: httpx.AsyncClient) -> None:
    await define(desk)
    assert await asyncio.gather(*[send(anybody, submission_id="s-1", name=f"Kim {n}") for n in range(5)]) == [RECEIVED] * 5
    for _ in range(2):
        await send(anybody, email="lin@form.example")  # a page without a script
    await svc.fire_due()
    await send(anybody, submission_id="s-1")
    svc.clock.advance(days=1)
    await send(anybody, email="lin@form.example")
    await svc.fire_due()
    assert len(await submissions(desk)) == 3
    assert len(await leads(desk)) == 2
    assert len(await svc.told(LeadFormSubmitted)) == 3


async def test_two_workers_make_one_lead_of_one_person(desk: Desk, svc: Running, anybody: httpx.AsyncClient) -> None:
    await define(desk)
    for n in range(6):
        await send(anybody, submission_id=f"s-{n}")
    await asyncio.gather(*[svc.fire_due() for _ in range(3)])
    await svc.fire_due()
    assert len(await leads(desk)) == 1
    assert {one["state"] for one in await submissions(desk)} == {"taken"}


async def test_what_a_robot_fills_is_held_back_until_somebody_accepts_it(desk: Desk, svc: Running, anybody: httpx.AsyncClient) -> None:
    await define(desk)
    await send(anybody, homepage="https://links.example", submission_id="s-1")
    await svc.fire_due()
    (held,) = await submissions(desk, state="held")
    assert (await leads(desk), held["version"]) == ([], 0)
    fields = [{"name": "mail", "label": "E-mail", "lead_field": "email", "required": True}]
    await desk.ask("marketing", "PATCH", PATH, {"fields": fields}, etag="*")  # it was sent by the version before
    accept = f"{PATH}/submissions/{held['id']}/accept"
    assert (await desk.raw("ann", "POST", accept, etag=0)).status_code == 403
    await desk.ask("marketing", "POST", accept, etag=0)
    await svc.fire_due()
    assert [lead["email"] for lead in await leads(desk)] == ["kim@form.example"]
    assert (await desk.raw("marketing", "POST", accept, etag="*")).json()["code"] == "cannot_accept"


async def test_masked_roles_do_not_read_what_was_written(desk: Desk, svc: Running, anybody: httpx.AsyncClient) -> None:
    await define(desk)
    await send(anybody, message="my secret")
    await svc.fire_due()
    (lead,) = await leads(desk)
    for path in (f"{PATH}/submissions", f"/v1/leads/{lead['id']}/submissions"):
        (one,) = (await desk.ask("auditor", "GET", path))["items"]
        assert (one["answers"], one["lead_id"]) == (None, lead["id"])
    assert (await desk.raw("ann", "GET", f"/v1/leads/{lead['id']}/submissions")).status_code == 200, "the pool is seen by sellers"


async def test_a_form_that_is_off_or_unknown_takes_nothing(desk: Desk, anybody: httpx.AsyncClient) -> None:
    await define(desk)
    await desk.ask("marketing", "POST", f"{PATH}/switch-off", etag="*")
    assert (await send(anybody, status=409))["code"] == "form_off"
    assert (await anybody.post("/v1/forms/another", json=SENT)).status_code == 404
    assert await submissions(desk) == []


async def test_what_does_not_fit_is_said_to_whoever_sends_it(desk: Desk, anybody: httpx.AsyncClient) -> None:
    await define(desk)
    wrong = await send(anybody, status=422, email="nobody", owner_id="x")
    assert [e["pointer"] for e in wrong["errors"]] == ["/email", "/owner_id"]
    for content, kind, status in (
        (b"{", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"email=%ff", "application/x-www-form-urlencoded", 422),
        (b"email=a%40b.example&email=c%40d.example", "application/x-www-form-urlencoded", 422),
        (b"email=a", "text/plain", 415),
    ):
        assert (await anybody.post(PATH, content=content, headers={"Content-Type": kind})).status_code == status, content
    assert await submissions(desk) == []


async def test_a_page_with_an_earlier_text_is_taken_with_that_version(desk: Desk, svc: Running, anybody: httpx.AsyncClient) -> None:
    await define(desk)
    newer = [FORM["consents"][0] | {"text": "You may call me.", "text_version": "2027-01"}]
    await desk.ask("marketing", "PATCH", PATH, {"consents": newer}, etag="*")
    await send(anybody)
    await svc.fire_due()
    assert [(e.data.text_version, e.data.purpose) for e in await svc.told(ConsentGranted)] == [("2026-11", "contact")]
    assert (await send(anybody, status=422, consent_contact="2025-01"))["errors"][0]["code"] == "unknown_text_version"


# -- What is let in ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frontends", [(), ("https://crm.example.com",)])
async def test_only_the_sites_of_the_form_may_send_it(postgres: Postgres, frontends: tuple[str, ...]) -> None:
    """Through the origin of the embedded run, and whatever the settings say of frontends, whose own requests go by those."""
    async with running(service, postgres, cors_origins=frontends) as svc:
        origin = Origin([Served(service.name, service.paths, svc.app)], {}, frontends)
        anybody = httpx.AsyncClient(transport=httpx.ASGITransport(app=origin), base_url="http://clinch.test")
        desk = Desk(svc)
        await define(desk)
        asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        allowed = await anybody.options(PATH, headers={"Origin": SITE, **asks})
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, SITE)
        assert (allowed.headers["access-control-allow-methods"], "access-control-allow-credentials" in allowed.headers) == ("POST", False)
        sent = await anybody.post(PATH, json=SENT, headers={"Origin": SITE})
        assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (202, SITE)
        assert "Origin" in sent.headers["vary"]
        wrong = await anybody.post(PATH, json={}, headers={"Origin": SITE})
        assert (wrong.status_code, wrong.headers["access-control-allow-origin"]) == (422, SITE), "the page reads what is wrong"
        for site in (OTHER, "null", f"{SITE}.evil.example", "http://www.example.com", "https://crm.example.com"):
            refused = await anybody.options(PATH, headers={"Origin": site, **asks})
            assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (403, False), site
            plain = await anybody.post(PATH, data=SENT | {"email": "other@form.example"}, headers={"Origin": site})
            assert (plain.status_code, plain.json()["code"]) == (403, "origin_not_allowed")
            assert "access-control-allow-origin" not in plain.headers
        assert (await anybody.options(PATH)).status_code == 405, "no preflight"
        frontend = await anybody.options(PATH, headers={"Origin": "https://crm.example.com", "Access-Control-Request-Method": "PATCH"})
        assert ("access-control-allow-origin" in frontend.headers) == bool(frontends)
        assert len(await submissions(desk)) == 1


async def test_an_address_may_send_so_often_over_all_replicas(postgres: Postgres) -> None:
    async with running(service, postgres, trusted_proxies=1) as svc, running_on(service, svc.settings, svc.clock) as replica:
        await define(Desk(svc))
        await define(Desk(svc), key="other")
        async with at(svc, "10.0.0.1") as one, at(replica, "10.0.0.2") as two:

            async def tried(client: httpx.AsyncClient, forwarded: str, n: int, path: str = PATH) -> int:
                said = SENT | {"email": f"kim{n}@form.example"}  # another address in the form is no other sender
                return (await client.post(path, json=said, headers={"X-Forwarded-For": forwarded})).status_code

            answers = [await tried((one, two)[n % 2], f"6.6.6.{n}, 198.51.100.7", n) for n in range(24)]
            assert answers[:20] == [202] * 20
            assert set(answers[22:]) == {429}, "each replica lets through one portion more at most"
            refused = await one.post(PATH, json=SENT, headers={"X-Forwarded-For": "198.51.100.7"})
            assert (refused.json()["code"], int(refused.headers["Retry-After"]) > 0) == ("rate_limited", True)
            assert await tried(two, "198.51.100.7", 30, "/v1/forms/other") == 202, "each form counts for itself"
            assert await tried(two, "198.51.100.8", 31) == 202, "and each address"
            many = [await tried(one, "198.51.100.7", n, "/v1/forms/unknown") for n in range(130)]
            assert (many[0], many[-1]) == (404, 429), "an address has a limit over all forms too"


async def test_a_long_body_is_refused_before_it_is_read(desk: Desk, anybody: httpx.AsyncClient) -> None:
    await define(desk)
    declared = await anybody.post(PATH, content=b" " * 32_769, headers={"Content-Type": "application/json"})
    assert (declared.status_code, declared.json()["code"]) == (413, "too_large")
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b" " * 8192

    streamed = await anybody.post(PATH, content=endless(), headers={"Content-Type": "application/json"})
    assert streamed.status_code == 413


# -- The page of the documentation -------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The inputs of the page's form, as a browser would send them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inputs: dict[str, dict[str, str | None]] = {}
        self.form: dict[str, str | None] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form":
            self.form = said
        elif tag in ("input", "select", "textarea") and (name := said.get("name")):
            self.inputs[name] = said


async def test_the_page_of_the_documentation_sends_its_form(desk: Desk, svc: Running, anybody: httpx.AsyncClient) -> None:
    await define(desk, thanks_url="https://www.example.com/thanks")
    page = Page(PAGE.read_text())
    assert (page.form["method"], str(page.form["action"]).endswith(PATH)) == ("post", True)
    assert page.inputs.keys() - {"homepage", "consent_contact", "consent_marketing"} == {field["name"] for field in FORM["fields"]}
    filled = {name: said.get("value") or "" for name, said in page.inputs.items()} | {"email": "kim@form.example", "message": "你好"}
    native = await anybody.post(PATH, data=filled, headers={"Origin": "http://127.0.0.1:8010"})
    assert (native.status_code, native.headers["location"]) == (303, "https://www.example.com/thanks")
    scripted = filled | {"submission_id": "drawn", "visitor_id": "browser-1", "utm_source": "news"}
    done(await anybody.post(PATH, json=scripted, headers={"Origin": "http://127.0.0.1:8010"}), 202)
    await svc.fire_due()
    assert [(one["state"], one["answers"], one["consents"]) for one in await submissions(desk)] == [
        ("taken", {"email": "kim@form.example", "message": "你好"}, {"contact": "2026-11", "marketing": "2026-11"})
    ] * 2
