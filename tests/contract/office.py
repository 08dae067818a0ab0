"""Makers for the tests of contract-svc: what the office does with a contract, through events and the API."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from shared.events.envelope import Money
from shared.events.party import AccountCreated
from shared.events.quote import PaymentTerm, QuoteAccepted, QuoteLineData
from shared.events.team import PersonAdded
from shared.ids import external_id, new_id
from tests.client import Client
from tests.harness import Running

TEAM, OTHER_TEAM = external_id("team", "north"), external_id("team", "south")
ACME = external_id("account", "acme")
SIGNERS = [{"name": "Ms Chen", "contact_id": str(external_id("contact", "chen"))}, {"name": "Mr Wu", "contact_id": None}]
PEOPLE = (("ann", "rep", TEAM), ("bob", "rep", TEAM), ("max", "manager", TEAM), ("nora", "assistant", TEAM), ("zoe", "manager", OTHER_TEAM))


def schedule(*terms: tuple[str, str, int]) -> list[PaymentTerm]:
    return [PaymentTerm.model_validate({"trigger": trigger, "percent": percent, "due_days": days}) for trigger, percent, days in terms]


DEFAULT = schedule(("signed", "50", 30), ("go_live", "30", 30), ("accepted", "20", 30))


def quote(owner: UUID, total: str = "113000", currency: str = "CNY", **over: Any) -> QuoteAccepted:
    def money(amount: Decimal | str) -> Money:
        return Money(amount=Decimal(amount), currency=currency)

    line = QuoteLineData(
        product_id=external_id("product", "CRM-1"),
        sku="CRM-1",
        name="CRM suite",
        quantity=Decimal(10),
        unit_price=Decimal(total) / 10,
        discount_percent=Decimal(0),
        tax_percent=Decimal(0),
        net=Decimal(total),
        tax=Decimal(0),
    )
    given: dict[str, Any] = {
        "owner_id": owner,
        "team_id": TEAM,
        "source": "referral",
        "product": "crm",
        "region": "east",
        "deal_id": new_id(),
        "account_id": ACME,
        "account_name": "Acme Ltd",
        "number": "Q-100001",
        "revision": 1,
        "list_total": money(total),
        "net": money(total),
        "tax": money("0"),
        "total": money(total),
        "fx": Decimal(1),
        "discount_percent": Decimal(0),
        "valid_until": date(2026, 4, 1),
        "lines": [line],
        "schedule": DEFAULT,
    }
    return QuoteAccepted(**given | over)


class Office(Client):
    @classmethod
    async def start(cls, svc: Running) -> "Office":
        for subject, role, team in PEOPLE:
            await svc.hear(PersonAdded(role=role, team_id=team, team_path=[team]), svc.person(role, subject))
        await svc.hear(AccountCreated(name="Acme Ltd", owner_id=svc.person("csm")), ACME)
        return cls(svc)

    # -- A contract, step by step ------------------------------------------------------------------------------------------

    async def draft(self, *, at: datetime | None = None, **over: Any) -> dict[str, Any]:
        """The contract of a newly accepted quote; ann's."""
        quote_id = new_id()
        await self.svc.hear(quote(self.svc.person("rep", "ann"), **over), quote_id, at=at)
        (found,) = (await self.ask("admin", "GET", "/v1/contracts", quote_id=str(quote_id)))["items"]
        return await self.read(found)

    async def read(self, contract: dict[str, Any], who: str = "admin") -> dict[str, Any]:
        return dict(await self.ask(who, "GET", f"/v1/contracts/{contract['id']}"))

    async def act(
        self, contract: dict[str, Any], action: str, who: str = "rep:ann", *, etag: Any = "*", expect: int = 200, **body: Any
    ) -> dict[str, Any]:
        path = f"/v1/contracts/{contract['id']}/{action}"
        return dict(await self.ask(who, "POST", path, body, etag=etag, expect=expect))

    async def review(
        self, contract: dict[str, Any], part: str, who: str | None = None, *, decision: str = "approved", expect: int = 200, **more: Any
    ) -> dict[str, Any]:
        current = await self.read(contract)
        body = {"part": part, "decision": decision, "content_hash": current["content_hash"] or "0" * 64} | more
        by = who or {"manager": "manager:max"}.get(part, part)
        return dict(await self.ask(by, "POST", f"/v1/contracts/{contract['id']}/reviews", body, expect=expect))

    async def approved(self, who: str = "rep:ann", **over: Any) -> dict[str, Any]:
        contract = await self.draft(**over)
        await self.act(contract, "submit", who)
        for part in ("legal", "finance", "manager"):
            contract = await self.review(contract, part)
        return contract

    async def sent(self, who: str = "rep:ann", **over: Any) -> dict[str, Any]:
        return await self.act(await self.approved(who, **over), "send-for-signature", who, signers=SIGNERS)

    async def signed(self, who: str = "rep:ann", *, sign: dict[str, Any] | None = None, **over: Any) -> dict[str, Any]:
        return await self.act(await self.sent(who, **over), "sign", who, **(sign or {}))

    async def delivered(self, **over: Any) -> dict[str, Any]:
        """Signed, live and accepted, all of it now: everything is asked for."""
        return await self.act(await self.act(await self.signed(**over), "go-live"), "accept")

    async def pay(self, contract: dict[str, Any], amount: str, *, expect: int = 201, key: str | None = None, **more: Any) -> dict[str, Any]:
        money = {"amount": amount, "currency": more.pop("currency", contract["total"]["currency"])}
        body = {"contract_id": contract["id"], "amount": money} | more
        return dict(await self.ask("finance", "POST", "/v1/payments", body, expect=expect, key=key or str(uuid4())))

    async def reverse(self, payment: dict[str, Any], *, expect: int = 200, **more: Any) -> dict[str, Any]:
        path, body = f"/v1/payments/{payment['id']}/reverse", {"reason": "bounced"} | more
        return dict(await self.ask("finance", "POST", path, body, expect=expect, etag="*", key=str(uuid4())))


def amount(money: dict[str, str]) -> Decimal:
    return Decimal(money["amount"])


def money_of(contract: dict[str, Any]) -> dict[str, Decimal]:
    return {n: amount(contract[n]) for n in ("paid", "waived", "outstanding", "overdue", "credit")}


def states(contract: dict[str, Any]) -> list[str]:
    return [m["state"] for m in contract["milestones"]]
