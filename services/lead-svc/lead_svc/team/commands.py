"""The roster: teams and people, kept by admins and operations, and by imports that name an owner nobody has entered yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lead_svc.team import rules
from lead_svc.team.queries import teams_of
from lead_svc.team.record import Person, Team
from lead_svc.team.rules import CHANGE_PERSON, CHANGE_TEAM, CREATE_PERSON, CREATE_TEAM
from lead_svc.team.tables import PEOPLE, PERSON, TEAM, TEAMS
from shared.auth import Role
from shared.db.query import Query, is_in
from shared.db.tx import Reader, Tx
from shared.errors import Invalid
from shared.events.team import PersonAdded, PersonChanged, TeamChanged, TeamCreated
from shared.ids import new_id
from shared.parties import people, references
from shared.parties.references import Known, made_id
from shared.timers import set_timer

_LOCK_TREE = "SELECT pg_advisory_xact_lock(hashtext('clinch.team'))"
"""Moves are checked against the whole tree, so they take turns; and people come to a team while it stays where it is."""

_TEAMS = Query(select(*[TEAM.c[n] for n in TEAMS.names]), Team)
_PEOPLE_OF = Query(select(PERSON.c.id).where(is_in(PERSON.c.team_id, "teams")), UUID)


async def parents(tx: Reader) -> dict[UUID, UUID | None]:
    """The tree: each team's parent."""
    return {team.id: team.parent_id for team in await tx.all(_TEAMS)}


# -- Teams -----------------------------------------------------------------------------------------------------------------


async def enter_team(tx: Tx, *, name: str, parent_id: UUID | None, external_id: str | None) -> tuple[Team, bool]:
    """Create a team; one whose external key is known already is brought to these values instead. The team, and whether it is new."""
    CREATE_TEAM.permit(tx.actor)
    await tx.execute(_LOCK_TREE)
    tree = await parents(tx)
    id = made_id("team", external_id) if external_id else new_id()
    if id in tree:
        return await change_team(tx, id, {"name": name, "parent_id": parent_id}), False
    _must_exist(parent_id, tree)
    team = Team(id=id, external_id=external_id, name=name, parent_id=parent_id, created_at=tx.now, updated_at=tx.now, version=0)
    path = rules.path_of(id, {**tree, id: parent_id})
    return await tx.add(TEAMS, team, TeamCreated.of(team, path=path)), True


async def change_team(tx: Tx, id: UUID, given: Mapping[str, Any], expect: int | None = None) -> Team:
    """Rename or move a team. After a move everybody below it has a new path, and each of them is told of."""
    await tx.execute(_LOCK_TREE)
    team = await tx.load(TEAMS, id, expect)
    CHANGE_TEAM.check(team, tx.actor)
    changes = {name: value for name, value in given.items() if getattr(team, name) != value}
    if not changes:
        return team
    tree = await parents(tx)
    if "parent_id" in changes:
        _must_exist(changes["parent_id"], tree)
        CHANGE_TEAM.check(team, tx.actor, also=rules.move_unmet(id, changes["parent_id"], tree))
    wanted = replace(team, **changes)
    tree[id] = wanted.parent_id
    told = TeamChanged.of(wanted, path=rules.path_of(id, tree))
    saved = await tx.save(TEAMS, team, told, **changes)
    if "parent_id" in changes:
        members = await tx.all(_PEOPLE_OF, teams=list(rules.below(id, tree)))
        below = (await tx.load_many(PEOPLE, members)).values()
        await tx.save_many(PEOPLE, [(replace(p, updated_at=tx.now), [(_changed(p, tree), tx.now)]) for p in below])
        for person in below:
            await people.keep(tx, person.id, _changed(person, tree), person.version + 1)
    return saved


def _must_exist(team_id: UUID | None, tree: Mapping[UUID, UUID | None], pointer: str = "/parent_id") -> None:
    if team_id is not None and team_id not in tree:
        raise Invalid("There is no such team.", pointer=pointer, code="unknown_team")


# -- People ------------------------------------------------------------------------------------------------------------------


async def enter_person(tx: Tx, *, external_id: str | None, given: Mapping[str, Any]) -> tuple[Person, bool]:
    """Add a person; one whose external key is known already is brought to these values, and a stub thereby filled up."""
    CREATE_PERSON.permit(tx.actor)
    await tx.execute(_LOCK_TREE)
    id = await _meant(tx, external_id) if external_id else new_id()
    tree = await parents(tx)
    _must_exist(given["team_id"], tree, "/team_id")
    person = Person(id=id, external_id=external_id, imported=False, created_at=tx.now, updated_at=tx.now, version=1, **given)
    told = _added(person, tree)
    CREATE_PERSON.check(person, tx.actor, also=rules.leave_unmet(tx.actor, id, active=person.active))
    if id not in await tx.add_new(PEOPLE, [(person, [(told, tx.now)])]):
        return await change_person(tx, id, given), False
    if external_id:
        await references.learn(tx, "person", [Known(external_id, id, tx.now, False)])
    await people.keep(tx, id, told, person.version)
    if person.team_id is not None:  # leads can have an owner whom nobody has entered yet
        await set_timer(tx, rules.MOVED, id, tx.now)
    return person, True


async def _meant(tx: Tx, key: str) -> UUID:
    """The person that this key enters: the one known by it, or one entered before under another spelling of it, or somebody new.

    Somebody new takes over what an import has named in another spelling: that stub's id is not the one that access tokens give.
    """
    own = made_id("person", key)
    alike = (await references.ids_of(tx, "person", [key]))[key]
    if alike == own or await tx.first(PEOPLE.get, id=own) is not None:
        return own
    known = await tx.first(PEOPLE.get, id=alike)
    return own if known is None or known.imported else alike


async def change_person(tx: Tx, id: UUID, given: Mapping[str, Any], expect: int | None = None) -> Person:
    if "team_id" in given:
        await tx.execute(_LOCK_TREE)
    person = await tx.load(PEOPLE, id, expect)
    changes = {name: value for name, value in given.items() if getattr(person, name) != value}
    CHANGE_PERSON.check(person, tx.actor, also=rules.leave_unmet(tx.actor, id, active=changes.get("active", True)))
    if not changes:
        return person
    tree = await parents(tx)
    _must_exist(changes.get("team_id"), tree, "/team_id")
    # They are entered now, so they are a stub no more.
    told = _changed(replace(person, **changes), tree)
    saved = await tx.save(PEOPLE, person, told, **changes, imported=False)
    await people.keep(tx, id, told, saved.version)
    if "team_id" in changes:
        await set_timer(tx, rules.MOVED, id, tx.now)
    return saved


async def name_people(tx: Tx, wanted: Mapping[str, UUID]) -> None:
    """See that the people exist whom these keys stand for; those nobody has entered yet become stubs, flagged `imported`."""
    unknown = await unknown_people(tx, list(wanted.values()))
    first: dict[UUID, str] = {}
    for key, id in wanted.items():
        first.setdefault(id, key)
    stubs = [_stub(tx, id, key) for id, key in first.items() if id in unknown]
    await references.learn(tx, "person", [Known(p.external_id, p.id, tx.now, True) for p in stubs if p.external_id])
    added = await tx.add_new(PEOPLE, [(p, [(_added(p, {}), tx.now)]) for p in stubs])
    for person in stubs:
        if person.id in added:
            await people.keep(tx, person.id, _added(person, {}), person.version)


def _stub(tx: Tx, id: UUID, key: str) -> Person:
    external_id = key if key != str(id) and made_id("person", key) == id else None
    nothing: dict[str, Any] = {"name": None, "email": None, "team_id": None, "works": None}
    stamps: dict[str, Any] = {"created_at": tx.now, "updated_at": tx.now, "version": 1}
    return Person(id=id, external_id=external_id, role=Role.rep, active=True, imported=True, **nothing, **stamps)


async def unknown_people(tx: Reader, ids: Sequence[UUID]) -> set[UUID]:
    return set(ids) - (await teams_of(tx, ids)).keys()


def _added(person: Person, tree: Mapping[UUID, UUID | None]) -> PersonAdded:
    return PersonAdded.of(person, team_path=rules.path_of(person.team_id, tree))


def _changed(person: Person, tree: Mapping[UUID, UUID | None]) -> PersonChanged:
    return PersonChanged.of(person, team_path=rules.path_of(person.team_id, tree))
