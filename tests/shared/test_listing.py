"""Lists over a real service and a real Postgres: what paging returns is the plain sorted list, whatever the filters."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import true

from shared.auth import Role
from shared.auth.actor import Actor, person_id
from shared.db.query import Query
from shared.db.tx import Reader
from shared.http.listing import _Shape
from tests.harness import Running
from tests.shared.harbour import BOAT, BOATS, MINE, NOW, SEEN, SORTS, Boat, Rig, boat, ids, put


def sorted_as(boats: list[Boat], sort: str) -> list[Boat]:
    """The plain sorted list: NULLs last in both directions, the id breaks ties in the sort's direction."""
    name, down = sort.removeprefix("-"), sort.startswith("-")
    valued = sorted((b for b in boats if getattr(b, name) is not None), key=lambda b: (getattr(b, name), b.id), reverse=down)
    return valued + sorted((b for b in boats if getattr(b, name) is None), key=lambda b: b.id, reverse=down)


BOATS_GIVEN = st.lists(
    st.builds(
        boat,
        id=st.uuids(),
        name=st.sampled_from(["", "Ä", "argo", "Argo", "b%", "b_", "\\", "x" * 300]),
        rig=st.sampled_from(Rig),
        price=st.none() | st.sampled_from([Decimal("-1.50"), Decimal(0), Decimal("9999999999.99")]),
        length=st.integers(0, 3),
        built_on=st.none() | st.sampled_from([date(2000, 1, 1), date(2000, 1, 2)]),
        seen_at=st.sampled_from([NOW, NOW + timedelta(microseconds=1), NOW - timedelta(days=9000)]),
        racing=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda b: b.id,
)
FILTERS = {
    "rig=sloop": lambda b: b.rig is Rig.SLOOP,
    "rig=ketch,sloop&length[lt]=3": lambda b: b.length < 3,
    "price=none": lambda b: b.price is None,
    "price=none,0": lambda b: b.price in (None, 0),
    "price[gte]=-1.5&price[lt]=1e3": lambda b: b.price is not None and Decimal("-1.5") <= b.price < 1000,
    "built_on[gt]=2000-01-01": lambda b: b.built_on is not None and b.built_on > date(2000, 1, 1),
    "seen_at[lte]=2026-01-01T08:00:00%2B08:00&racing=true": lambda b: b.seen_at <= NOW and b.racing,
    "q=ARG": lambda b: "arg" in b.name.lower(),
    "q=%25": lambda b: "%" in b.name,
    "q=_": lambda b: "_" in b.name,
    "q=%5C": lambda b: "\\" in b.name,
    "": lambda b: True,
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])
@given(
    boats=BOATS_GIVEN,
    late=BOATS_GIVEN,
    sort=st.sampled_from([d + s for s in SORTS for d in ("", "-")]),
    limit=st.integers(1, 5),
    data=st.data(),
)
async def test_paging_gives_the_plain_sorted_list(
    harbour: Running, boats: list[Boat], late: list[Boat], sort: str, limit: int, data: st.DataObject
) -> None:
    wanted = data.draw(st.sampled_from(sorted(FILTERS)))
    await put(harbour, *boats)
    known = {b.id for b in boats}
    late = [b for b in late if b.id not in known]
    seen: list[UUID] = []
    async with harbour.client("admin") as client:
        address = f"/v1/boats?{wanted}&sort={sort}&limit={limit}".replace("?&", "?")
        while address:
            assert len(seen) <= 24, "it never ends"
            answer = await client.get(address)
            assert answer.status_code == 200, answer.text
            seen += [UUID(item["id"]) for item in answer.json()["items"]]
            assert len(answer.json()["items"]) == limit or not answer.links
            if late:  # somebody adds rows while we page
                await put(harbour, late.pop(), keep=True)
            address = answer.links.get("next", {}).get("url", "")
    assert len(seen) == len(set(seen)), "no row twice"
    plain = [b.id for b in sorted_as([b for b in boats if FILTERS[wanted](b)], sort)]
    assert [i for i in seen if i in known] == plain


async def test_each_operator_compares_as_it_says(harbour: Running, admin: httpx.AsyncClient) -> None:
    short, middle, long = (boat(length=n, name=f"boat {n}") for n in (5, 10, 15))
    await put(harbour, short, middle, long)
    for query, expected in {
        "length": [middle],
        "length[gte]": [middle, long],
        "length[gt]": [long],
        "length[lte]": [short, middle],
        "length[lt]": [short],
    }.items():
        assert await ids(admin, **{query: "10", "sort": "length"}) == [b.id for b in expected]
    assert await ids(admin, name="boat 5,boat 15", sort="length") == [short.id, long.id]


async def test_commas_and_the_word_none_can_be_looked_for(harbour: Running, admin: httpx.AsyncClient) -> None:
    comma, none = boat(name="a,b", owner_id=MINE), boat(name="none")
    await put(harbour, comma, none)
    assert await ids(admin, name=r"a\,b") == [comma.id]
    assert await ids(admin, name="none") == [none.id], "a name cannot be missing, so this is the word"
    assert await ids(admin, owner_id="none") == [none.id]
    assert await ids(admin, owner_id=str(MINE)) == [comma.id]


async def test_arrays_match_any_of_the_values(harbour: Running, admin: httpx.AsyncClient) -> None:
    red, both, bare = boat(tags=["red"]), boat(tags=["red", "fast"]), boat()
    await put(harbour, red, both, bare)
    assert set(await ids(admin, tags="red")) == {red.id, both.id}
    assert await ids(admin, tags="fast,new") == [both.id]
    assert await ids(admin, tags="none") == [bare.id]


async def test_a_page_is_one_statement_and_the_count_one_more(harbour: Running, admin: httpx.AsyncClient, monkeypatch: Any) -> None:
    await put(harbour, *[boat() for _ in range(7)])
    statements: list[str] = []
    run = Reader.records
    one = Reader.first

    async def counted_records(self: Reader, query: Query[Any], **params: Any) -> list[Any]:
        statements.append(query.sql)
        return await run(self, query, **params)

    async def counted_one(self: Reader, query: Query[Any], **params: Any) -> Any:
        statements.append(query.sql)
        return await one(self, query, **params)

    monkeypatch.setattr(Reader, "records", counted_records)
    monkeypatch.setattr(Reader, "first", counted_one)
    plain = (await admin.get("/v1/boats", params={"limit": 3, "sort": "price"})).json()
    assert len(statements) == 1
    assert "count" not in plain
    page = (await admin.get("/v1/boats", params={"limit": 3, "count": "exact", "sort": "price"})).json()
    assert page["count"] == 7
    rest = await admin.get("/v1/boats", params={"limit": 3, "count": "exact", "sort": "price", "cursor": page["next_cursor"]})
    assert rest.json()["count"] == 7, "the count is of the whole list, on every page"
    assert len(statements) == 5


async def test_a_statement_is_compiled_once_per_shape(harbour: Running, admin: httpx.AsyncClient) -> None:
    await put(harbour)
    await ids(admin, **{"price[gte]": "1", "rig": "sloop"})
    before = BOATS._query.cache_info()
    await ids(admin, **{"price[gte]": "2", "rig": "ketch", "limit": "7"})
    after = BOATS._query.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 1)
    assert after.maxsize == 256


async def test_rows_of_others_are_neither_listed_nor_counted(harbour: Running) -> None:
    await put(harbour, boat(owner_id=MINE), boat(owner_id=person_id("bob")), boat(), boat(owner_id=MINE))
    for subject, sees in {"ann": 3, "bob": 2}.items():
        async with harbour.client("rep", subject) as client:
            page = (await client.get("/v1/boats", params={"limit": 1, "count": "exact"})).json()
            assert page["count"] == sees
            rest = await ids(client, limit=200, cursor=page["next_cursor"])
            assert len(rest) == sees - 1


def test_a_statement_belongs_to_one_condition() -> None:
    ann, bob = (Actor.of(person_id(n), {Role.manager}) for n in ("ann", "bob"))
    rep = Actor.of(MINE, {Role.rep})
    assert SEEN.visible(ann) is SEEN.visible(bob)
    assert SEEN.visible(ann) is not SEEN.visible(rep)
    short, long = BOAT.c.length == 1, BOAT.c.length == 2
    shapes = [_Shape((), "", "name", "start", id(condition), condition) for condition in (short, long, short)]
    assert shapes[0] == shapes[2] != shapes[1]


@pytest.mark.parametrize("sort", ["price", "-price", "seen_at", "-seen_at"])
async def test_page_1000_is_read_from_the_index_as_page_1_is(harbour: Running, sort: str) -> None:
    """The same few index entries for both, counted by Postgres itself: rows touched, not times."""
    await put(harbour)
    async with harbour.transaction() as tx:
        await tx.execute(
            "INSERT INTO boat SELECT gen_random_uuid(), 'b' || n, 'sloop', CASE WHEN n % 50 <> 0 THEN n END, n, n, NULL,"
            " now() - n * interval '1 minute', NULL, false, '{}' FROM generate_series(1, 60000) AS n"
        )
    async with harbour.db.connection() as conn:
        await conn.execute("ANALYZE boat")
    async with harbour.client("admin") as client:
        first = await _touched(harbour, client, sort, None)
        offset = 49_950
        name, down = sort.removeprefix("-"), sort.startswith("-")
        direction = "DESC" if down else "ASC"
        async with harbour.db.connection() as conn:
            row = await conn.fetchrow(
                f"SELECT {name} AS value, id FROM boat ORDER BY {name} {direction} NULLS LAST, id {direction} OFFSET {offset} LIMIT 1"
            )
        assert row["value"] is not None
        later = await _touched(harbour, client, sort, (row["value"], row["id"]))
    assert max(first, later) <= 2 * 51
    await put(harbour)


LOOKS_AGAIN = ("Subquery Scan", "CTE Scan")
"""At what was read from a table already."""


async def _touched(harbour: Running, client: httpx.AsyncClient, sort: str, after: tuple[Any, UUID] | None) -> int:
    """How many rows the scans of this page's statement return, out of EXPLAIN ANALYZE."""
    everything = true()
    shape = _Shape((), "", sort, "value" if after else "start", id(everything), everything)
    query = BOATS._query(shape)
    values: dict[str, Any] = {"after": after[0], "after_id": after[1]} if after else {}
    async with harbour.db.connection() as conn:
        plan = await conn.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) " + query.sql, *query.args({"limit": 51, **values}))
    scans: list[dict[str, Any]] = []

    def walk(node: dict[str, Any]) -> None:
        if "Scan" in node["Node Type"] and node["Node Type"] not in LOOKS_AGAIN:
            scans.append(node)
        for below in node.get("Plans", ()):
            walk(below)

    walk((json.loads(plan) if isinstance(plan, (str, bytes)) else plan)[0]["Plan"])
    assert scans
    assert all(s["Node Type"] in ("Index Scan", "Index Only Scan") for s in scans), scans
    return sum(int(s["Actual Rows"] * s["Actual Loops"] + s.get("Rows Removed by Filter", 0)) for s in scans)
