"""Masked roles neither see nor find what customers said and what people noted about deals and quotes."""

import pytest

from tests.deal.sales import Sales
from tests.harness import Running
from tests.masked import MASKED, Reader

SECRETS = [
    "Xanadu has no overview",
    "Xanadu wants one place",
    "Call Xanadu",
    "Xanadu loses leads",
    "Xanadu haggled",
    "Xanadu said no",
    "Xanadu left",
]


async def _everything(sales: Sales) -> dict[str, str]:
    """A lost deal with a rejected quote, and a secret in each field that tells what somebody said."""
    deal = await sales.deal()
    path = f"/v1/deals/{deal['id']}"
    await sales.ask("rep:ann", "POST", f"{path}/spin", {"part": "problem", "text": SECRETS[0]}, expect=201)
    await sales.ask("rep:ann", "POST", f"{path}/needs-confirmation", {"needs": SECRETS[1]}, etag="*")
    await sales.ask("rep:ann", "PUT", f"{path}/next-step", {"what": SECRETS[2], "due_at": "2026-03-09T09:00:00Z"}, etag="*")
    point = {"pain": SECRETS[3], "capability": "Follow-up timers", "value": "Xanadu saves a week"}
    await sales.ask("rep:ann", "POST", f"{path}/proposals", {"title": "Solution", "points": [point]}, expect=201)
    await sales.move(deal, "proposal", "manager:max", reason="Xanadu hurries")
    quote = await sales.quote(deal, note=SECRETS[4])
    await sales.act(quote, "send")
    await sales.act(quote, "reject", reason=SECRETS[5])
    await sales.ask("rep:ann", "POST", f"{path}/lose", {"reason": "other", "note": SECRETS[6]}, etag="*")
    won = await sales.deal()
    await sales.ask("director", "POST", f"/v1/deals/{won['id']}/win", {"evidence": "Xanadu signed elsewhere"}, etag="*")
    return {"deal_id": deal["id"], "quote_id": quote["id"]}


@pytest.mark.parametrize("role", MASKED)
async def test_a_masked_role_sees_and_finds_nothing(sales: Sales, svc: Running, role: str) -> None:
    reader = Reader(svc, await _everything(sales))
    assert "xanadu" not in await reader.shows(role)
    assert await reader.finds(role, [*SECRETS, "Xanadu"]) == {}


async def test_others_see_it(sales: Sales, svc: Running) -> None:
    shown = await Reader(svc, await _everything(sales)).shows("director")
    assert [secret for secret in SECRETS if secret.lower() not in shown] == []
    assert "xanadu hurries" in shown
    assert "xanadu signed elsewhere" in shown


async def test_the_code_of_a_loss_is_seen(sales: Sales) -> None:
    deal = await sales.deal()
    await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "price"}, etag="*")
    assert (await sales.read(deal, "auditor"))["close_reason"] == "price"


async def test_a_read_of_what_they_may_not_see_is_logged_and_what_is_masked_is_none(sales: Sales, svc: Running) -> None:
    reader = Reader(svc, await _everything(sales))
    await reader.shows("auditor")
    assert await reader.logged("auditor") == {"list_accesses"}
    showing = await reader.operations_showing("director", ["xanadu"])
    assert showing >= {"get_deal", "list_spin", "list_proposals", "deal_timeline", "get_quote", "list_quotes"}
    assert showing <= await reader.logged("director")
