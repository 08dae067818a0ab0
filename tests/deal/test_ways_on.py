"""The contract of a deal as the deal shows it, and the two ways on when it fell."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shared.events import contract as told
from shared.events.envelope import Money
from shared.events.quote import QuoteSuperseded
from shared.ids import new_id
from tests.client import allowed, codes, unmet
from tests.deal.sales import Sales
from tests.harness import Running

WAYS = {"revise_quote", "draft_contract_again"}


class Paper:
    """What contract-svc tells of one contract, each event with the next version."""

    def __init__(self, svc: Running, deal: dict[str, Any], quote: dict[str, Any]) -> None:
        total = Money(amount=Decimal(11300), currency="CNY")
        self.of: dict[str, Any] = {"deal_id": deal["id"], "quote_id": quote["id"], "number": "C-2026-000001", "revision": 1}
        self.of |= {"total": total, "fx": Decimal(1)}
        self.svc, self.id, self.version = svc, new_id(), 0

    async def hear(self, kind: type[told.ContractEvent], **more: Any) -> None:
        self.version += 1
        await self.svc.hear(kind(**self.of, **more), self.id, self.version)

    async def draft(self) -> None:
        await self.hear(told.ContractDrafted, milestones=[])

    async def sign(self) -> None:
        now = self.svc.clock()
        await self.hear(told.ContractSigned, signed_at=now, starts_on=now.date(), channel="in_person", milestones=[])

    async def void(self, *, was_signed: bool = False) -> None:
        await self.hear(told.ContractVoided, reason="x", was_signed=was_signed)


async def test_a_deal_shows_its_contract_and_what_waits_for_approval(sales: Sales, svc: Running) -> None:
    deal, quote = await sales.closing()
    assert (deal["contract"], deal["open_approvals"]) == (None, [])
    paper = Paper(svc, deal, quote)
    await paper.draft()
    shown = {"id": str(paper.id), "quote_id": quote["id"], "number": "C-2026-000001"}
    assert (await sales.read(deal))["contract"] == shown | {"state": "draft"}
    waits = [{"kind": "contract", "id": str(paper.id), "number": "C-2026-000001"}]
    for kind, more, state, open_ in (
        (told.ContractSubmitted, {"content_hash": "x"}, "in_review", waits),
        (told.ContractRejected, {"reason": "x"}, "draft", []),
        (told.ContractSubmitted, {"content_hash": "x"}, "in_review", waits),
        (told.ContractWithdrawn, {"content_hash": "x"}, "draft", []),
        (told.ContractSubmitted, {"content_hash": "x"}, "in_review", waits),
        (told.ContractApproved, {"content_hash": "x"}, "approved", []),
        (told.ContractSentForSignature, {}, "out_for_signature", []),
        (told.ContractDeclined, {"reason": "x"}, "draft", []),
    ):
        await paper.hear(kind, **more)
        read = await sales.read(deal)
        assert (read["contract"], read["open_approvals"]) == (shown | {"state": state}, open_)
    await paper.sign()
    for kind, state in (
        (told.ContractActivated, "active"),
        (told.ContractCompleted, "completed"),
        (told.ContractReopened, "active"),
    ):
        await paper.hear(kind)
        assert (await sales.read(deal))["contract"]["state"] == state
    paper.version -= 3
    await paper.hear(told.ContractSubmitted, content_hash="x")
    assert (await sales.read(deal))["contract"]["state"] == "active", "what is older changes nothing"


async def ways(sales: Sales, deal: dict[str, Any], who: str = "rep:ann") -> set[str]:
    return allowed(await sales.read(deal, who)) & WAYS


async def test_a_voided_contract_leaves_two_ways_on(sales: Sales, svc: Running) -> None:
    deal, quote = await sales.closing()
    assert unmet(await sales.read(deal, "rep:ann"), "revise_quote") == {"contract_stands"}, "it gets one in a moment"
    paper = Paper(svc, deal, quote)
    await paper.draft()
    assert unmet(await sales.read(deal, "rep:ann"), "draft_contract_again") == {"contract_stands"}
    assert codes(await sales.act(quote, "revise", expect=409)) == {"not_revisable"}
    await paper.void()
    assert await ways(sales, deal) == WAYS == await ways(sales, deal, "manager:max")
    assert (await sales.read(deal))["stage"] == "closing"
    second = Paper(svc, deal, quote)
    await second.draft()
    assert await ways(sales, deal) == set()
    assert (await sales.read(deal))["contract"]["id"] == str(second.id)


@pytest.mark.parametrize("how", ["lost and reopened", "win reversed", "terminated"])
async def test_a_deal_that_comes_back_has_the_two_ways_on(sales: Sales, svc: Running, how: str) -> None:
    deal, quote = await sales.closing()
    paper = Paper(svc, deal, quote)
    await paper.draft()
    if how == "lost and reopened":
        await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "timing"}, etag="*")
        await paper.void()
        assert await ways(sales, deal) == set()
        await sales.ask("manager:max", "POST", f"/v1/deals/{deal['id']}/reopen", {"reason": "The budget came"}, etag="*")
    else:
        now = svc.clock()
        starts_on = now.date().replace(year=now.year + 1)
        await paper.hear(told.ContractSigned, signed_at=now, starts_on=starts_on, channel="in_person", milestones=[])
        assert await ways(sales, deal) == set()
        if how == "terminated":
            await paper.hear(told.ContractTerminated, reason="x")
        else:
            await paper.void(was_signed=True)
    assert (await sales.read(deal))["stage"] == "closing"
    assert await ways(sales, deal) == WAYS


async def test_the_accepted_quote_is_replaced_when_its_next_version_is_sent(sales: Sales, svc: Running) -> None:
    deal, quote = await sales.closing()
    paper = Paper(svc, deal, quote)
    await paper.draft()
    await paper.void()
    second = await sales.act(quote, "revise", expect=201)
    assert (second["revision"], second["status"], second["accepted_at"]) == (2, "draft", None)
    assert (await sales.ask("admin", "GET", f"/v1/quotes/{quote['id']}"))["status"] == "accepted", "until the customer has another one"
    await sales.act(second, "send")
    assert (await sales.ask("admin", "GET", f"/v1/quotes/{quote['id']}"))["status"] == "superseded"
    [event] = await svc.told(QuoteSuperseded)
    assert (event.subject, event.data.by_quote_id) == (UUID(quote["id"]), UUID(second["id"]))  # type: ignore[attr-defined]
    assert await ways(sales, deal) == set()
    assert unmet(await sales.read(deal, "rep:ann"), "revise_quote") == {"quote_not_accepted"}
    await sales.act(second, "accept")
    found = (await sales.ask("admin", "GET", "/v1/quotes", deal_id=deal["id"], status="accepted"))["items"]
    assert [one["id"] for one in found] == [second["id"]]
    assert unmet(await sales.read(deal, "rep:ann"), "draft_contract_again") == {"contract_stands"}, "the new quote gets its own"


async def test_an_accepted_quote_that_is_withdrawn_has_no_way_on(sales: Sales, svc: Running) -> None:
    deal, quote = await sales.closing()
    paper = Paper(svc, deal, quote)
    await paper.draft()
    await sales.act(quote, "withdraw", "manager:max", reason="Terms were wrong")
    await paper.void()
    assert unmet(await sales.read(deal, "rep:ann"), "draft_contract_again") == {"quote_not_accepted"}
