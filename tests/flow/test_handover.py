"""Somebody leaves: their records go to somebody else, in three services, and the figures of the past stay as they were."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest

from clinch.run.postgres import Postgres
from contract_svc.contracts.commands import about
from contract_svc.contracts.record import Contract, ContractState
from contract_svc.contracts.tables import CONTRACTS
from deal_svc.deals.events import told
from deal_svc.deals.record import new_deal
from deal_svc.deals.tables import DEALS
from lead_svc.capture.rules import fresh
from lead_svc.leads.tables import LEADS
from shared.events.contract import ContractDrafted
from shared.events.deal import DealOpened
from shared.events.envelope import Event
from shared.events.lead import LeadCaptured
from shared.ids import new_id
from tests.client import Client
from tests.flow.system import System, eventually, whole_system

LEADS_OF, DEALS_OF, CONTRACTS_OF = 250, 150, 100


@pytest.fixture
async def system(postgres: Postgres) -> AsyncIterator[System]:
    async with whole_system(postgres) as started:
        yield started


@pytest.fixture
async def desk(system: System) -> Client:
    """Ann and Bob are known in every service."""
    desk = Client(system)
    for name in ("ann", "bob"):
        await desk.ask("admin", "POST", "/v1/team/people", {"name": name.title(), "role": "rep", "external_id": name}, expect=201)

    async def known() -> bool:
        rows = [await values(system, name, "SELECT count(*) FROM roster") for name in ("deal-svc", "contract-svc", "metrics-svc")]
        return rows == [[2]] * 3

    await eventually(known)
    return desk


async def values(system: System, service: str, sql: str, *args: Any) -> list[Any]:
    async with system[service].db.read() as db:
        return [row[0] for row in await db.rows(sql, *args)]


async def records(system: System, owner: UUID) -> None:
    """500 records of one owner, in three services, each with its event."""
    lead_svc, deal_svc, contract_svc = (system[f"{name}-svc"] for name in ("lead", "deal", "contract"))
    async with lead_svc.transaction() as tx:
        leads = [replace(fresh(new_id(), None, tx.now, {"captured_at": tx.now, "source": "web"}), owner_id=owner) for _ in range(LEADS_OF)]
        await tx.add_many(LEADS, [(lead, [(LeadCaptured(owner_id=owner, source="web"), tx.now)]) for lead in leads])
    async with deal_svc.transaction() as tx:
        given = {
            "name": "A deal",
            "amount": Decimal(1000),
            "currency": "CNY",
            "fx": Decimal(1),
            "owner_id": owner,
            "source": "web",
            "probability": 20,
        }
        deals = [new_deal(tx.now, id=new_id(), opened_at=tx.now, **given) for _ in range(DEALS_OF)]
        await tx.add_many(DEALS, [(deal, [(told(DealOpened, deal), tx.now)]) for deal in deals])
    async with contract_svc.transaction() as tx:
        contracts = [contract(tx.now, deals[n].id, owner, n) for n in range(CONTRACTS_OF)]
        await tx.add_many(CONTRACTS, [(one, [(about(ContractDrafted, one, milestones=[]), tx.now)]) for one in contracts])


def contract(now: Any, deal_id: UUID, owner: UUID, n: int) -> Contract:
    """Of ten contracts one is a draft, the others are active."""
    state = ContractState.ACTIVE if n % 10 else ContractState.DRAFT
    money: dict[str, Any] = {"total": Decimal(1000), "currency": "CNY", "fx": Decimal(1)}
    texts: dict[str, Any] = {"lines": [], "sections": {}, "core_clauses": [], "signers": [], "account_name": "Acme"}
    policy: dict[str, Any] = {"policy_version": 1, "acceptance_days": 30, "core_count": 3, "review_parts": []}
    return Contract(
        id=new_id(),
        version=0,
        number=f"C-{n}",
        revision=1,
        state=state,
        deal_id=deal_id,
        quote_id=new_id(),
        **money,
        **texts,
        **policy,
        drafted_at=now,
        created_at=now,
        updated_at=now,
        owner_id=owner,
        source="web",
        deal_kind="new",
    )


async def moved(system: System, *types: type[Event]) -> list[Any]:
    return [event for service in ("lead-svc", "deal-svc", "contract-svc") for event in await system[service].told(*types)]


async def test_a_leaver_with_500_records(system: System, desk: Client, capsys: pytest.CaptureFixture[str]) -> None:
    ann, bob = (system.person(subject=name) for name in ("ann", "bob"))
    await records(system, ann)
    figures = "/v1/metrics/kpis/leads_captured"

    async def counted() -> Any:
        answer = await desk.ask("director", "GET", figures, by="owner")
        return answer if str(LEADS_OF) in str(answer) else None

    before = await eventually(counted)
    path = f"/v1/team/people/{ann}/hand-over"
    started = perf_counter()
    await desk.ask("director", "POST", path, {"to": str(bob), "reason": "leaves"}, etag="*", expect=202)

    async def done() -> Any:
        found = await desk.ask("director", "GET", f"{path}/1")
        return found if found["done"] else None

    shown = await eventually(done)
    seconds = perf_counter() - started
    with capsys.disabled():
        print(f"\n  {LEADS_OF + DEALS_OF + CONTRACTS_OF} records in three services handed over in {seconds:.1f} s")

    parts = {part["part"]: part["moved"] for part in shown["parts"]}
    assert (parts["leads"], parts["accounts"], parts["deals"]) == (LEADS_OF, 0, DEALS_OF)
    drafts = CONTRACTS_OF // 10
    assert parts["contracts"] == CONTRACTS_OF - drafts

    async def followed() -> bool:
        return await values(system, "contract-svc", "SELECT count(*) FROM contract WHERE owner_id = $1", bob) == [CONTRACTS_OF]

    await eventually(followed)
    for service, table, count in (("lead", "lead", LEADS_OF), ("deal", "deal", DEALS_OF), ("contract", "contract", CONTRACTS_OF)):
        versions = await values(system, f"{service}-svc", f"SELECT version FROM {table} WHERE owner_id = $1", bob)
        assert versions == [2] * count, "each was moved once, and told once, also contracts that follow their deals"
    await asyncio.sleep(1)  # the figures have heard of it by then
    assert await desk.ask("director", "GET", figures, by="owner") == before, "what was counted stays with whom it was counted for"


async def test_a_service_killed_in_between_goes_on(system: System, desk: Client) -> None:
    """Its worker is ended while it moves; nothing is moved twice, nothing is left."""
    ann, bob = (system.person(subject=name) for name in ("ann", "bob"))
    await records(system, ann)
    await desk.ask("director", "POST", f"/v1/team/people/{ann}/hand-over", {"to": str(bob)}, etag="*", expect=202)

    async def begun() -> bool:
        return await values(system, "lead-svc", "SELECT count(*) FROM lead WHERE owner_id = $1", bob) != [0]

    await eventually(begun)
    for service in ("lead-svc", "deal-svc", "contract-svc"):
        await system.cut(service)
        system.services[service].clock.advance(seconds=timedelta(minutes=1).seconds)
        system.work(service)

    async def done() -> bool:
        return bool((await desk.ask("director", "GET", f"/v1/team/people/{ann}/hand-over/1"))["done"])

    await eventually(done)
    for service, table in (("lead-svc", "lead"), ("deal-svc", "deal"), ("contract-svc", "contract")):
        assert await values(system, service, f"SELECT DISTINCT version FROM {table}") == [2]
