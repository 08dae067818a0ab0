"""Computing all cells again from the facts, by SQL: for new measures or another zone, and to check the live cells."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    Insert,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal,
    literal_column,
    select,
    true,
    values,
)

from metrics_svc.cells.tables import BUCKET, CELL, EVER, bucket_table, cell_table
from metrics_svc.counting.dimensions import ALL
from metrics_svc.counting.measure import Cells, Measure
from metrics_svc.fold import LANES
from metrics_svc.folding.table import TABLES
from metrics_svc.rebuild.shadow import replace_cells
from metrics_svc.rebuild.versions import keep, measures_of
from shared.db.query import Query
from shared.db.tx import Tx

_ANEW = MetaData()
_CELL, _BUCKET = cell_table(_ANEW, "anew_cell"), bucket_table(_ANEW, "anew_bucket")

_START = """
CREATE TEMP TABLE anew_cell (LIKE cell) ON COMMIT DROP;
CREATE TEMP TABLE anew_bucket (LIKE cell_bucket) ON COMMIT DROP;
"""
_DIFFER = """
SELECT count(*) FROM (
  (SELECT * FROM cell WHERE n <> 0 OR amount <> 0 OR us <> 0 EXCEPT SELECT * FROM anew_cell) UNION ALL
  (SELECT * FROM anew_cell WHERE n <> 0 OR amount <> 0 OR us <> 0 EXCEPT SELECT * FROM cell)
) AS c
"""
_DIFFER_BUCKETS = """
SELECT count(*) FROM (
  (SELECT * FROM cell_bucket WHERE n <> 0 EXCEPT SELECT * FROM anew_bucket) UNION ALL
  (SELECT * FROM anew_bucket WHERE n <> 0 EXCEPT SELECT * FROM cell_bucket)
) AS b
"""


async def differing_cells(tx: Tx) -> int:
    """How many cells and histogram buckets are not what the facts say; 0 when all is well."""
    await _compute(tx, list(LANES))
    return int(await tx.value(_DIFFER)) + int(await tx.value(_DIFFER_BUCKETS))


async def recompute_cells(tx: Tx, *lanes: str) -> None:
    """Replace all cells, or those of these lanes, by what the facts say, in the tx's transaction; folds wait for it."""
    lanes = lanes or tuple(LANES)
    await _compute(tx, lanes)
    for table, anew in ((CELL, _CELL), (BUCKET, _BUCKET)):
        await replace_cells(tx, table, anew.name, *lanes)
    for lane in lanes:
        await keep(tx, lane, "cells")


async def _compute(tx: Tx, lanes: Sequence[str]) -> None:
    for lane in lanes:
        await tx.execute(LANES[lane].turn)
    await tx.execute(_START)
    for lane in lanes:
        for query in _queries(lane):
            await tx.run(query, zone=tx.settings.zone.key)


@lru_cache(maxsize=16)
def _queries(lane: str) -> list[Query[int]]:
    found = []
    for measure in measures_of(lane):
        found += [Query(_cells_of(measure, cells), int) for cells in measure.cells]
        if measure.seconds:
            found.append(Query(_buckets_of(measure), int))
    return found


def _cells_of(measure: Measure, cells: Cells) -> Insert:
    c = TABLES[measure.of].table.c
    n = cast(func.sum(c[measure.count]), BigInteger) if measure.count else func.count()
    amount = func.coalesce(func.sum(c[measure.value]), 0) if measure.value else literal_column("0")
    us = cast(func.sum(c[f"{measure.seconds}_us"]), BigInteger) if measure.seconds else literal_column("0")
    return _insert(_CELL, measure, cells, [], [n, amount, us])


def _buckets_of(measure: Measure) -> Insert:
    bucket = TABLES[measure.of].table.c[f"{measure.seconds}_bucket"]
    return _insert(_BUCKET, measure, Cells((ALL,), ever=False), [bucket], [func.count()])


def _insert(into: Table, measure: Measure, cells: Cells, more_key: list[Any], sums: list[Any]) -> Insert:
    """The facts that count, each once in every dimension, summed by the key of a cell."""
    fact = TABLES[measure.of].table
    zone = bindparam("zone", type_=Text)
    day, cohort_day = (cast(func.timezone(zone, fact.c[column]), Date) for column in (measure.at, measure.cohort or measure.at))
    each = [(literal(d), func.coalesce(cast(fact.c[measure.who[d]], Text), "") if d else literal("")) for d in cells.dimensions]
    place = values(column("dimension", Text), column("value", Text), name="place").data(each).lateral()
    key: list[Any] = [
        literal_column(f"'{measure.name}'", Text),
        place.c.dimension,
        literal_column(f"DATE '{EVER.isoformat()}'", Date) if cells.ever else day,
        place.c.value,
        cohort_day,
        *more_key,
    ]
    needed = [n for n in (measure.at, measure.cohort, measure.seconds and f"{measure.seconds}_us") if n]
    counts = and_(*[fact.c[n].is_not(None) for n in needed], *[fact.c[n] == v for n, v in measure.where.items()])
    rows: Select[Any] = select(*key, *sums).select_from(fact.join(place, true())).where(counts)
    return insert(into).from_select(into.c.keys(), rows.group_by(*[literal_column(str(n)) for n in range(1, len(key) + 1)]))
