"""The demo played against four services with their workers: what the figures say afterwards is what was planned, to the cent."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from clinch.demo import practice
from clinch.demo.calls import Calls, Refused
from clinch.demo.command import fill
from clinch.demo.keeping import FILES, VIEW
from clinch.demo.offers import OFFERS
from clinch.demo.plan import plan
from clinch.demo.story import Deal, Lead, Plan
from clinch.errors import CommandError
from clinch.run.people import SAMPLE_PEOPLE, SAMPLE_TEAMS
from clinch.run.postgres import Postgres
from clinch.run.seed import seed_people
from shared.auth import person_id
from shared.events.contract import ContractApprovalDelegated, ContractWithdrawn
from shared.events.quote import QuoteLinked, QuoteLinksRevoked
from tests.clinch.walk import ROOT
from tests.flow.system import System, eventually, whole_system

SEED, LEADS = 5340, 100
"""A small year that has everything: see `test_this_year_has_everything`."""
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""What the clock of the services says in tests."""
USD = Decimal(7)
"""The rate that the services are given in tests."""
AGREED = 45
"""For how many days people may say late what they did, before the demo and after it."""
ROLES = {person.key: person.role.value for person in SAMPLE_PEOPLE}


@pytest.fixture
async def system(postgres: Postgres) -> AsyncIterator[System]:
    async with whole_system(postgres) as started:
        yield started


class Silent:
    def stage(self, says: str, total: int) -> Callable[[int], None]:
        return lambda done: None


async def token(person: str) -> str:
    return f"{ROLES[person]}:{person}"


class CutOff(Calls):
    """Gives up after so many requests, as a demo does whose terminal is closed."""

    left = 350

    async def send(self, *given: Any, **more: Any) -> httpx.Response:
        self.left -= 1
        if self.left < 0:
            raise CommandError("cut off")
        return await super().send(*given, **more)


async def told(system: System) -> int:
    return sum([len(await service.told()) for service in system.services.values()])


async def test_the_figures_are_what_was_planned_also_after_an_interruption_and_playing_again_changes_nothing(system: System) -> None:
    year = plan(SEED, LEADS, NOW, "CNY", "USD")
    async with system.client() as http:
        assert await seed_people(http) == len(SAMPLE_TEAMS) + len(SAMPLE_PEOPLE)
        await practice.adopt(Calls(http, token), "agreed", {"company": {"backdate_days": AGREED}})
        with pytest.raises(CommandError, match="cut off"):
            await fill(CutOff(http, token), SEED, LEADS, Silent(), NOW)
        said = await fill(Calls(http, token), SEED, LEADS, Silent(), NOW)
        assert said.startswith("Done in ")

        async def as_planned() -> bool:
            await check_funnel(http, year)
            await check_pipeline(http, year)
            await check_cash(http, year)
            await check_leads(http, year)
            await check_told(system, year)
            return True

        await eventually(as_planned, 30)
        await check_escalation(http, system)
        await check_what_is_kept(http)
        await check_search(http)
        await check_offers(http, year)
        assert (await read(http, "policies/company"))["document"]["backdate_days"] == AGREED
        before = await told(system)
        again = await fill(Calls(http, token), SEED, LEADS, Silent(), NOW)
        assert again.splitlines()[1:] == said.splitlines()[1:]
        assert again.startswith(f"The demo of seed {SEED} is there already; nothing was changed.")
        with pytest.raises(CommandError, match="already, with 100 leads"):
            await fill(Calls(http, token), SEED, LEADS + 1, Silent(), NOW)
        assert await seed_people(http) == 0
        assert await told(system) == before


async def test_what_was_refused_is_a_sentence_that_says_who_and_why(system: System) -> None:
    async with system.client() as http:
        calls = Calls(http, token)
        with pytest.raises(Refused) as refused:
            await calls.get("/v1/leads", by="dev-rep", limit=0)
        assert str(refused.value).startswith("GET /v1/leads as dev-rep was answered 422")
        assert "limit" in str(refused.value)


# -- What was planned ---------------------------------------------------------------------------------------------------------


def test_this_year_has_everything() -> None:
    """The year that is played covers every kind of thing that a demo does."""
    year = plan(SEED, LEADS, NOW, "CNY", "USD")
    contracts = [deal.contract for deal in year.deals if deal.contract]
    assert {deal.stage for deal in year.deals} == {"discovery", "proposal", "negotiation", "closing", "won", "lost"}
    assert any(deal.manual for deal in year.deals)
    assert any(deal.reworked for deal in year.deals)
    assert any(deal.lost and deal.lost.reopened_at for deal in year.deals)
    assert any(deal.quote and deal.quote.rejected_at for deal in year.deals)
    assert any(deal.currency == "USD" for deal in year.deals)
    assert any(contract.voided_at for contract in contracts)
    assert any(contract.objected_at and not contract.withdrawn for contract in contracts)
    assert any(contract.withdrawn for contract in contracts)
    assert any(contract.delegated for contract in contracts)
    assert any(contract.waits for contract in contracts)
    assert {deal.quote.link for deal in year.deals if deal.quote} == {None, "opened", "revoked", "accepted"}
    assert len([deal for deal in year.deals if deal.offer]) == len(OFFERS)
    assert any(payment.reversed_at for contract in contracts for payment in contract.payments)
    assert any(lead.deal for lead in year.written)
    assert any(lead.aside for lead in year.worked)
    assert any(lead.dropped and lead.dropped.reason == "no_response_3" for lead in year.worked)
    assert any(overdue(deal, year) for deal in year.deals)


def reached(deal: Deal) -> int:
    """F4 is 0."""
    ever = [deal.proposal_at or deal.negotiation_at, deal.negotiation_at, deal.closing_at or deal.won_at, deal.stage == "won", deal.paid]
    if deal.won_at:
        ever[:3] = [True] * 3
    return max([n for n, step in enumerate(ever, 1) if step], default=0)


def of_deals(deals: list[Deal]) -> list[int]:
    return [sum(reached(deal) >= step for deal in deals) for step in range(6)]


def funnel_of(leads: list[Lead]) -> list[int]:
    began = [len(leads), sum(1 for lead in leads if lead.mql_at), sum(1 for lead in leads if lead.qualified_at)]
    return [*began, *of_deals([lead.deal for lead in leads if lead.deal])]


def rate(currency: str) -> Decimal:
    return USD if currency == "USD" else Decimal(1)


def overdue(deal: Deal, year: Plan) -> Decimal:
    if not deal.quote or not deal.contract or not deal.contract.signed_at or deal.contract.voided_at:
        return Decimal(0)
    left, late = deal.contract.received, Decimal(0)
    for due_at, amount in deal.contract.due(deal.quote.total, deal.currency):
        paid = min(left, amount)
        left -= paid
        late += amount - paid if due_at < year.now else Decimal(0)
    return late * rate(deal.currency)


# -- What the figures say ----------------------------------------------------------------------------------------------------


async def read(http: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await http.get(f"/v1/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def check_funnel(http: httpx.AsyncClient, year: Plan) -> None:
    """The year as planned, with those who came by the website and those whom their score made MQLs."""
    funnel = await read(http, "metrics/funnel", by="source")
    leads = {lead.key: lead for lead in year.leads}
    found = (await read(http, "leads", limit=200))["items"]
    came = Counter(one["source"] for one in found if one["external_id"] not in leads)
    rose = Counter(one["source"] for one in found if one["state"] == "mql" and not is_mql(leads.get(one["external_id"])))
    assert rose.total() >= 2

    def steps(planned: list[Lead], came: int, rose: int) -> list[int]:
        captured, mqls, *others = funnel_of(planned)
        return [captured + came, mqls + rose, *others]

    assert [step["n"] for step in funnel["total"]["steps"]] == steps(list(year.leads), came.total(), rose.total())
    assert [step["n"] for step in funnel["direct"]["steps"]] == of_deals([direct.deal for direct in year.direct])
    by_source = {group["group"]: [step["n"] for step in group["steps"]] for group in funnel["groups"]}
    planned = {name: [lead for lead in year.leads if lead.source.name == name] for name in by_source}
    assert by_source == {name: steps(of, came[name], rose[name]) for name, of in planned.items()}


def is_mql(lead: Lead | None) -> bool:
    return lead is not None and lead.mql_at is not None


async def check_pipeline(http: httpx.AsyncClient, year: Plan) -> None:
    pipeline = await read(http, "metrics/pipeline")
    found = {stage["stage"]: (stage["n"], Decimal(stage["amount"])) for stage in pipeline["total"]["stages"]}
    standing = {stage: [deal for deal in year.deals if deal.stage == stage] for stage in found}
    assert found == {stage: (len(deals), sum((d.worth * rate(d.currency) for d in deals), Decimal(0))) for stage, deals in standing.items()}


async def check_cash(http: httpx.AsyncClient, year: Plan) -> None:
    planned = [payment for deal in year.deals if deal.contract for payment in deal.contract.payments]
    payments = (await read(http, "payments", limit=200))["items"]
    assert Counter(Decimal(p["amount"]["amount"]) for p in payments) == Counter(p.amount for p in planned)
    assert sum(1 for p in payments if p["reversed_at"]) == sum(1 for p in planned if p.reversed_at) == 1
    late = await read(http, "metrics/kpis/overdue_rate")
    assert Decimal(late["total"]["parts"]["overdue"]) == sum(overdue(deal, year) for deal in year.deals)


async def check_leads(http: httpx.AsyncClient, year: Plan) -> None:
    """Each stands where it was left, but those that the campaign at the end of the year takes up again."""
    found = {lead["external_id"]: lead for lead in (await read(http, "leads", limit=200))["items"]}
    again = {lead.key for lead in year.leads if lead.dropped and found[lead.key]["state"] != "disqualified"}
    assert {lead.key: found[lead.key]["state"] for lead in year.leads if lead.key not in again} == {
        lead.key: state_of(lead) for lead in year.leads if lead.key not in again
    }
    dormant = [lead for lead in year.leads if lead.dropped and lead.dropped.reason == "no_response_3"]
    assert again == {lead.key for lead in dormant if lead.prospect.region.name == "East China"} != set()
    assert {found[key]["state"] for key in again} <= {"captured", "mql"}


async def check_told(system: System, year: Plan) -> None:
    """The reviews that are withdrawn and delegated, and the links that customers get, are as planned."""
    contracts = [deal.contract for deal in year.deals if deal.contract]
    links = [deal.quote.link for deal in year.deals if deal.quote and deal.quote.link]
    events = [*await system["deal-svc"].told(), *await system["contract-svc"].told()]
    found = Counter(type(event.data) for event in events)
    assert found[ContractWithdrawn] == sum(contract.withdrawn for contract in contracts)
    assert found[ContractApprovalDelegated] == sum(contract.delegated for contract in contracts)
    assert (found[QuoteLinked], found[QuoteLinksRevoked]) == (len(links), links.count("revoked"))


async def check_what_is_kept(http: httpx.AsyncClient) -> None:
    """A view that the manager's team has too, and a file on a deal and on a lead."""
    [view] = (await answered(http, "rep:dev-rep", "/v1/views", kind="leads"))["items"]
    assert (view["name"], view["team_id"] is not None) == (VIEW, True)
    assert view["owner_id"] != str(person_id("dev-rep"))
    for kind, oldest, name, _ in FILES:
        [record] = (await answered(http, "rep:dev-rep", f"/v1/{kind}", owner_id="me", sort=oldest, limit=1))["items"]
        attached = (await answered(http, "rep:dev-rep", f"/v1/{kind}/{record['id']}/attachments"))["items"]
        assert [one["name"] for one in attached] == [name]


async def check_search(http: httpx.AsyncClient) -> None:
    """What the page about searching looks for is there."""
    examples = re.findall(r"'q=([^']+)' --data '(\w+)=(\w+)'", (ROOT / "docs/search.md").read_text())
    assert len(examples) == 2
    for q, name, value in examples:
        assert (await answered(http, "director:dev-director", "/v1/search", q=q, **{name: value}))["items"], q


async def answered(http: httpx.AsyncClient, who: str, path: str, **asked: Any) -> Any:
    answer = await http.get(path, params=asked, headers={"Authorization": f"Bearer {who}"})
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


async def check_offers(http: httpx.AsyncClient, year: Plan) -> None:
    """Each quote that waits is priced by the list, in instalments, and for those who may decide; one was accepted by its customer."""
    [listed] = (await read(http, "price-lists"))["items"]
    assert (listed["state"], listed["currency"]) == ("active", "CNY")
    assert [part["sku"] for entry in listed["entries"] for part in entry["parts"]] == ["DP-CORE", "DP-25", "DP-START"]
    waiting = (await read(http, "quotes", status="pending_approval"))["items"]
    assert sorted(offered["tier"] for offered in waiting) == ["director_finance", "manager"]
    for offered in waiting:
        packs = next(line for line in offered["lines"] if line["sku"].endswith("-25"))
        [of_packs] = [entry for entry in listed["entries"] if entry["product_id"] == packs["product_id"]]
        assert Decimal(packs["unit_price"]) < Decimal(of_packs["unit_price"])
        assert sum(Decimal(term["due"]["amount"]) for term in offered["schedule"]) == Decimal(offered["total"]["amount"])
        assert {term["trigger"] for term in offered["schedule"]} == {"signed", "date"}
    assert {who: await steps_for(http, who) for who in ("director", "finance", "legal")} == {
        "director": {"director", "manager"},
        "finance": {"finance"},
        "legal": {"legal"},
    }
    [accepted] = [deal.quote for deal in year.deals if deal.quote and deal.quote.link == "accepted"]
    [quote] = [q for q in (await read(http, "quotes", status="accepted", limit=200))["items"] if q["viewed_at"]]
    assert Decimal(quote["total"]["amount"]) == accepted.total
    evidence = (await read(http, f"quotes/{quote['id']}/evidence"))["items"]
    assert [did["did"] for did in evidence] == ["viewed", "accepted"]


async def steps_for(http: httpx.AsyncClient, role: str) -> set[str]:
    """The steps of quotes that wait for a sample person."""
    waiting = (await answered(http, f"{role}:dev-{role}", "/v1/approvals", **{"for": "me"}))["items"]
    return {item["what"] for item in waiting if item["quote_id"]}


async def check_escalation(http: httpx.AsyncClient, system: System) -> None:
    """The review that waits is due a moment after the demo, and late a moment later."""
    waiting = (await read(http, "contracts/approvals"))["items"]
    soon = [item for item in waiting if item["due_at"] and NOW < datetime.fromisoformat(item["due_at"]) < NOW + timedelta(minutes=1)]
    assert [item["part"] for item in soon] == ["legal", "finance", "manager"]
    system["contract-svc"].clock.advance(minutes=1)

    async def escalated() -> bool:
        late = (await read(http, "contracts/approvals", overdue="true"))["items"]
        return {item["id"] for item in soon} <= {item["id"] for item in late}

    assert await eventually(escalated, 10)


def state_of(lead: Lead) -> str:
    if lead.deal:
        return "converted"
    if lead.dropped:
        return "disqualified"
    if lead.aside:
        return "captured" if lead.aside.again_at else "nurturing"
    return "sql" if lead.qualified_at else "mql" if lead.mql_at else "captured"
