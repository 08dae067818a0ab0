"""Documents of policy: the active one is in memory, its versions are stored, and other services keep copies."""

import asyncio
from typing import Any

import pytest

from clinch.run.postgres import Postgres
from clinch.run.services import load
from clinch.run.settings import SERVICES
from shared.auth import SYSTEM
from shared.db.context import Context
from shared.db.database import Database
from shared.events.policy import PolicyActivated
from shared.policy import store
from shared.policy.company import COMPANY_POLICY
from shared.policy.document import Document, Policy, value
from shared.policy.held import FRESH, KEEP, Held
from tests.harness import Running, fresh_database
from tests.shared.notes_service import NOTE_POLICY, NotePolicy


async def begin(svc: Running) -> None:
    await store.begin(svc.db, [NOTE_POLICY], Context(svc.service.name, SYSTEM, svc.clock(), "test"))


async def make_active(svc: Running, **changes: Any) -> None:
    async with svc.transaction() as tx:
        old = await store.alone(tx, NOTE_POLICY)
        number = await store.next_number(tx, NOTE_POLICY)
        draft = store.drafted(NOTE_POLICY, number, tx, document={**old.document, **changes})
        await store.add(tx, draft)
        await store.activate(tx, NOTE_POLICY, draft, SYSTEM.id, old)


async def test_before_anything_is_stored_the_defaults_count(notes: Running) -> None:
    async with notes.db.read() as db:
        assert db.policy(NOTE_POLICY) == NotePolicy()
        assert db.policy(NOTE_POLICY).version == 1


async def test_a_database_begins_with_the_defaults_as_version_1_told_once(notes: Running) -> None:
    others = [Database(notes.settings, least=1) for _ in range(4)]
    await asyncio.gather(*[db.start() for db in others])
    try:
        context = Context("note-svc", SYSTEM, notes.clock(), "test")
        await asyncio.gather(*[store.begin(db, [NOTE_POLICY], context) for db in others])
    finally:
        await asyncio.gather(*[db.stop() for db in others])
    (told,) = await notes.told(PolicyActivated)
    assert (told.subject, told.version) == (NOTE_POLICY.subject, 1)
    assert isinstance(told.data, PolicyActivated)
    assert (told.data.name, told.data.version, told.data.document) == ("note-svc", 1, {"longest": 100, "words": ["plain"]})


async def test_a_process_that_activates_a_version_knows_at_once_and_others_within_two_seconds(notes: Running) -> None:
    await begin(notes)
    now = 0.0
    other = Held(notes.settings, clock=lambda: now)
    async with notes.db.connection() as conn:
        await other.refresh(conn)
        await make_active(notes, longest=7)
        async with notes.db.read() as db:
            assert (db.policy(NOTE_POLICY).longest, db.policy(NOTE_POLICY).version) == (7, 2)
        now += FRESH / 2
        await other.refresh(conn)
        assert other.active.get(NOTE_POLICY).longest == 100, "not asked again that soon"
        now += KEEP
        await other.refresh(conn)
        assert other.active.get(NOTE_POLICY).longest == 7
    assert [e.version for e in await notes.told(PolicyActivated)] == [1, 2]


async def test_a_transaction_keeps_the_documents_that_it_began_with(notes: Running) -> None:
    await begin(notes)
    async with notes.transaction() as tx:
        before = tx.policy(NOTE_POLICY)
        await make_active(notes, longest=7)
        assert tx.policy(NOTE_POLICY) is before


async def test_many_transactions_ask_the_database_once(notes: Running) -> None:
    asked = 0

    class Counted:
        async def fetch(self, sql: str) -> list[Any]:
            nonlocal asked
            asked += 1
            await asyncio.sleep(0)
            return []

    held = Held(notes.settings, clock=lambda: 100.0)
    held._read_at = 100.0 - FRESH
    await asyncio.gather(*[held.refresh(Counted()) for _ in range(100)])
    assert asked == 1


async def test_the_active_version_is_one_and_the_old_one_is_kept(notes: Running) -> None:
    await begin(notes)
    await make_active(notes, longest=7)
    async with notes.db.read() as db:
        rows = await db.rows("SELECT number, state, retired_at IS NULL AS current FROM policy_version ORDER BY number")
    assert [tuple(row) for row in rows] == [(1, "retired", False), (2, "active", True)]


async def test_another_services_document_is_kept_as_a_copy_and_an_older_one_changes_nothing(notes: Running) -> None:
    class Seen(Document):
        limit: int = value(1, "Limit", "上限", "A limit of the other service.")

    other = Policy("other-svc", Seen)
    for version, limit in ((2, 20), (1, 10)):
        document = {"limit": limit, "of no interest": 1}
        told = PolicyActivated(service="other-svc", name="other-svc", version=version, document=document, active_from=notes.clock())
        await notes.hear(told, other.subject, version)
    async with notes.db.read() as db:
        assert (db.policy(other).limit, db.policy(other).version) == (20, 2)


async def test_its_own_document_is_not_copied(notes: Running) -> None:
    told = PolicyActivated(service="note-svc", name="note-svc", version=9, document={"longest": 1}, active_from=notes.clock())
    await notes.hear(told, NOTE_POLICY.subject, 9)
    async with notes.db.read() as db:
        assert db.policy(NOTE_POLICY).longest == 100


@pytest.mark.parametrize("name", SERVICES)
async def test_each_service_begins_with_its_documents_when_it_is_migrated(name: str, postgres: Postgres) -> None:
    service = load(name)
    url = await fresh_database(postgres)
    given = {"database_url": url, "bus_url": url, "issuer": "http://issuer.test", "time_zone": "Asia/Shanghai"}
    settings = service.settings(**given)
    for _ in range(2):  # a repeated migration, or an upgrade of a database that has versions, changes nothing
        await service.migrate(settings)
    db = Database(settings)
    await db.start()
    try:
        async with db.read() as reader:
            found = {row["name"]: row for row in await reader.rows("SELECT * FROM policy_version")}
            assert found.keys() == {policy.name for policy in service.policies}
            assert {(row["number"], row["state"]) for row in found.values()} == {(1, "active")}
            for policy in service.policies:
                assert found[policy.name]["document"] == policy.first(settings).stored()
            if name == "lead":
                assert reader.policy(COMPANY_POLICY).zone == "Asia/Shanghai"
    finally:
        await db.stop()
