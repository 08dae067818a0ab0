"""The directory of parties as each service keeps it from lead-svc's events."""

from typing import Any
from uuid import UUID

import pytest

from shared.events.envelope import Envelope, Event
from shared.events.party import AccountCreated, AccountUpdated
from shared.events.team import PersonAdded, PersonChanged, PersonTold
from shared.ids import external_id, new_id
from shared.parties import accounts, directory, people
from shared.parties.references import made_id, told_id
from tests.harness import Running

ANN, ACME, RED, BLUE, ROOT = [new_id() for _ in range(5)]
READER = directory.reader()


async def hear(notes: Running, *told: tuple[UUID, int, Event]) -> None:
    async with notes.transaction() as tx:
        await READER.handle(tx, [Envelope(new_id(), event.type, subject, version, tx.now, event) for subject, version, event in told])


async def roster(notes: Running) -> Any:
    async with notes.db.connection() as conn:
        return await conn.fetchrow("SELECT team_id, team_path, role, active, version FROM roster WHERE person_id = $1", ANN)


async def acme(notes: Running) -> accounts.Account | None:
    async with notes.db.read() as reader:
        return await accounts.find(reader, ACME)


def test_it_hears_every_event_that_says_what_a_party_is_now() -> None:
    assert set(directory.KINDS) == {AccountCreated, AccountUpdated, PersonAdded, PersonChanged}
    assert READER.topics == ["clinch.account.events.v1", "clinch.person.events.v1"]


async def test_it_follows_a_person_from_team_to_team(notes: Running) -> None:
    await hear(notes, (ANN, 1, PersonAdded(role="rep", team_id=RED, team_path=[ROOT, RED])))
    assert tuple(await roster(notes)) == (RED, [ROOT, RED], "rep", True, 1)
    await hear(notes, (ANN, 2, PersonChanged(role="manager", team_id=BLUE, team_path=[ROOT, BLUE], active=False)))
    assert tuple(await roster(notes)) == (BLUE, [ROOT, BLUE], "manager", False, 2)
    async with notes.db.read() as reader:
        assert await people.team_of(reader, ANN) == BLUE
        assert await people.team_of(reader, new_id()) is None
        assert await people.standings(reader, [ANN, new_id()]) == {ANN: people.Standing(ANN, "manager", False, BLUE)}


async def test_somebody_entered_as_one_who_has_left_is_known_as_such(notes: Running) -> None:
    await hear(notes, (ANN, 1, PersonAdded(role="rep", active=False)))
    assert (await roster(notes))["active"] is False


async def test_an_account_is_in_the_team_of_its_owner(notes: Running) -> None:
    await hear(notes, (ACME, 1, AccountCreated(name="Acme", owner_id=ANN, region="east", tier="gold")))
    assert await acme(notes) == accounts.Account(ACME, 1, "Acme", ANN, "east", "gold", None)
    await hear(notes, (ANN, 1, PersonAdded(role="rep", team_id=RED, team_path=[RED])))
    assert await acme(notes) == accounts.Account(ACME, 1, "Acme", ANN, "east", "gold", RED)


@pytest.mark.parametrize("at_once", [True, False])
async def test_what_comes_late_twice_or_in_another_order_does_no_harm(notes: Running, at_once: bool) -> None:
    told: list[tuple[UUID, int, Event]] = [
        (ANN, 3, PersonChanged(role="manager", team_id=BLUE, team_path=[ROOT, BLUE])),
        (ACME, 4, AccountUpdated(changed=["name"], name="Acme Group", owner_id=ANN)),
        (ANN, 1, PersonAdded(role="rep")),
        (ACME, 1, AccountCreated(name="Acme")),
        (ACME, 2, AccountUpdated(changed=["name"], name="Acme Ltd")),
        (ANN, 3, PersonChanged(role="manager", team_id=BLUE, team_path=[ROOT, BLUE])),
    ]
    if at_once:
        await hear(notes, *told)
    else:
        for one in told:
            await hear(notes, one)
    assert tuple(await roster(notes)) == (BLUE, [ROOT, BLUE], "manager", True, 3)
    assert await acme(notes) == accounts.Account(ACME, 4, "Acme Group", ANN, None, None, BLUE)


async def test_an_import_names_an_account_until_it_is_told_of(notes: Running) -> None:
    async with notes.transaction() as tx:
        await accounts.name(tx, {ACME: "ACME"})
        await accounts.name(tx, {ACME: "acme"})
        assert await accounts.names_of(tx, [ACME, new_id()]) == {ACME: "ACME"}
    await hear(notes, (ACME, 1, AccountCreated(name="Acme", owner_id=ANN)))
    async with notes.transaction() as tx:
        await accounts.name(tx, {ACME: "ACME"})
    known = await acme(notes)
    assert known is not None
    assert (known.name, known.owner_id, known.version) == ("Acme", ANN, 1)


async def test_lead_svc_writes_a_person_as_it_tells_of_them(notes: Running) -> None:
    async with notes.transaction() as tx:
        await people.keep(tx, ANN, PersonTold(role="rep"), 1)
        assert await people.team_of(tx, ANN) is None
    assert (await roster(notes))["version"] == 1


def test_an_id_follows_from_kind_and_key() -> None:
    assert made_id("account", " ACME  corp") == made_id("account", "acme corp") == external_id("account", "acme corp")
    assert made_id("lead", "A-1") == external_id("lead", "A-1") != made_id("lead", "a-1")
    assert made_id("person", str(ANN)) == ANN
    assert told_id("deal", ANN, "D-1") == ANN
    assert told_id("account", None, None, "acme corp") == made_id("account", "ACME corp")
    assert told_id("account", None, None) is None
