"""Who sees what: the SQL predicate and its twin in memory agree on random companies, and each role sees what the table says."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, Integer, MetaData, Table, Uuid, literal_column, select
from sqlalchemy.dialects.postgresql import asyncpg as sqlalchemy_asyncpg
from sqlalchemy.schema import CreateTable

from clinch.run.postgres import Postgres
from shared.access.held import Held, may_see
from shared.access.kinds import ACCOUNTS, CONTRACTS, DEALS, KINDS, LEADS, Kind, masked_somewhere, reach, sees, unmasked
from shared.access.rows import Condition, Rows, Seen, Through, Within
from shared.auth import SYSTEM, Actor, Role
from shared.db.tables import MEMBERSHIP, ROSTER
from shared.ids import CLINCH
from tests.harness import fresh_database

DIALECT = sqlalchemy_asyncpg.dialect()  # type: ignore[no-untyped-call]
PEOPLE = [uuid5(CLINCH, f"person {n}") for n in range(6)]
TEAMS = [uuid5(CLINCH, f"team {n}") for n in range(4)]
ACCOUNT_IDS = [uuid5(CLINCH, f"account {n}") for n in range(3)]
DEAL_IDS = [uuid5(CLINCH, f"deal {n}") for n in range(4)]
KEYS = [Column("id", Uuid), Column("owner_id", Uuid), Column("account_id", Uuid), Column("won", Boolean), Column("review", Boolean)]
DEAL = Table("deal", MetaData(), *KEYS)
ACCOUNT = Table("account", MetaData(), Column("id", Uuid), Column("owner_id", Uuid))

SEEN_DEALS = Rows(DEALS, id=DEAL.c.id, owner=DEAL.c.owner_id, account=DEAL.c.account_id, account_if=DEAL.c.won, review=DEAL.c.review)
_of_deals = Through(SEEN_DEALS, DEAL.c.account_id, shows=ACCOUNT.c.id)
SEEN_ACCOUNTS = Rows(ACCOUNTS, id=ACCOUNT.c.id, owner=ACCOUNT.c.owner_id, through=[_of_deals])
OF_ACCOUNTS = Within(SEEN_ACCOUNTS, DEAL.c.account_id)

# Each team's parent is an earlier team or none; people sit in a team, in none, or are unknown to the roster ("absent").
PARENTS = st.tuples(*[st.none() if n == 0 else st.none() | st.integers(0, n - 1) for n in range(len(TEAMS))])
SEATS = st.lists(st.integers(0, len(TEAMS) - 1) | st.none() | st.just("absent"), min_size=len(PEOPLE), max_size=len(PEOPLE))
SOMEBODY = st.none() | st.sampled_from(PEOPLE)
_A_DEAL = st.tuples(SOMEBODY, st.none() | st.sampled_from(ACCOUNT_IDS), st.booleans(), st.booleans())
DEAL_ROWS = st.lists(_A_DEAL, min_size=len(DEAL_IDS), max_size=len(DEAL_IDS))
OWNERS = st.lists(SOMEBODY, min_size=len(ACCOUNT_IDS), max_size=len(ACCOUNT_IDS))
PARTS = st.sets(st.tuples(st.sampled_from([*DEAL_IDS, *ACCOUNT_IDS]), st.sampled_from(PEOPLE)), max_size=6)
ROLES = st.sets(st.sampled_from(list(Role)), min_size=1, max_size=2)


@pytest.fixture(scope="module")
async def db(postgres: Postgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(await fresh_database(postgres))
    for table in (ROSTER, MEMBERSHIP, DEAL, ACCOUNT):
        await connection.execute(str(CreateTable(table).compile(dialect=DIALECT)))
    yield connection
    await connection.close()


async def found(db: asyncpg.Connection, rows: Seen, table: Table, actor: Actor) -> set[UUID]:
    """What single reads and lists find, which must be the same."""

    async def meet(condition: Condition) -> set[UUID]:
        statement = select(table.c.id).where(condition).compile(dialect=DIALECT)
        values = {**statement.params, **rows.params(actor)}
        return {row[0] for row in await db.fetch(str(statement), *[values[name] for name in statement.positiontup or ()])}

    one_by_one = await meet(rows.visible(actor))
    assert await meet(rows.listed(actor)) == one_by_one
    return one_by_one


def path_to(team: int | None, parents: Any) -> list[UUID]:
    return [] if team is None else [*path_to(parents[team], parents), TEAMS[team]]


@settings(max_examples=150, deadline=None)
@given(PARENTS, SEATS, OWNERS, DEAL_ROWS, PARTS, st.sampled_from(PEOPLE), ROLES)
async def test_sql_and_memory_agree(
    db: asyncpg.Connection,
    parents: Any,
    seats: list[Any],
    owners: list[Any],
    deals: list[Any],
    parts: set[Any],
    who: UUID,
    roles: set[Role],
) -> None:
    paths = {person: path_to(team, parents) for person, team in zip(PEOPLE, seats, strict=True) if team != "absent"}
    actor = Actor.of(who, roles, ["deals:read"])
    transaction = db.transaction()
    await transaction.start()
    try:
        seated = [(person, path[-1] if path else None, path) for person, path in paths.items()]
        await db.executemany("INSERT INTO roster (person_id, team_id, team_path, role, version) VALUES ($1, $2, $3, 'rep', 1)", seated)
        await db.executemany("INSERT INTO membership VALUES ($1, $2, 'member')", list(parts))
        await db.executemany("INSERT INTO account VALUES ($1, $2)", list(zip(ACCOUNT_IDS, owners, strict=True)))
        await db.executemany(
            "INSERT INTO deal VALUES ($1, $2, $3, $4, $5)", [(id, *deal) for id, deal in zip(DEAL_IDS, deals, strict=True)]
        )
        seen_deals, seen_accounts = await found(db, SEEN_DEALS, DEAL, actor), await found(db, SEEN_ACCOUNTS, ACCOUNT, actor)
        of_seen_accounts = await found(db, OF_ACCOUNTS, DEAL, actor)
    finally:
        await transaction.rollback()
    team = next((path[-1] for person, path in paths.items() if person == who and path), None)
    mine = {record for record, person in parts if person == who}
    held = {
        id: Held(owner, paths.get(owner, []), (id,), account if won else None, review)
        for id, (owner, account, won, review) in zip(DEAL_IDS, deals, strict=True)
    }
    assert seen_deals == {id for id, its in held.items() if may_see(actor, DEALS, its, team, mine)}
    everything = reach(ACCOUNTS, actor).everything
    assert of_seen_accounts == {id for id, deal in zip(DEAL_IDS, deals, strict=True) if everything or deal[1] in seen_accounts}
    of_account = {id: [held[d] for d, deal in zip(DEAL_IDS, deals, strict=True) if deal[1] == id] for id in ACCOUNT_IDS}
    assert seen_accounts == {
        id
        for id, owner in zip(ACCOUNT_IDS, owners, strict=True)
        if may_see(actor, ACCOUNTS, Held(owner, paths.get(owner, []), (id,)), team, mine, [(DEALS, its) for its in of_account[id]])
    }


NORTH, SOUTH, SALES = uuid4(), uuid4(), uuid4()
BOSS, ANN, BEN, CAY = PEOPLE[:4]
PATHS = {BOSS: [SALES], ANN: [SALES, NORTH], BEN: [SALES, NORTH], CAY: [SALES, SOUTH]}
EVERYBODY = {BOSS, ANN, BEN, CAY}


@pytest.mark.parametrize(
    ("kind", "person", "role", "expected"),
    [
        (LEADS, BOSS, Role.manager, {*EVERYBODY, None}),
        (LEADS, BOSS, Role.regional_head, {*EVERYBODY, None}),
        (LEADS, ANN, Role.manager, {ANN, BEN, None}),
        (LEADS, ANN, Role.rep, {ANN, None}),
        (LEADS, CAY, Role.presales, {CAY}),
        (LEADS, PEOPLE[5], Role.manager, {None}),
        (LEADS, PEOPLE[5], Role.marketing, {*EVERYBODY, None}),
        (LEADS, ANN, Role.finance, {ANN}),
        (DEALS, ANN, Role.rep, {ANN}),
        (DEALS, ANN, Role.manager, {ANN, BEN}),
        (DEALS, ANN, Role.marketing, {ANN}),
        (DEALS, PEOPLE[5], Role.support, set()),
        (DEALS, PEOPLE[5], Role.auditor, {*EVERYBODY, None}),
        (CONTRACTS, PEOPLE[5], Role.finance, {*EVERYBODY, None}),
        (ACCOUNTS, BOSS, Role.assistant, {BOSS}),
    ],
)
def test_a_role_sees_what_the_table_says(kind: Kind, person: UUID, role: Role, expected: set[UUID | None]) -> None:
    actor = Actor.of(person, {role})
    team = PATHS[person][-1] if person in PATHS else None
    assert {owner for owner in [*EVERYBODY, None] if may_see(actor, kind, Held(owner, PATHS.get(owner, [])), team, ())} == expected


def test_another_system_sees_the_kinds_of_its_scopes_and_nothing_else() -> None:
    form = Actor.of(PEOPLE[5], {Role.service}, ["leads:write", "payments:read"])
    assert {name for name, kind in KINDS.items() if sees(kind, form)} == {"lead", "account", "contract"}
    assert not any(sees(kind, Actor.of(PEOPLE[5], {Role.service})) for kind in KINDS.values())
    assert not Actor.of(PEOPLE[5], {Role.rep}, ["deals:write"]).scopes, "scopes are for other systems"


def test_masked_is_who_has_no_role_that_sees_the_kind_as_it_is() -> None:
    def actor(*roles: Role) -> Actor:
        return Actor.of(ANN, roles)

    assert not unmasked(LEADS, actor(Role.ops))
    assert unmasked(DEALS, actor(Role.ops))
    assert not unmasked(LEADS, actor(Role.auditor))
    assert unmasked(LEADS, actor(Role.auditor, Role.rep))
    assert not unmasked(LEADS, actor(Role.auditor, Role.finance)), "finance sees no leads, so it shows none of them unmasked"
    assert not unmasked(ACCOUNTS, actor(Role.finance))
    assert unmasked(CONTRACTS, actor(Role.finance))
    assert masked_somewhere(actor(Role.ops))
    assert not masked_somewhere(actor(Role.rep))
    assert not masked_somewhere(SYSTEM)


def test_the_statement_is_the_same_for_everybody_who_sees_as_far() -> None:
    assert SEEN_DEALS.visible(Actor.of(ANN, {Role.rep})) is SEEN_DEALS.visible(Actor.of(BEN, {Role.kam}))
    assert SEEN_DEALS.visible(Actor.of(ANN, {Role.rep})) is not SEEN_DEALS.visible(Actor.of(BOSS, {Role.manager}))
    assert SEEN_ACCOUNTS.visible(Actor.of(ANN, {Role.presales})) is SEEN_ACCOUNTS.visible(Actor.of(BEN, {Role.product}))
    assert SEEN_DEALS.params(Actor.of(ANN, {Role.director})) == {}


async def test_a_manager_is_served_by_indexes(db: asyncpg.Connection) -> None:
    await db.execute("CREATE TABLE big AS SELECT gen_random_uuid() AS id, gen_random_uuid() AS owner_id FROM generate_series(1, 20000)")
    await db.execute("ALTER TABLE big ADD PRIMARY KEY (id); CREATE INDEX ON big (owner_id); ANALYZE big")
    big = Table("big", MetaData(), Column("id", Uuid), Column("owner_id", Uuid))
    rows = Rows(DEALS, id=big.c.id, owner=big.c.owner_id)
    plan = await db.fetch(f"EXPLAIN {select(big).where(rows.visible(Actor.of(ANN, {Role.manager}))).compile(dialect=DIALECT)}", ANN)
    assert any("Index" in line[0] and "big" in line[0] for line in plan)
    assert not any("Seq Scan on big" in line[0] for line in plan)


async def test_a_list_of_few_rows_goes_by_their_ids(db: asyncpg.Connection) -> None:
    """And not through all rows in the order of the list, until it has met enough of them."""
    await db.execute(
        "CREATE TABLE sold AS SELECT gen_random_uuid() AS id, gen_random_uuid() AS account_id, $$"
        f"{ANN}$$::uuid AS owner_id, n AS at FROM generate_series(1, 20000) n"
    )
    await db.execute("UPDATE sold SET owner_id = gen_random_uuid() WHERE at > 200")
    await db.execute(";".join([*(f"CREATE INDEX ON sold ({name})" for name in ("id", "owner_id", "account_id", "at")), "ANALYZE sold"]))
    sold = Table("sold", MetaData(), *[Column(name, Uuid) for name in ("id", "owner_id", "account_id")], Column("at", Integer))
    rows = Rows(DEALS, id=sold.c.id, owner=sold.c.owner_id, account=sold.c.account_id)
    page = select(sold).where(rows.listed(Actor.of(ANN, {Role.csm}))).order_by(sold.c.at.desc()).limit(literal_column("50"))
    plan = [line[0] for line in await db.fetch(f"EXPLAIN {page.compile(dialect=DIALECT)}", ANN)]
    assert not any("Seq Scan on sold" in line or "sold_at_idx" in line for line in plan), plan
