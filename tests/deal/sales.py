"""Makers for the tests of deal-svc: what a salesperson does, through the API."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.events.party import AccountCreated, AccountMemberAdded, ContactCreated
from shared.events.team import PersonAdded
from shared.ids import external_id, new_id
from tests.client import Client
from tests.harness import Running

TEAM, OTHER_TEAM = external_id("team", "north"), external_id("team", "south")
ACME = external_id("account", "acme")


@dataclass
class Sales(Client):
    products: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def start(cls, svc: Running) -> "Sales":
        sales = cls(svc)
        for subject, role, team in (("ann", "rep", TEAM), ("bob", "rep", TEAM), ("max", "manager", TEAM), ("zoe", "manager", OTHER_TEAM)):
            await svc.hear(PersonAdded(role=role, team_id=team, team_path=[team]), svc.person(role, subject))
        await svc.hear(AccountCreated(name="Acme Ltd", region="east", owner_id=svc.person("rep", "ann")), ACME)
        for version, (role, mate) in enumerate((("rep", "bob"), ("kam", "kam"), ("csm", "csm")), 2):
            await svc.hear(AccountMemberAdded(person_id=svc.person(role, mate), part="member"), ACME, version)
        await sales.product("CRM-1", line="crm", price="1000")
        return sales

    async def product(self, sku: str, *, line: str, price: str, currency: str = "CNY", tax: str = "13") -> str:
        made = await self.ask("ops", "POST", "/v1/products", {"sku": sku, "name": sku, "line": line, "tax_percent": tax}, expect=201)
        money = {"amount": price, "currency": currency}
        put = {"unit_price": money, "valid_from": "2025-01-01"}
        await self.ask("ops", "PUT", f"/v1/products/{made['id']}/prices", put, etag=made["version"])
        self.products[sku] = made["id"]
        return str(made["id"])

    async def deal(self, who: str = "rep:ann", **over: Any) -> dict[str, Any]:
        body = {"name": "Acme CRM", "account_id": str(ACME), "amount": {"amount": "50000", "currency": "CNY"}} | over
        return await self.ask(who, "POST", "/v1/deals", body, expect=201)

    async def read(self, deal: dict[str, Any], who: str = "admin") -> dict[str, Any]:
        return await self.ask(who, "GET", f"/v1/deals/{deal['id']}")

    async def quote(self, deal: dict[str, Any], who: str = "rep:ann", **over: Any) -> dict[str, Any]:
        body = {"deal_id": deal["id"], "lines": [self.line("10")]} | over
        return await self.ask(who, "POST", "/v1/quotes", body, expect=201)

    def line(self, quantity: str = "1", sku: str = "CRM-1", **over: Any) -> dict[str, Any]:
        return {"product_id": self.products[sku], "quantity": quantity} | over

    async def act(self, quote: dict[str, Any], action: str, who: str = "rep:ann", *, expect: int = 200, **body: Any) -> dict[str, Any]:
        """An action on the quote in its present version."""
        current = await self.ask("admin", "GET", f"/v1/quotes/{quote['id']}")
        return await self.ask(who, "POST", f"/v1/quotes/{quote['id']}/{action}", body, expect=expect, etag=current["version"])

    async def agree(self, quote: dict[str, Any], *, expect: int = 200, **body: Any) -> dict[str, Any]:
        """A manager records that the customer accepted, with a reason: so it works at any stage of the deal."""
        return await self.act(quote, "accept", "manager:max", expect=expect, reason="They ordered by phone", **body)

    async def decide(
        self, quote: dict[str, Any], step: str, who: str, decision: str = "approved", *, expect: int = 200, **more: Any
    ) -> dict[str, Any]:
        """Decide a step of the approval of a quote as it was answered."""
        body = {"step": step, "decision": decision, "content_hash": quote["content_hash"]} | more
        return dict(await self.ask(who, "POST", f"/v1/quotes/{quote['id']}/decisions", body, expect=expect))

    async def move(
        self, deal: dict[str, Any], to: str, who: str = "rep:ann", *, expect: int = 200, etag: Any = "*", **body: Any
    ) -> dict[str, Any]:
        return await self.ask(who, "POST", f"/v1/deals/{deal['id']}/transitions", {"to": to, **body}, expect=expect, etag=etag)

    async def move_to_proposal(self, deal: dict[str, Any]) -> dict[str, Any]:
        """A manager moves it there; the deal as its seller then sees it."""
        await self.move(deal, "proposal", "manager:max", reason="The customer is in a hurry")
        return await self.read(deal, "rep:ann")

    async def ready_for_proposal(self, deal: dict[str, Any]) -> None:
        path = f"/v1/deals/{deal['id']}"
        for part in ("situation", "problem", "implication", "need_payoff"):
            await self.ask("rep:ann", "POST", f"{path}/spin", {"part": part, "text": "They said so"}, expect=201)
        await self.ask("rep:ann", "POST", f"{path}/needs-confirmation", {"needs": "One place for all leads"}, etag="*")
        await self.member(deal, decision_maker=False)
        await self.ask("rep:ann", "PUT", f"{path}/next-step", {"what": "Demo", "due_at": "2026-03-09T09:00:00Z"}, etag="*")

    async def member(self, deal: dict[str, Any], *, decision_maker: bool, contact: UUID | None = None) -> dict[str, Any]:
        who = contact or await self.contact()
        body = {"contact_id": str(who), "committee_role": "economic_buyer", "decision_maker": decision_maker}
        return await self.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/contacts", body, expect=201)

    async def contact(self, of: UUID = ACME, *, id: UUID | None = None) -> UUID:
        """Somebody who works at the account."""
        contact = id or new_id()
        await self.svc.hear(ContactCreated(account_id=of), contact)
        return contact

    async def present(self, deal: dict[str, Any]) -> None:
        path = f"/v1/deals/{deal['id']}/proposals"
        point = {"pain": "Leads get lost", "capability": "Follow-up timers", "value": "12 % more deals"}
        drafted = await self.ask("rep:ann", "POST", path, {"title": "Solution", "points": [point]}, expect=201)
        await self.ask("rep:ann", "POST", f"{path}/{drafted['number']}/present", {})

    async def closing(self, **quoted: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """A deal that went the whole way to `closing`, and its accepted quote."""
        deal = await self.deal()
        await self.ready_for_proposal(deal)
        await self.move(deal, "proposal")
        await self.present(deal)
        await self.member(deal, decision_maker=True)
        quote = await self.quote(deal, **quoted)
        await self.act(quote, "send")
        await self.move(deal, "negotiation")
        accepted = await self.act(quote, "accept")
        return await self.move(deal, "closing"), accepted
