"""Sources that the company's policy names: each spelling of one is one source, wherever a lead comes from."""

from typing import Any

import pytest

from lead_svc.imports.commands import take
from lead_svc.imports.form import LeadRow
from shared.auth import SYSTEM
from shared.db.context import Context
from shared.events.lead import LeadCaptured
from shared.events.team import PersonHandedOver
from shared.policy.company import COMPANY_POLICY
from shared.policy.store import begin
from shared.spelling import SOURCES
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk

PATH = "/v1/policies/company/versions"
NAMED = {"sources": [*SOURCES, "webinar_series"], "source_spellings": {"Messe": "trade_show", "线上讲座": "webinar_series"}}
SPELLINGS = ("Webinar Series", "WEBINAR-SERIES", "webinar_series", "线上讲座")


async def say(desk: Desk, **document: Any) -> None:
    """Another version of the company's document is active."""
    number = (await desk.ask("sales_ops:ola", "POST", PATH, {"document": document}, expect=201))["number"]
    for act in ("approve", "activate"):
        await desk.ask("director:dan", "POST", f"{PATH}/{number}/{act}", {}, etag="*")


@pytest.fixture
async def named(desk: Desk, svc: Running) -> Desk:
    await begin(svc.db, [COMPANY_POLICY], Context("lead-svc", SYSTEM, svc.clock(), "test"))
    svc.db.policies.forget()
    await say(desk, **NAMED)
    return desk


async def test_a_lead_that_is_entered_has_the_source_that_the_policy_names(named: Desk, svc: Running) -> None:
    for text in SPELLINGS:
        lead = await named.lead(source=text)
        assert (lead["source"], lead["first_touch"]) == ("webinar_series", "webinar_series")
    assert {event.data.source for event in await svc.told(LeadCaptured) if isinstance(event.data, LeadCaptured)} == {"webinar_series"}
    assert (await named.lead(source="messe"))["source"] == "trade_show"
    assert (await named.lead(source="Word of Mouth"))["source"] == "word of mouth"


async def test_a_lead_that_is_changed_has_it_too(named: Desk) -> None:
    lead = await named.lead()
    assert (await named.act(lead, "", method="PATCH", source="Webinar series"))["source"] == "webinar_series"
    assert (await named.act(lead, "", method="PATCH", source=None))["source"] is None


async def test_leads_in_bulk_and_from_files_have_it_too(named: Desk, svc: Running) -> None:
    rows = [{"external_id": f"bulk-{n}", "source": text} for n, text in enumerate(SPELLINGS)]
    items = done(await named.raw("ops", "POST", "/v1/leads/bulk", {"items": rows}, key="k"), 207)["items"]
    assert {item["status"] for item in items} == {201}
    read = [(n, LeadRow.model_validate({"external_id": f"file-{n}", "source": text})) for n, text in enumerate(SPELLINGS)]
    for created in (len(read), 0):  # the same file once more changes nothing
        async with svc.transaction() as tx:
            outcome = await take(tx, read, svc.settings)
        assert (outcome.created, outcome.unchanged) == (created, len(read) - created)
    found = done(await named.by("admin").get("/v1/leads"))["items"]
    assert [lead["source"] for lead in found] == ["webinar_series"] * 8


async def test_lists_find_it_by_any_spelling(named: Desk) -> None:
    lead, other = await named.lead(source="Webinar Series"), await named.lead(source="Messe")
    none = done(await named.raw("ann", "POST", "/v1/leads", {}), 201)

    async def found(source: str) -> set[str]:
        return {one["id"] for one in (await named.ask("admin", "GET", "/v1/leads", source=source, count="exact"))["items"]}

    for text in SPELLINGS:
        assert await found(text) == {lead["id"]}
    assert await found("线上讲座,MESSE") == {lead["id"], other["id"]}
    assert await found("线上讲座,none") == {lead["id"], none["id"]}
    assert await found("none") == {none["id"]}


async def test_a_hand_over_names_it_by_any_spelling(named: Desk, svc: Running) -> None:
    body = {"to": named.id("bob"), "kinds": ["leads"], "filter": {"source": "线上讲座"}}
    await named.ask("admin", "POST", f"/v1/team/people/{named.id('ann')}/hand-over", body, etag="*", expect=202)
    (told,) = [event.data for event in await svc.told(PersonHandedOver)]
    assert isinstance(told, PersonHandedOver)
    assert told.filter.source == "webinar_series"


async def test_what_is_stored_keeps_its_source_when_the_policy_changes(named: Desk) -> None:
    before = await named.lead(source="Word of Mouth")
    await say(named, sources=[*NAMED["sources"], "word_of_mouth"])
    assert (await named.see(before))["source"] == "word of mouth"
    assert (await named.lead(source="Word of Mouth"))["source"] == "word_of_mouth"


@pytest.mark.parametrize(
    ("document", "pointer", "says"),
    [
        ({"source_spellings": {"Messe": "fair"}}, "/document/source_spellings", "not among the sources"),
        ({"source_spellings": {"Trade Show": "seo"}}, "/document/source_spellings", "no name of a source"),
        ({"source_spellings": {"Messe": "seo", "MESSE": "sem"}}, "/document/source_spellings", "each text once"),
        ({"sources": ["seo"], "source_spellings": {}}, None, None),
        ({"sources": ["seo"]}, "/document/source_spellings", "not among the sources"),
    ],
)
async def test_spellings_that_mean_nothing_are_refused(named: Desk, document: Any, pointer: str | None, says: str | None) -> None:
    answer = await named.raw("sales_ops", "POST", PATH, {"document": document})
    if pointer is None or says is None:
        done(answer, 201)
        return
    (error,) = done(answer, 422)["errors"]
    assert error["pointer"] == pointer
    assert says in error["message"]
