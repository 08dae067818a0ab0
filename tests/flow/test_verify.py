"""`clinch verify` holds services against each other: every directory of parties, and what deals know of their contracts, row by row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from clinch.ops.verify import _agreements
from clinch.run.postgres import Postgres
from shared.verify import ACCOUNTS_TOTAL, ROSTER_TOTAL, Finding, run
from tests.client import Client
from tests.flow.system import System, eventually, whole_system
from tests.flow.test_lead_to_cash import Desk, accepted_quote, deal_of, signed_contract, sql

KEEP_IT = ("deal-svc", "contract-svc", "metrics-svc")
OTHERWISE = {
    "UPDATE party_account SET name = name || ' Ltd'": ACCOUNTS_TOTAL.says,
    "UPDATE party_account SET owner_id = NULL": ACCOUNTS_TOTAL.says,
    "UPDATE party_account SET region = 'south'": ACCOUNTS_TOTAL.says,
    "UPDATE party_account SET tier = NULL": ACCOUNTS_TOTAL.says,
    "DELETE FROM party_account": ACCOUNTS_TOTAL.says,
    "UPDATE party_account SET version = 0": ACCOUNTS_TOTAL.says,  # named by an import, and never told of
    "INSERT INTO party_account (id, version, name) VALUES (uuidv7(), 1, 'Bolt')": ACCOUNTS_TOTAL.says,
    "UPDATE roster SET role = 'manager'": ROSTER_TOTAL.says,
    "UPDATE roster SET active = false": ROSTER_TOTAL.says,
    "UPDATE roster SET team_id = NULL": ROSTER_TOTAL.says,
    "UPDATE roster SET team_path = '{}'": ROSTER_TOTAL.says,
    "DELETE FROM roster": ROSTER_TOTAL.says,
}
"""What could go wrong in a directory, and the check that finds it."""
_OF_LEAD_SVC = [change for change, says in OTHERWISE.items() if says == ROSTER_TOTAL.says]


async def _agreeing(system: System) -> list[tuple[str, Finding]]:
    services = {name: running.service for name, running in system.services.items()}
    databases = {name: running.db for name, running in system.services.items()}
    return [each async for each in _agreements(services, databases)]


async def _differ(system: System) -> list[tuple[str, str]]:
    found = await _agreeing(system)
    asked = [(where, f.says) for where, f in found if f.says in (ACCOUNTS_TOTAL.says, ROSTER_TOTAL.says)]
    assert sorted(asked) == sorted((f"lead-svc = {name}", says) for name in KEEP_IT for says in (ACCOUNTS_TOTAL.says, ROSTER_TOTAL.says))
    return [(where, f.says) for where, f in found if f.offenders]


async def _broken(system: System) -> list[str]:
    lead = system["lead-svc"]
    async with lead.db.connection() as conn:
        return [found.says async for found in run(conn, lead.service.checks) if found.offenders]


async def _told(system: System) -> None:
    desk = Client(system)
    team = await desk.ask("admin", "POST", "/v1/team/teams", {"name": "East"}, expect=201)
    below = await desk.ask("admin", "POST", "/v1/team/teams", {"name": "City", "parent_id": team["id"]}, expect=201)
    ann: dict[str, Any] = {"name": "Ann", "role": "rep", "external_id": "ann", "team_id": below["id"]}
    person = await desk.ask("admin", "POST", "/v1/team/people", ann, expect=201)
    acme = {"name": "Acme", "owner_id": person["id"], "region": "north", "tier": "key"}
    await desk.ask("admin", "POST", "/v1/accounts", acme, expect=201)

    async def heard() -> bool:
        return not await _differ(system)

    await eventually(heard)


@asynccontextmanager
async def _changed(system: System, name: str, change: str) -> AsyncIterator[None]:
    table = next(name for name in ("roster", "party_account", "deal_contract") if name in change)
    async with system[name].db.connection() as conn:
        await conn.execute(f"CREATE TEMP TABLE kept AS TABLE {table}; {change}")
        differ = f"(TABLE {table} EXCEPT TABLE kept) UNION ALL (TABLE kept EXCEPT TABLE {table})"
        assert await conn.fetchval(f"SELECT count(*) FROM ({differ}) d")
        yield
        await conn.execute(f"TRUNCATE {table}; INSERT INTO {table} TABLE kept; DROP TABLE kept")


async def test_a_row_that_differs_is_found(postgres: Postgres) -> None:
    async with whole_system(postgres) as system:
        await _told(system)
        for name in KEEP_IT:
            for change, says in OTHERWISE.items():
                async with _changed(system, name, change):
                    assert await _differ(system) == [(f"lead-svc = {name}", says)], change
        assert await _differ(system) == []
        assert await _broken(system) == []
        for change in _OF_LEAD_SVC:
            async with _changed(system, "lead-svc", change):
                assert await _broken(system) == ["the directory has each person's role and team, and whether they have left"], change
        assert await _broken(system) == []


OTHER_CONTRACT = (
    "UPDATE deal_contract SET state = 'voided'",
    "UPDATE deal_contract SET deal_id = uuidv7()",
    "UPDATE deal_contract SET quote_id = uuidv7()",
    "DELETE FROM deal_contract",
)
OTHER_AMOUNT = "UPDATE contract SET lines = jsonb_set(lines, '{0,net}', '\"1\"')"


async def test_an_accepted_quote_its_contract_and_its_deal_agree(postgres: Postgres) -> None:
    async with whole_system(postgres) as system:
        desk = Desk(system)
        lead = await sql(desk, "Acme")
        deal = await deal_of(desk, lead)
        await accepted_quote(desk, lead, deal)
        await signed_contract(desk, deal)

        async def differ() -> list[tuple[str, str]]:
            return [(where, f.says) for where, f in await _agreeing(system) if f.offenders]

        async def agreed() -> bool:
            return (await desk.get(f"/v1/deals/{deal['id']}"))["stage"] == "won" and not await differ()

        await eventually(agreed)
        for change in OTHER_CONTRACT:
            async with _changed(system, "deal-svc", change):
                assert await differ() == [("deal-svc = contract-svc", "deal, quote and state of each contract")], change
        assert await differ() == []
        async with system["contract-svc"].db.connection() as conn:
            await conn.execute(OTHER_AMOUNT)
        assert await differ() == [("deal-svc = contract-svc", "net and tax of each quote that was accepted and of its contracts")]
