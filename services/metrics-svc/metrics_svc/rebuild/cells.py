"""Computing all cells again from the facts, by SQL: for new measures or another zone, and to check the live cells."""

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

from metrics_svc.cells.tables import EVER, bucket_table, cell_table
from metrics_svc.counting.dimensions import ALL
from metrics_svc.counting.measure import Cells, Measure
from metrics_svc.fold import EVERY_TURN
from metrics_svc.folding.table import TABLES
from metrics_svc.kpi import all_measures
from metrics_svc.rebuild.versions import keep
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
_TAKE_OVER = """
TRUNCATE cell, cell_bucket;
INSERT INTO cell SELECT * FROM anew_cell;
INSERT INTO cell_bucket SELECT * FROM anew_bucket;
"""


async def differing_cells(tx: Tx) -> int:
    """How many cells and histogram buckets are not what the facts say; 0 when all is well."""
    await _compute(tx)
    return int(await tx.value(_DIFFER)) + int(await tx.value(_DIFFER_BUCKETS))


async def recompute_cells(tx: Tx) -> None:
    """Replace all cells by what the facts say, in the tx's transaction; folds wait for it."""
    await _compute(tx)
    await tx.execute(_TAKE_OVER)
    await keep(tx, "cells")


async def _compute(tx: Tx) -> None:
    await tx.execute(EVERY_TURN)
    await tx.execute(_START)
    for query in _queries():
        await tx.run(query, zone=tx.settings.zone.key)


@lru_cache(maxsize=1)
def _queries() -> list[Query[int]]:
    found = []
    for measure in all_measures().values():
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
