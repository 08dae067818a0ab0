"""Row access: the SQL predicate and its Python twin agree on random companies, and what each role sees."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, ColumnElement, MetaData, Table, Uuid, select
from sqlalchemy.dialects.postgresql import asyncpg as sqlalchemy_asyncpg
from sqlalchemy.schema import CreateTable

from clinch.run.postgres import Postgres
from shared.auth import SYSTEM, Actor, Role
from shared.db.scope import may_see, params, reach, visible
from shared.db.tables import ROSTER
from shared.ids import CLINCH
from tests.harness import fresh_database

DIALECT = sqlalchemy_asyncpg.dialect()  # type: ignore[no-untyped-call]
THING = Table("thing", MetaData(), Column("id", Uuid), Column("owner_id", Uuid))
PEOPLE = [uuid5(CLINCH, f"person {n}") for n in range(8)]
TEAMS = [uuid5(CLINCH, f"team {n}") for n in range(6)]
Parents = list[int | None]
Seats = list[Any]


def path_to(team: int | None, parents: Parents) -> list[UUID]:
    path: list[UUID] = []
    while team is not None:
        path.insert(0, TEAMS[team])
        team = parents[team]
    return path


# Each team's parent is an earlier team or none; people sit in a team, in none, or are unknown to the roster ("absent").
PARENTS = st.tuples(*[st.none() if n == 0 else st.none() | st.integers(0, n - 1) for n in range(len(TEAMS))]).map(list)
SEATS = st.lists(st.integers(0, len(TEAMS) - 1) | st.none() | st.just("absent"), min_size=len(PEOPLE), max_size=len(PEOPLE))
ROLES = st.sets(st.sampled_from(list(Role)), min_size=1, max_size=2) | st.sampled_from([{Role.manager}, {Role.presales}, {Role.rep}])


@pytest.fixture(scope="module")
async def db(postgres: Postgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(await fresh_database(postgres))
    await connection.execute("CREATE TABLE thing (id uuid PRIMARY KEY, owner_id uuid)")
    await connection.execute(str(CreateTable(ROSTER).compile(dialect=DIALECT)))
    await connection.executemany("INSERT INTO thing VALUES ($1, $1)", [(person,) for person in PEOPLE])
    await connection.execute("INSERT INTO thing VALUES ($1, NULL)", CLINCH)
    yield connection
    await connection.close()


async def owners_seen(db: asyncpg.Connection, actor: Actor, owner: ColumnElement[UUID | None]) -> set[UUID | None]:
    statement = select(owner).where(visible(actor, owner)).compile(dialect=DIALECT)
    values = params(actor)
    rows = await db.fetch(str(statement), *[values[name] for name in statement.positiontup or ()])
    return {row[0] for row in rows}


async def seat(db: asyncpg.Connection, paths: Mapping[UUID, Sequence[UUID]]) -> None:
    rows = [(person, path[-1] if path else None, list(path)) for person, path in paths.items()]
    await db.executemany("INSERT INTO roster (person_id, team_id, team_path, role, version) VALUES ($1, $2, $3, 'rep', 1)", rows)


@settings(max_examples=150)
@given(parents=PARENTS, seats=SEATS, who=st.integers(0, len(PEOPLE) - 1), roles=ROLES)
async def test_sql_and_python_agree(db: asyncpg.Connection, parents: Parents, seats: Seats, who: int, roles: set[Role]) -> None:
    paths = {person: path_to(team, parents) for person, team in zip(PEOPLE, seats, strict=True) if team != "absent"}
    roster = {person: path[-1] if path else None for person, path in paths.items()}
    actor = Actor.of(PEOPLE[who], roles)
    transaction = db.transaction()
    await transaction.start()
    try:
        await seat(db, paths)
        in_sql = await owners_seen(db, actor, THING.c.owner_id)
        in_roster = await owners_seen(db, actor, ROSTER.c.person_id)
    finally:
        await transaction.rollback()
    assert in_sql == {owner for owner in [*PEOPLE, None] if may_see(actor, owner, paths.get(owner, []) if owner else [], roster)}
    assert in_roster == in_sql & paths.keys()


NORTH, SOUTH, SALES = uuid4(), uuid4(), uuid4()
BOSS, ANN, BEN, CAY = PEOPLE[:4]
PATHS = {BOSS: [SALES], ANN: [SALES, NORTH], BEN: [SALES, NORTH], CAY: [SALES, SOUTH]}
TEAM_OF = {person: path[-1] for person, path in PATHS.items()}
COMPANY = {BOSS, ANN, BEN, CAY, None}


_LIMITED = {Role.manager, Role.regional_head, Role.rep, Role.kam, Role.presales, Role.assistant, Role.product}


@pytest.mark.parametrize(
    ("person", "role", "expected"),
    [
        (BOSS, Role.manager, COMPANY),
        (ANN, Role.manager, {ANN, BEN, None}),
        (ANN, Role.rep, {ANN, None}),
        (ANN, Role.kam, {ANN, None}),
        (CAY, Role.presales, {CAY}),
        (BOSS, Role.assistant, COMPANY - {None}),
        (PEOPLE[7], Role.manager, {None}),
        *[
            (PEOPLE[7], role, COMPANY)
            for role in Role
            if role not in {"manager", "regional_head", "rep", "kam", "presales", "assistant", "product"}
        ],
    ],
)
def test_each_role_sees_what_the_table_says(person: UUID, role: Role, expected: set[UUID | None]) -> None:
    actor = Actor.of(person, {role})
    assert {owner for owner in COMPANY if may_see(actor, owner, PATHS[owner] if owner else [], TEAM_OF)} == expected


def test_the_widest_role_counts_and_the_statement_shape_depends_on_the_reach_alone() -> None:
    assert reach(Actor.of(ANN, {Role.rep, Role.ops})) == reach(SYSTEM)
    assert reach(Actor.of(ANN, {Role.rep, Role.assistant})) == reach(Actor.of(BEN, {Role.manager}))
    shapes = {
        (reach(actor), str(visible(actor, THING.c.owner_id).compile(dialect=DIALECT)))
        for actor in (Actor.of(person, {role}) for person in PEOPLE for role in Role)
    }
    assert len(shapes) == len({how_far for how_far, _ in shapes}) == 4
    assert visible(Actor.of(ANN, {Role.rep}), THING.c.owner_id) is visible(Actor.of(BEN, {Role.kam}), THING.c.owner_id)
    assert visible(Actor.of(ANN, {Role.rep}), THING.c.owner_id) is not visible(Actor.of(ANN, {Role.rep}), THING.c.id)


async def test_a_manager_is_served_by_an_index_on_the_owner(db: asyncpg.Connection) -> None:
    await db.execute("CREATE TABLE big AS SELECT gen_random_uuid() AS owner_id FROM generate_series(1, 20000)")
    await db.execute("CREATE INDEX ON big (owner_id); ANALYZE big")
    big = Table("big", MetaData(), Column("owner_id", Uuid))
    statement = select(big).where(visible(Actor.of(ANN, {Role.manager}), big.c.owner_id)).compile(dialect=DIALECT)
    plan = await db.fetch(f"EXPLAIN {statement}", ANN)
    assert any("Index" in line[0] and "big" in line[0] for line in plan)
    assert not any("Seq Scan on big" in line[0] for line in plan)
