"""The search over records of other services: what events tell of deals, quotes and contracts, in whatever order."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.events.contract import ContractDrafted, ContractSubmitted
from shared.events.deal import DealMemberAdded, DealOpened, DealStageChanged, DealUpdated, DealWon
from shared.events.envelope import Money
from shared.events.quote import QuoteCreated, QuoteSent
from shared.ids import new_id
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk
from tests.lead.test_search import found, wrong

MONEY = Money(amount=Decimal(1000), currency="CNY")
AMOUNT: dict[str, Any] = {"amount": MONEY, "fx": Decimal(1)}
TOTALS: dict[str, Any] = {"list_total": MONEY, "net": MONEY, "tax": MONEY, "total": MONEY, "fx": Decimal(1), "discount_percent": Decimal(0)}


async def opened(svc: Running, name: str | None, owner: str = "ann", **more: Any) -> UUID:
    id = new_id()
    await svc.hear(DealOpened(name=name, owner_id=svc.person(subject=owner), **AMOUNT, **more), id)
    return id


async def quoted(svc: Running, deal_id: UUID, number: str) -> UUID:
    id = new_id()
    await svc.hear(QuoteCreated(deal_id=deal_id, number=number, revision=1, valid_until=date(2026, 9, 1), **TOTALS), id)
    return id


def contract_of(svc: Running, deal_id: UUID, number: str) -> dict[str, Any]:
    owner_id = svc.person(subject="ann")
    return {
        "deal_id": deal_id,
        "quote_id": new_id(),
        "number": number,
        "revision": 1,
        "total": MONEY,
        "fx": Decimal(1),
        "owner_id": owner_id,
    }


async def test_a_deal_is_found_by_its_name_and_its_key(desk: Desk, svc: Running) -> None:
    id = await opened(svc, "Acme rollout", external_id="crm-9")
    for q in ("rollout", "crm-9"):
        (item,) = await found(desk, q)
        assert (item["kind"], item["id"], item["name"], item["state"]) == ("deal", str(id), "Acme rollout", "discovery")
        assert (item["owner_id"], item["href"]) == (desk.id("ann"), f"/v1/deals/{id}")
    assert await wrong(svc) == []


async def test_a_deal_is_found_by_what_it_is_called_now(desk: Desk, svc: Running) -> None:
    id = await opened(svc, "Acme rollout")
    bob = svc.person(subject="bob")
    await svc.hear(DealUpdated(changed=["name", "owner_id"], name="Bolt rollout", owner_id=bob, **AMOUNT), id, 2)
    moved = {
        "from_stage": "discovery",
        "to_stage": "proposal",
        "direction": "advance",
        "seconds_in_stage": 1,
        "probability": 40,
        "cycle": 1,
    }
    await svc.hear(DealStageChanged(**moved, **AMOUNT), id, 3)
    (item,) = await found(desk, "bolt", "bob")
    assert (item["name"], item["state"]) == ("Bolt rollout", "proposal")
    assert await found(desk, "acme") == await found(desk, "rollout", "ann") == []
    assert await wrong(svc) == []


async def test_what_was_told_before_changes_nothing(desk: Desk, svc: Running) -> None:
    id = await opened(svc, "Acme")
    bob, ann = svc.person(subject="bob"), svc.person(subject="ann")
    await svc.hear(DealUpdated(changed=["name"], name="Third", owner_id=bob, **AMOUNT), id, 3)
    await svc.hear(DealUpdated(changed=["name"], name="Second", owner_id=ann, **AMOUNT), id, 2)
    await svc.hear(DealOpened(name="Acme", owner_id=ann, **AMOUNT), id, 1)
    assert [item["name"] for item in await found(desk, "third", "bob")] == ["Third"]
    assert await found(desk, "second") == await found(desk, "acme") == await found(desk, "third", "ann") == []


async def test_a_deal_of_an_older_release_has_the_name_that_its_conversion_gave(desk: Desk, svc: Running) -> None:
    lead = await desk.sql()
    converted = await desk.act(lead, "convert", amount={"amount": "1000", "currency": "CNY"}, deal_name="Northern Lights")
    deal_id = UUID(converted["deal_id"])
    await svc.hear(DealOpened(lead_id=UUID(lead["id"]), owner_id=svc.person(subject="ann"), **AMOUNT), deal_id)
    assert [item["id"] for item in await found(desk, "northern", kind="deal")] == [str(deal_id)]


async def test_quotes_and_contracts_are_found_by_their_numbers_by_who_sees_the_deal(desk: Desk, svc: Running) -> None:
    deal_id = await opened(svc, "Acme")
    quote_id, contract_id = await quoted(svc, deal_id, "Q-2026-000017"), new_id()
    about = contract_of(svc, deal_id, "C-2026-000023")
    await svc.hear(ContractDrafted(**about, milestones=[]), contract_id)
    for who, sees in (("ann", True), ("max", True), ("eva", True), ("bob", False), ("sue", False)):
        assert [item["id"] for item in await found(desk, "q-2026-000017", who)] == [str(quote_id)] * sees, who
        assert [item["id"] for item in await found(desk, "000023", who)] == [str(contract_id)] * sees, who
    await svc.hear(DealMemberAdded(person_id=svc.person(subject="bob"), part="member"), deal_id, 2)
    kinds = {item["kind"]: item["number"] for item in await found(desk, "2026", "bob")}
    assert kinds == {"quote": "Q-2026-000017", "contract": "C-2026-000023"}
    sent = QuoteSent(deal_id=deal_id, number="Q-2026-000017", revision=1, valid_until=date(2026, 9, 1), **TOTALS)
    await svc.hear(sent, quote_id, 2)
    assert [item["state"] for item in await found(desk, "q-2026")] == ["sent"]


async def test_legal_finds_deals_only_while_their_contract_is_in_review(desk: Desk, svc: Running) -> None:
    deal_id, contract_id = await opened(svc, "Acme"), new_id()
    about = contract_of(svc, deal_id, "C-1")
    await svc.hear(ContractDrafted(**about, milestones=[]), contract_id)
    assert await found(desk, "acme", "legal:leo") == []
    await svc.hear(ContractSubmitted(**about, content_hash="x"), contract_id, 2)
    assert [item["id"] for item in await found(desk, "acme", "legal:leo")] == [str(deal_id)]


async def test_a_csm_finds_won_deals_of_their_accounts(desk: Desk, svc: Running) -> None:
    admin = desk.by("admin")
    cem = done(await admin.post("/v1/team/people", json={"name": "Cem", "role": "csm", "external_id": "cem"}), 201)["id"]
    account = done(await admin.post("/v1/accounts", json={"name": "Acme", "owner_id": cem}), 201)["id"]
    id = await opened(svc, "Rollout", account_id=UUID(account))
    assert await found(desk, "rollout", "csm:cem") == []
    told = {"from_stage": "negotiation", "cycle": 1, "opened_at": svc.clock(), "seconds_in_stage": 1, **AMOUNT}
    await svc.hear(DealWon(**told), id, 2)
    assert [item["state"] for item in await found(desk, "rollout", "csm:cem")] == ["won"]
