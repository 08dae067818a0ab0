"""`clinch verify` holds histories against the declared acts: what is done keeps to them, and what nobody does is found."""

from uuid import UUID, uuid4

import pytest

from deal_svc.service import service
from shared.events.contract import ContractDrafted, ContractVoided
from shared.verify import atomicity, limits, orphans, recounted, run
from tests.deal.sales import Sales
from tests.deal.test_imports import imported
from tests.deal.test_reactions import contract, signed
from tests.harness import Running

FILE = "external_id,opened_at,proposal_at,outcome,closed_at\nD-1,2025-01-01,2025-02-01,won,2025-03-01\nD-2,2025-01-01,,open,\n"
CORRECTED = FILE.replace("2025-02-01", "2025-02-02").replace("won,2025-03-01", "lost,2025-03-02")


async def broken(svc: Running) -> list[str]:
    checks = [*service.checks, *atomicity(service.metadata), *orphans(service.metadata), *limits(service.metadata)]
    async with svc.db.connection() as conn:
        return [found.says async for found in run(conn, checks) if found.offenders]


async def test_what_is_done_is_a_path_of_the_acts(sales: Sales, svc: Running) -> None:
    deal, quote = await sales.closing()
    path = f"/v1/deals/{deal['id']}"
    await sales.move(deal, "proposal", "manager:max", reason="New needs")
    await sales.move(deal, "closing", "manager:max", reason="As before")
    await sales.act(quote, "withdraw", "manager:max", reason="Terms were wrong")
    second = await sales.act(quote, "revise", expect=201)
    await sales.act(second, "send")
    third = await sales.act(second, "revise", expect=201)
    await sales.act(third, "send")
    await sales.ask("rep:ann", "POST", f"{path}/lose", {"reason": "timing"}, etag="*")
    contract_id, of = uuid4(), contract(deal, third)
    await svc.hear(signed(svc, of), contract_id)
    await svc.hear(ContractVoided(**of, reason="Fraud", was_signed=True), contract_id, 2)
    assert (await sales.read(deal))["stage"] == "closing"
    async with svc.client() as client:
        for file, correct in ((FILE, "false"), (CORRECTED, "true")):
            assert (await imported(svc, client, file, correct=correct))["refused"] == 0
    assert await broken(svc) == []


_SECOND_FORM = """
INSERT INTO event (id, type, aggregate, subject, version, time, recorded_at, actor_id, actor_role, correlation_id, data)
SELECT gen_random_uuid(), replace(type, '.v1', '.v2'), aggregate, subject, version + 1, time, recorded_at, actor_id, actor_role,
       correlation_id, data FROM event WHERE type = 'clinch.deal.lost.v1'
"""


async def test_a_second_form_of_an_event_beside_the_first_breaks_no_check(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "timing"}, etag="*")
    async with svc.transaction() as tx:
        await tx.execute(_SECOND_FORM)
        await tx.execute("UPDATE deal SET version = version + 1 WHERE stage = 'lost'")
    assert await broken(svc) == []
    async with svc.transaction() as tx:
        await tx.execute("UPDATE event SET type = 'clinch.deal.lost.v2' WHERE type = 'clinch.deal.lost.v1'")  # a release later: alone
        await tx.execute("DELETE FROM event WHERE version = (SELECT version FROM deal WHERE deal.id = event.subject)")
        await tx.execute("UPDATE deal SET version = version - 1 WHERE stage = 'lost'")
    assert await broken(svc) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE deal SET stage = 'won'", "each deal's history is an unbroken path of its acts that ends in its stage"),
        ("UPDATE quote SET status = 'accepted'", "each quote's history is an unbroken path of its acts that ends in its status"),
        ("UPDATE quote SET total = total + 1", "net and tax of a quote add up to its total"),
    ],
)
async def test_what_no_act_does_is_found(sales: Sales, svc: Running, change: str, says: str) -> None:
    await sales.quote(await sales.deal())
    assert await broken(svc) == []
    async with svc.transaction() as tx:
        await tx.execute(change)
    assert await broken(svc) == [says]


async def test_a_next_step_of_a_closed_deal_is_found(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await sales.ask("rep:ann", "PUT", f"/v1/deals/{deal['id']}/next-step", {"what": "Demo", "due_at": "2026-03-09T09:00:00Z"}, etag="*")
    await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "timing"}, etag="*")
    assert await broken(svc) == []
    async with svc.transaction() as tx:
        await tx.execute("UPDATE task SET state = 'open', closed_at = NULL")
    assert await broken(svc) == ["nobody has a next step to do of a deal that is closed"]


async def found_again(svc: Running) -> list[str]:
    return [found.says async for found in recounted(svc.db, service.recounts) if found.offenders]


async def test_a_quote_that_says_something_else_than_was_submitted_of_it_is_found(sales: Sales, svc: Running) -> None:
    quote = await sales.act(await sales.quote(await sales.deal(), delivery_on="2026-06-01"), "send")
    draft = await sales.act(quote, "revise", expect=201)
    assert await found_again(svc) == []
    async with svc.transaction() as tx:
        await tx.execute("UPDATE quote SET delivery_on = '2026-05-01' WHERE id = $1", UUID(draft["id"]))  # a draft was not submitted
    assert await found_again(svc) == []
    async with svc.transaction() as tx:
        await tx.execute("UPDATE quote SET delivery_on = '2026-05-01'")
    assert await found_again(svc) == ["what a quote says is what was submitted of it"]


async def test_another_content_sent_than_was_approved_is_found(sales: Sales, svc: Running) -> None:
    await sales.act(await sales.quote(await sales.deal()), "send")
    assert await broken(svc) == []
    other = "jsonb_set(data::jsonb, '{content_hash}', to_jsonb(repeat('0', 64)))::json"
    async with svc.transaction() as tx:
        await tx.execute(f"UPDATE event SET data = {other} WHERE type = 'clinch.quote.approved.v1'")
    assert await broken(svc) == ["the content of a quote that was sent is the content that was approved"]


async def test_a_quote_that_was_sent_without_an_approval_is_found(sales: Sales, svc: Running) -> None:
    quote = await sales.act(await sales.quote(await sales.deal()), "send")
    async with svc.transaction() as tx:
        await tx.execute("DELETE FROM event WHERE type = 'clinch.quote.approved.v1' AND subject = $1", UUID(quote["id"]))
    assert "the content of a quote that was sent is the content that was approved" in await broken(svc)


@pytest.mark.parametrize("change", ["amount = amount + 1", "currency = 'EUR'", "quote_id = NULL"])
async def test_a_deal_that_is_not_what_its_accepted_quote_says_is_found(sales: Sales, svc: Running, change: str) -> None:
    deal, _ = await sales.closing()
    assert await broken(svc) == []
    async with svc.transaction() as tx:
        await tx.execute(f"UPDATE deal SET {change} WHERE id = $1", UUID(deal["id"]))
    assert await broken(svc) == ["an open deal whose quote was accepted names it, and is worth what it says, without tax"]


async def test_a_contract_of_another_deal_than_its_quote_is_found(sales: Sales, svc: Running) -> None:
    deal, quote = await sales.closing()
    other = await sales.deal()
    await svc.hear(signed(svc, contract(deal, quote)), uuid4())
    await svc.hear(ContractDrafted(**contract(other, quote), milestones=[]), uuid4())
    assert await broken(svc) == ["a contract is of the deal that its quote is of, and wins no other"]


async def test_a_contract_that_won_another_deal_is_found(sales: Sales, svc: Running) -> None:
    deal, quote = await sales.closing()
    other, second = await sales.closing()
    contract_id = uuid4()
    await svc.hear(signed(svc, contract(deal, quote)), contract_id)
    await svc.hear(ContractDrafted(**contract(other, second), milestones=[]), uuid4())
    assert await broken(svc) == []
    async with svc.transaction() as tx:
        await tx.execute("UPDATE deal SET contract_id = $1 WHERE id = $2", contract_id, UUID(other["id"]))
    assert "a contract is of the deal that its quote is of, and wins no other" in await broken(svc)
