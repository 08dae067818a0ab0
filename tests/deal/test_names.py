"""Names that deal-svc knew before spellings were compared, and what lead-svc tells of accounts and people."""

import asyncpg
from alembic import command

from clinch.run.postgres import Postgres
from deal_svc.service import service
from shared import migrations
from shared.auth import person_id
from shared.db.tx import Reader
from shared.events.party import AccountCreated
from shared.events.team import PersonAdded
from shared.ids import external_id, new_id
from shared.parties import references
from shared.parties.references import made_id
from tests.harness import Running, fresh_database

_EVENT = """
INSERT INTO event (id, type, aggregate, subject, version, time, recorded_at, actor_id, actor_role, correlation_id, data)
VALUES ($1, 'clinch.deal.opened.v1', 'deal', $2, 1, now(), now(), $2, 'admin', 'x', $3)
"""


async def test_what_imports_have_named_keeps_its_id_through_the_migration(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations._in_thread(command.upgrade, migrations._config(service.migrations, service.metadata, url), "0001")
    conn = await asyncpg.connect(url)
    old, ann = external_id("account", "ACME Corp"), person_id("Ann")
    told = f'{{"account_external_id": "ACME Corp", "account_id": "{old}", "owner_external_id": "Ann", "owner_id": "{ann}"}}'
    await conn.execute(_EVENT, new_id(), new_id(), told)
    await migrations.upgrade(service.migrations, service.metadata, url)

    reader = Reader(conn)
    assert await references.ids_of(reader, "account", ["acme  corp", "Blue"]) == {"acme  corp": old, "Blue": made_id("account", "blue")}
    assert await references.ids_of(reader, "person", ["ANN", "bob"]) == {"ANN": ann, "bob": person_id("bob")}
    await conn.close()


async def test_accounts_and_people_are_known_by_what_lead_svc_told(svc: Running) -> None:
    """An account entered before names were compared, and a stub whose place somebody has taken who was entered."""
    old = external_id("account", "CRM-17")
    await svc.hear(AccountCreated(name="Acme", external_id="CRM-17"), old)
    stub, kim = person_id("KIM"), person_id("kim")
    await svc.hear(PersonAdded(role="rep", external_id="KIM", imported=True), stub)
    async with svc.db.read() as reader:
        assert await references.ids_of(reader, "account", ["crm-17", "CRM-17"]) == {"crm-17": old, "CRM-17": old}
        assert await references.ids_of(reader, "person", ["Kim"]) == {"Kim": stub}
    await svc.hear(PersonAdded(role="rep", external_id="kim"), kim)
    async with svc.db.read() as reader:
        assert await references.ids_of(reader, "person", ["KIM", "Kim", "kim"]) == dict.fromkeys(["KIM", "Kim", "kim"], kim)
