"""Sources that the company's policy names, in deals: deal-svc goes by its copy of that document."""

from typing import Any
from uuid import uuid4

import pytest

from deal_svc.imports.commands import take
from deal_svc.imports.form import DealRow
from shared.events.policy import PolicyActivated
from shared.policy.company import COMPANY_POLICY, CompanyPolicy
from shared.spelling import SOURCES
from tests.deal.sales import Sales
from tests.deal.test_reactions import converted
from tests.harness import Running

TEXTS = ("Webinar Series", "WEBINAR-SERIES", "webinar_series", "线上讲座")


@pytest.fixture
async def named(sales: Sales, svc: Running) -> Sales:
    """lead-svc has told of a document with one more source."""
    document = CompanyPolicy(sources=(*SOURCES, "webinar_series"), source_spellings={"线上讲座": "webinar_series"})
    told: dict[str, Any] = dict.fromkeys(("author_id", "approved_by", "activated_by"), uuid4())
    event = PolicyActivated(
        service="lead-svc",
        name="company",
        version=2,
        document=document.stored(),
        active_from=svc.clock(),
        replaces=1,
        running="keep",
        **told,
    )
    await svc.hear(event, COMPANY_POLICY.subject, 5)
    svc.db.policies.forget()
    return sales


async def test_a_deal_that_is_opened_or_changed_has_the_source_that_the_policy_names(named: Sales) -> None:
    for text in TEXTS:
        assert (await named.deal(source=text))["source"] == "webinar_series"
    other = await named.deal(source="Word of Mouth")
    assert other["source"] == "word of mouth"
    changed = await named.ask("rep:ann", "PATCH", f"/v1/deals/{other['id']}", {"source": "线上讲座"}, etag="*")
    assert changed["source"] == "webinar_series"


async def test_a_deal_of_a_lead_or_a_file_has_it_too(named: Sales, svc: Running) -> None:
    event = converted(svc, source="Webinar Series")
    await svc.hear(event, uuid4(), 7)
    read = [
        (n, DealRow.model_validate({"external_id": f"d-{n}", "source": t, "opened_at": "2026-01-05T00:00:00Z"}))
        for n, t in enumerate(TEXTS)
    ]
    for created in (len(read), 0):  # the same file once more changes nothing
        async with svc.transaction() as tx:
            outcome = await take(tx, read, svc.settings)
        assert (outcome.created, outcome.unchanged) == (created, len(read) - created)
    deals = (await named.ask("admin", "GET", "/v1/deals"))["items"]
    assert [deal["source"] for deal in deals] == ["webinar_series"] * 5


async def test_lists_find_it_by_any_spelling(named: Sales) -> None:
    deal, _ = await named.deal(source="Webinar Series"), await named.deal(source="seo")
    for text in TEXTS:
        found = await named.ask("admin", "GET", "/v1/deals", source=text)
        assert [one["id"] for one in found["items"]] == [deal["id"]]
