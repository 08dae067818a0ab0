"""Names that were known before spellings were compared: what has an id keeps it, and other spellings find it from then on."""

import asyncpg
from alembic import command

from clinch.run.postgres import Postgres
from lead_svc.service import service
from shared import migrations
from shared.db.tx import Reader
from shared.ids import external_id, new_id
from shared.parties import references
from shared.parties.references import made_id
from tests.harness import Running, fresh_database
from tests.lead.desk import Desk

_OLD = "INSERT INTO account (id, external_id, name, created_at, updated_at, version) VALUES ($1, $2, $2, $3::text::timestamptz, now(), 1)"


async def test_accounts_keep_their_ids_through_the_migration(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    config = migrations._config(service.migrations, service.metadata, url)
    await migrations._in_thread(command.upgrade, config, "0001")
    conn = await asyncpg.connect(url)
    old = {key: external_id("account", key) for key in ("ACME Corp", "acme  corp", "crm-17")}
    for n, (key, id) in enumerate(old.items()):
        await conn.execute(_OLD, id, key, f"2025-01-0{n + 1}")
    await conn.execute(
        "INSERT INTO lead (id, state, source, grade, bant, bant_score, responses, no_response_count, reactivations, flags, created_at, "
        "updated_at, version) VALUES ($1, 'captured', 'Trade  Fair', 'C', '{}', 0, 0, 0, 0, '{}', now(), now(), 1)",
        new_id(),
    )
    await migrations.upgrade(service.migrations, service.metadata, url)

    found = await references.ids_of(Reader(conn), "account", ["acme corp", "ACME Corp", "acme  corp", "CRM-17", "New"])
    assert found == {
        "acme corp": old["ACME Corp"], "ACME Corp": old["ACME Corp"], "acme  corp": old["acme  corp"], "CRM-17": old["crm-17"],
        "New": made_id("account", "new"),
    }  # fmt: skip
    assert await conn.fetchval("SELECT source FROM lead") == "trade fair"
    await conn.close()


async def test_an_account_entered_again_in_another_spelling_is_the_same(svc: Running) -> None:
    async with svc.client() as client:
        first = await client.post("/v1/accounts", json={"name": "Acme", "external_id": "ACME Corp"})
        again = await client.post("/v1/accounts", json={"name": "Acme Ltd", "external_id": "acme  corp"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert (again.json()["id"], again.json()["external_id"], again.json()["name"]) == (first.json()["id"], "ACME Corp", "Acme Ltd")


async def test_a_lead_finds_account_and_owner_in_another_spelling(desk: Desk) -> None:
    async with desk.svc.client() as client:
        first = (await client.post("/v1/leads", json={"owner_external_id": "Kim", "account_external_id": "ACME"})).json()
        second = (await client.post("/v1/leads", json={"owner_external_id": " kim", "account_external_id": "Acme "})).json()
    assert first["owner_id"] is not None
    assert (first["owner_id"], first["account_id"]) == (second["owner_id"], second["account_id"])


async def test_whoever_is_entered_takes_over_the_spellings_that_imports_have_used(desk: Desk) -> None:
    """Access tokens name a person by the exact key, so the person who is entered under it gets its id."""
    async with desk.svc.client() as client:
        stub = (await client.post("/v1/leads", json={"owner_external_id": "KIM"})).json()["owner_id"]
        entered = (await client.post("/v1/team/people", json={"name": "Kim", "role": "rep", "external_id": "kim"})).json()
        assert entered["id"] == str(desk.svc.person("rep", "kim")) != stub
        assert (await client.post("/v1/leads", json={"owner_external_id": "KIM"})).json()["owner_id"] == entered["id"]
        again = await client.post("/v1/team/people", json={"name": "Kim Lee", "role": "rep", "external_id": "Kim"})
        assert (again.status_code, again.json()["id"]) == (200, entered["id"])
