"""The main job, end to end: a lead becomes an SQL, a deal, a quote, a contract, cash, and a figure."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from clinch.run.postgres import Postgres
from tests.client import Client
from tests.flow.system import System, eventually, whole_system


@pytest.fixture
async def system(postgres: Postgres) -> AsyncIterator[System]:
    async with whole_system(postgres) as started:
        yield started


class Desk(Client):
    """The people of the story, each named by their role."""

    async def call(self, role: str, method: str, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> Any:
        answer = await self.raw(role, method, path, body or {}, etag="*", key=key)
        assert answer.is_success, f"{method} {path} as {role}: {answer.status_code} {answer.text}"
        return answer.json()

    async def get(self, path: str, role: str = "director") -> Any:
        return await self.ask(role, "GET", path)


@pytest.fixture
def desk(system: System) -> Desk:
    return Desk(system)


async def sql(desk: Desk, company: str) -> dict[str, Any]:
    """A lead of the rep that sales has confirmed."""
    given = {"source": "trade_show", "company": company, "contact_name": "Lin Tao", "email": "lin@example.com", "region": "north"}
    lead = await desk.call("rep", "POST", "/v1/leads", given)
    path = f"/v1/leads/{lead['id']}"
    for dimension in ("need", "budget", "authority"):
        await desk.call("rep", "PUT", f"{path}/bant/{dimension}", {"status": "confirmed", "evidence": "said so on the phone"})
    await desk.call("rep", "POST", f"{path}/intent", {"level": "high"})
    await desk.call("rep", "POST", f"{path}/interactions", {"kind": "call", "outcome": "reached"})
    qualified: dict[str, Any] = await desk.call("rep", "POST", f"{path}/qualify")
    assert qualified["state"] == "sql"
    return qualified


async def deal_of(desk: Desk, lead: dict[str, Any]) -> dict[str, Any]:
    converted = await desk.call("rep", "POST", f"/v1/leads/{lead['id']}/convert", {"amount": {"amount": "100000", "currency": "CNY"}})

    async def opened() -> Any:
        return await desk.get(f"/v1/deals/{converted['deal_id']}")

    deal: dict[str, Any] = await eventually(opened)

    async def acknowledged() -> Any:
        return (await desk.get(f"/v1/leads/{lead['id']}"))["state"] == "converted"

    await eventually(acknowledged)
    return deal


async def accepted_quote(desk: Desk, lead: dict[str, Any], deal: dict[str, Any], currency: str = "CNY") -> dict[str, Any]:
    """Through the gates of discovery and proposal to an accepted quote."""
    path = f"/v1/deals/{deal['id']}"
    for part in ("situation", "problem", "implication", "need_payoff"):
        await desk.call("rep", "POST", f"{path}/spin", {"part": part, "text": "what they said"})
    contact = (await desk.get(f"/v1/leads/{lead['id']}"))["contact_id"]
    await desk.call("rep", "POST", f"{path}/needs-confirmation", {"needs": "one view of all orders", "confirmed_by": contact})
    member = {"contact_id": contact, "committee_role": "economic_buyer", "decision_maker": True}
    await desk.call("rep", "POST", f"{path}/contacts", member)
    await desk.call("rep", "PUT", f"{path}/next-step", {"what": "present", "due_at": "2027-01-15T09:00:00Z"})
    await desk.call("rep", "POST", f"{path}/transitions", {"to": "proposal"})
    proposal = await desk.call("rep", "POST", f"{path}/proposals", {"title": "Our way"})
    await desk.call("rep", "POST", f"{path}/proposals/{proposal['number']}/present")
    product = await desk.call(
        "ops", "POST", "/v1/products", {"sku": f"S-{deal['id'][-6:]}", "name": "Suite", "line": "suite", "tax_percent": "13"}
    )
    price = {"unit_price": {"amount": "33333.33", "currency": currency}, "valid_from": "2020-01-01"}
    await desk.call("ops", "PUT", f"/v1/products/{product['id']}/prices", price)
    lines = [{"product_id": product["id"], "quantity": "3", "discount_percent": "10"}]
    quote = await desk.call("rep", "POST", "/v1/quotes", {"deal_id": deal["id"], "lines": lines, "currency": currency})
    await desk.call("rep", "POST", f"/v1/quotes/{quote['id']}/send")
    await desk.call("rep", "POST", f"{path}/transitions", {"to": "negotiation"})
    quote = await desk.call("rep", "POST", f"/v1/quotes/{quote['id']}/accept")
    await desk.call("rep", "POST", f"{path}/transitions", {"to": "closing"})
    return dict(quote)


async def signed_contract(desk: Desk, deal: dict[str, Any]) -> dict[str, Any]:
    async def drafted() -> Any:
        return (await desk.get(f"/v1/contracts?deal_id={deal['id']}"))["items"]

    path = f"/v1/contracts/{(await eventually(drafted))[0]['id']}"
    contract = await desk.get(path)
    if not contract["core_clauses"]:
        core = {"core_clauses": ["scope", "price_payment", "delivery_acceptance"]}
        contract = await desk.call("rep", "PATCH", path, core)
    contract = await desk.call("rep", "POST", f"{path}/submit")
    for part in ("legal", "finance", "manager"):
        decision = {"part": part, "decision": "approved", "content_hash": contract["content_hash"]}
        await desk.call("director" if part == "manager" else part, "POST", f"{path}/reviews", decision)
    await desk.call("rep", "POST", f"{path}/send-for-signature", {"signers": [{"name": "Lin Tao"}]})
    signed: dict[str, Any] = await desk.call("rep", "POST", f"{path}/sign", {"signed_at": "2026-03-02T09:00:00Z"})
    return signed


async def test_from_lead_to_cash(desk: Desk) -> None:
    lead = await sql(desk, "Red Lantern Foods")
    deal = await deal_of(desk, lead)
    quote = await accepted_quote(desk, lead, deal)
    contract = await signed_contract(desk, deal)
    assert contract["total"] == quote["total"]
    amounts = [m["amount"]["amount"] for m in contract["milestones"]]
    assert sum(map(float, amounts)) == pytest.approx(float(quote["total"]["amount"]))

    async def won() -> Any:
        return (await desk.get(f"/v1/deals/{deal['id']}"))["stage"] == "won"

    await eventually(won)
    path = f"/v1/contracts/{contract['id']}"
    await desk.call("rep", "POST", f"{path}/go-live", {"live_on": "2026-03-02"})
    await desk.call("rep", "POST", f"{path}/accept", {})
    payment = {"contract_id": contract["id"], "amount": contract["total"], "channel": "bank_transfer"}
    first = await desk.call("finance", "POST", "/v1/payments", payment, key="cash-1")
    again = await desk.call("finance", "POST", "/v1/payments", payment, key="cash-1")
    assert first == again
    contract = await desk.get(path)
    assert (contract["outstanding"]["amount"], contract["credit"]["amount"]) in (("0.00", "0.00"), ("0", "0"), ("0.0000", "0.0000"))

    async def counted() -> Any:
        total = (await desk.get("/v1/metrics/funnel"))["total"]
        assert [s["n"] for s in total["steps"]] == [1] * 9
        return total

    total = await eventually(counted)
    assert contract["net"] == quote["net"] == (await desk.get(f"/v1/deals/{deal['id']}"))["amount"]
    of_won, of_paid = total["steps"][7:]
    assert of_won["value"] == of_paid["value"] == quote["net"]["amount"]
    assert of_paid["gross"] == quote["total"]["amount"] != quote["net"]["amount"]
    flow = await desk.get("/v1/metrics/kpis/win_rate")
    assert flow["total"]["value"] == 1


async def test_a_refused_conversion_brings_the_lead_back(desk: Desk) -> None:
    lead = await sql(desk, "Blue Harbour")
    elsewhere = {"deal_id": "01890000-0000-7000-8000-000000000000"}
    assert (await desk.call("rep", "POST", f"/v1/leads/{lead['id']}/convert", elsewhere))["state"] == "converting"

    async def back() -> Any:
        found = await desk.get(f"/v1/leads/{lead['id']}")
        return found if found["state"] == "sql" else None

    assert "no such deal" in (await eventually(back))["refusal"].lower()


async def test_voiding_before_it_takes_effect_reverses_the_win(desk: Desk) -> None:
    lead = await sql(desk, "Green Valley")
    deal = await deal_of(desk, lead)
    await accepted_quote(desk, lead, deal)

    async def drafted() -> Any:
        return (await desk.get(f"/v1/contracts?deal_id={deal['id']}"))["items"]

    draft = (await eventually(drafted))[0]
    await desk.call("rep", "PATCH", f"/v1/contracts/{draft['id']}", {"starts_on": "2027-06-01"})
    contract = await signed_contract(desk, deal)

    async def stage(wanted: str) -> Any:
        return (await desk.get(f"/v1/deals/{deal['id']}"))["stage"] == wanted

    await eventually(lambda: stage("won"))
    await desk.call("director", "POST", f"/v1/contracts/{contract['id']}/void", {"reason": "they went bankrupt"})
    await eventually(lambda: stage("closing"))

    async def reversed_win() -> Any:
        return (await desk.get("/v1/metrics/funnel"))["total"]["steps"][7]["n"] == 0

    await eventually(reversed_win)


async def test_the_owner_sees_their_own_and_others_do_not(system: System, desk: Desk) -> None:
    lead = await sql(desk, "Quiet Water")
    async with system.client("rep", "somebody-else") as other:
        hidden: httpx.Response = await other.get(f"/v1/leads/{lead['id']}")
    assert hidden.status_code == 404
