"""The roster as each service keeps it from lead-svc's events."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from clinch.run.postgres import Postgres
from shared import roster
from shared.events.envelope import Envelope, Event
from shared.events.lead import PersonAdded, PersonChanged
from shared.ids import new_id
from shared.log.reactions import give
from tests.harness import Running, running
from tests.shared.notes_service import service

ANN, RED, BLUE, ROOT = [new_id() for _ in range(4)]


@pytest.fixture
async def notes(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres) as started:
        yield started


async def hear(notes: Running, event: Event, version: int) -> None:
    assert roster.READER.topics == ["clinch.person.events.v1"]
    async with notes.transaction() as tx:
        await give(roster.READER.handle, tx, [Envelope(new_id(), event.type, ANN, version, tx.now, event)], [])


async def known(notes: Running) -> Any:
    async with notes.db.connection() as conn:
        return await conn.fetchrow("SELECT team_id, team_path, role, active, version FROM roster WHERE person_id = $1", ANN)


async def test_it_follows_a_person_from_team_to_team(notes: Running) -> None:
    await hear(notes, PersonAdded(role="rep", team_id=RED, team_path=[ROOT, RED]), 1)
    assert tuple(await known(notes)) == (RED, [ROOT, RED], "rep", True, 1)
    await hear(notes, PersonChanged(role="manager", team_id=BLUE, team_path=[ROOT, BLUE], active=False), 2)
    assert tuple(await known(notes)) == (BLUE, [ROOT, BLUE], "manager", False, 2)
    async with notes.db.read() as reader:
        assert await roster.team_of(reader, ANN) == BLUE
        assert await roster.team_of(reader, new_id()) is None


async def test_what_is_older_than_the_version_kept_changes_nothing(notes: Running) -> None:
    await hear(notes, PersonChanged(role="manager", team_id=BLUE, team_path=[ROOT, BLUE]), 2)
    await hear(notes, PersonAdded(role="rep"), 1)
    await hear(notes, PersonChanged(role="rep"), 2)
    assert tuple(await known(notes)) == (BLUE, [ROOT, BLUE], "manager", True, 2)


async def test_lead_svc_writes_it_with_the_person(notes: Running) -> None:
    async with notes.transaction() as tx:
        await roster.remember(tx, ANN, team_id=None, team_path=[], role="rep", active=True, version=1)
        assert await roster.team_of(tx, ANN) is None
    assert (await known(notes))["version"] == 1
