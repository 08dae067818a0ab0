"""What a record lists as its allowed actions is what the routes do, for every role, owner and state."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from deal_svc.acts import DEAL_ACTS, QUOTE_ACTS
from deal_svc.catalog.rules import PRODUCT_ACTS
from deal_svc.catalog.tables import PRODUCTS
from deal_svc.deals.pipeline import Stage
from deal_svc.deals.tables import DEALS
from deal_svc.price_lists.rules import PRICE_LIST_ACTS
from deal_svc.price_lists.tables import PRICE_LISTS
from deal_svc.quote_templates.rules import QUOTE_TEMPLATE_ACTS
from deal_svc.quote_templates.tables import QUOTE_TEMPLATES
from deal_svc.quotes.record import QuoteStatus
from deal_svc.quotes.tables import QUOTES
from shared.auth.actor import Role
from shared.db.query import Aggregate
from shared.events.team import PersonAdded
from tests.acts import Acts
from tests.deal.sales import TEAM, Sales
from tests.deal.test_ways_on import Paper

ROLES = tuple(f"{role}:{role}" for role in Role if role not in (Role.system, Role.rep, Role.manager, Role.presales, Role.assistant))
TEAM_MATES = ("rep:ann", "rep:bob", "manager:max", "presales:pat", "assistant:ash")
EVERYBODY = (*TEAM_MATES, *ROLES)
TELLING = ("rep:ann", "manager:max", "director:director", "csm:csm", "presales:pat", "auditor:auditor")
"""Those among them who may each do something else."""


@pytest.fixture
async def office(sales: Sales) -> Sales:
    for role, key in (("presales", "pat"), ("assistant", "ash"), ("kam", "kam"), ("csm", "csm")):
        await sales.svc.hear(PersonAdded(role=role, team_id=TEAM, team_path=[TEAM]), sales.svc.person(role, key))
    for role in ("director", "finance", "legal", "admin"):
        await sales.svc.hear(PersonAdded(role=role, team_id=None, team_path=[]), sales.svc.person(role, role))
    return sales


class Property:
    """The acts of one kind of record, held against each record that a test gives."""

    def __init__(self, sales: Sales, acts: Sequence[Any], of: Aggregate[Any], path: str) -> None:
        self.sales, self.acts, self.of, self.path = sales, Acts(sales, acts), of, path
        self.states: set[str] = set()

    async def hold(self, made: dict[str, Any], whos: Sequence[str] = TELLING) -> None:
        async with self.sales.svc.db.read() as db:
            row: Any = await db.get(self.of, UUID(made["id"]))

        async def read(who: str) -> dict[str, Any] | None:
            answer = await self.sales.raw(who, "GET", f"{self.path}/{row.id}")
            return answer.json() if answer.is_success else None

        self.states.add(row.status if self.of is QUOTES else getattr(row, "stage", ""))
        await self.acts.hold(row, whos, read)


async def drafted(sales: Sales, who: str = "rep:ann") -> dict[str, Any]:
    """A deal with a proposal to present, and with what the samples name by the deal's own id: a contact and an entry of the SPIN record."""
    deal = await sales.deal(who)
    path = f"/v1/deals/{deal['id']}"
    await sales.ask(who, "POST", f"{path}/proposals", {"title": "Solution"}, expect=201)
    await sales.contact(id=UUID(deal["id"]))
    await sales.ask(who, "POST", f"{path}/contacts", {"contact_id": deal["id"], "committee_role": "user"}, expect=201)
    entry = await sales.ask(who, "POST", f"{path}/spin", {"part": "problem", "text": "Leads get lost"}, expect=201)
    async with sales.svc.transaction() as tx:
        await tx.execute("UPDATE spin_entry SET id = deal_id WHERE id = $1", UUID(entry["id"]))
    return deal


async def fallen(sales: Sales) -> dict[str, Any]:
    """A deal with an accepted quote whose contract was voided."""
    deal = await drafted(sales)
    quote = await sales.quote(deal)
    await sales.act(quote, "send")
    paper = Paper(sales.svc, deal, await sales.agree(quote))
    await paper.draft()
    await paper.void()
    return deal


async def test_deals_in_every_stage(office: Sales) -> None:
    holds = Property(office, DEAL_ACTS, DEALS, "/v1/deals")
    deal = await drafted(office)
    await holds.hold(deal, EVERYBODY)
    await office.ready_for_proposal(deal)
    await holds.hold(deal)
    for stage in (Stage.PROPOSAL, Stage.NEGOTIATION, Stage.CLOSING):
        await office.move(deal, stage, "manager:max", reason="The customer knows what they want")
        await holds.hold(deal)
    await office.ask("director", "POST", f"/v1/deals/{deal['id']}/win", {"evidence": "Order 4711"}, etag="*")
    await holds.hold(deal)
    lost = await drafted(office)
    await office.ask("rep:ann", "POST", f"/v1/deals/{lost['id']}/lose", {"reason": "price"}, etag="*")
    await holds.hold(lost, EVERYBODY)
    await holds.hold(await fallen(office), EVERYBODY)
    assert holds.states == set(Stage)
    holds.acts.complete()


async def test_deals_of_others_and_of_nobody(office: Sales) -> None:
    holds = Property(office, DEAL_ACTS, DEALS, "/v1/deals")
    for owner in ("csm:csm", "kam:kam", "manager:max"):
        deal = await drafted(office, owner)
        await holds.hold(deal, (owner, "csm:csm", "manager:max", "assistant:ash"))
    async with office.svc.transaction() as tx:
        await tx.execute("UPDATE deal SET owner_id = NULL WHERE id = $1", UUID(deal["id"]))
    # Who sees all and owns nothing gives it to somebody else, which a sample cannot tell of.
    await holds.hold(deal, [who for who in EVERYBODY if who.partition(":")[0] not in ("admin", "director", "sales_ops")])


async def test_quotes_in_every_status(office: Sales) -> None:
    holds = Property(office, QUOTE_ACTS, QUOTES, "/v1/quotes")
    deal = await office.deal()
    rejected, withdrawn, expired, first = [await office.quote(deal) for _ in range(4)]
    await holds.hold(first, EVERYBODY)
    await holds.hold(await office.quote(deal, lines=[]))
    for quote in (rejected, expired, first):
        await office.act(quote, "send")
    await holds.hold(first, EVERYBODY)
    await office.act(rejected, "reject", reason="Too dear")
    await office.act(withdrawn, "withdraw", reason="Wrong product")
    second = await office.act(first, "revise", expect=201)
    await office.act(second, "send")
    await holds.hold(second, EVERYBODY)
    await office.move(deal, Stage.NEGOTIATION, "manager:max", reason="The customer knows what they want")
    await holds.hold(second)
    accepted = await office.act(second, "accept")
    small, large, approved = [await office.quote(deal, total_discount_percent=off) for off in ("15", "35", "5")]
    await office.ask("rep:ann", "PATCH", f"/v1/quotes/{small['id']}", {"special_terms": "A penalty"}, etag="*")
    for quote in (small, large, approved):
        await office.act(quote, "submit")
    async with office.svc.transaction() as tx:
        await tx.execute("UPDATE quote SET status = 'expired', valid_until = '2026-03-01' WHERE id = $1", UUID(expired["id"]))
    for quote in (rejected, withdrawn, expired, first, accepted, approved):
        await holds.hold(quote)
    for quote in (small, large):
        await holds.hold(quote, EVERYBODY)
    assert holds.states == set(QuoteStatus)
    await office.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "price"}, etag="*")
    await holds.hold(accepted)
    holds.acts.complete()


@pytest.mark.parametrize("off", ["15", "25", "40"])
async def test_quotes_with_a_discount(office: Sales, off: str) -> None:
    """As a draft, and up for approval, where nobody decides their own."""
    holds = Property(office, QUOTE_ACTS, QUOTES, "/v1/quotes")
    asked = ("rep:ann", "manager:max", "director:director", "finance:finance", "admin:admin")
    quote = await office.quote(await office.deal(), total_discount_percent=off)
    await holds.hold(quote, asked)
    await office.act(quote, "submit", "manager:max" if off != "15" else "rep:ann")
    await holds.hold(quote, asked)


async def test_price_lists(office: Sales) -> None:
    holds = Property(office, PRICE_LIST_ACTS, PRICE_LISTS, "/v1/price-lists")
    entry = {"product_id": office.products["CRM-1"], "unit_price": "900"}
    for name in ("draft", "active", "retired"):
        body = {"name": name, "currency": "CNY", "channel": name, "valid_from": "2026-01-01", "entries": [entry]}
        one = await office.ask("ops", "POST", "/v1/price-lists", body, expect=201)
        for act in {"draft": (), "active": ("activate",), "retired": ("activate", "retire")}[name]:
            await office.ask("ops", "POST", f"/v1/price-lists/{one['id']}/{act}", etag="*")
        await holds.hold(one, EVERYBODY)
    holds.acts.complete()


async def test_quote_templates(office: Sales) -> None:
    holds = Property(office, QUOTE_TEMPLATE_ACTS, QUOTE_TEMPLATES, "/v1/quote-templates")
    for name in ("draft", "active", "retired"):
        one = await office.ask("ops", "POST", "/v1/quote-templates", {"name": name, "channel": name, "texts": {"en": {}}}, expect=201)
        for act in {"draft": (), "active": ("activate",), "retired": ("activate", "retire")}[name]:
            await office.ask("ops", "POST", f"/v1/quote-templates/{one['id']}/{act}", etag="*")
        await holds.hold(one, EVERYBODY)
    holds.acts.complete()


async def test_products(office: Sales) -> None:
    holds = Property(office, PRODUCT_ACTS, PRODUCTS, "/v1/products")
    await holds.hold({"id": office.products["CRM-1"]}, EVERYBODY)
    holds.acts.complete()
