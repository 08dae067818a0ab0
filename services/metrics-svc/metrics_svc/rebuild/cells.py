"""Computing all cells again from the facts, by SQL: for new measures or another zone, and to check the live cells."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Insert,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    column,
    false,
    func,
    insert,
    literal,
    literal_column,
    select,
    true,
    values,
)

from metrics_svc.cells.merging import TURN, merge
from metrics_svc.cells.months import monthly, summed, summed_as_of
from metrics_svc.cells.tables import AS_OF, BUCKET, CELL, EVER, MONTH, as_of_table, bucket_table, cell_table, month_table
from metrics_svc.counting.dimensions import ALL, SUMMED
from metrics_svc.counting.measure import Cells, Measure
from metrics_svc.fold import LANES
from metrics_svc.folding.table import TABLES
from metrics_svc.rebuild.shadow import drop_pending, drop_uncounted, replace_cells, says, uncounted
from metrics_svc.rebuild.versions import keep, measures_of
from shared.db.query import Query
from shared.db.tx import Tx

_ANEW = MetaData()
_CELL, _MONTH = cell_table(_ANEW, "anew_cell"), month_table(_ANEW, "anew_month")
_AS_OF, _BUCKET = as_of_table(_ANEW, "anew_as_of"), bucket_table(_ANEW, "anew_bucket")
_TABLES = ((CELL, _CELL), (MONTH, _MONTH), (AS_OF, _AS_OF), (BUCKET, _BUCKET))

_START = "; ".join(f"CREATE TEMP TABLE {anew.name} (LIKE {table.name}) ON COMMIT DROP" for table, anew in _TABLES)
_EMPTY = f"TRUNCATE {', '.join(anew.name for _, anew in _TABLES)}"
_STATEMENT_SECONDS = 900
"""At a million deals the longest one takes half a minute on two cores, and most of a minute while they are busy."""
_DIFFER = """
WITH live AS (SELECT * FROM {0} WHERE measure = $1 AND ({2}))
SELECT count(*) FROM ((SELECT * FROM live EXCEPT SELECT * FROM {1}) UNION ALL (SELECT * FROM {1} WHERE {2} EXCEPT SELECT * FROM live)) AS c
"""


async def differing_cells(tx: Tx) -> int:
    """How many cells and histogram buckets are not what the facts say; 0 when all is well."""
    await _begin(tx, list(LANES))
    await merge(tx)
    found = await uncounted(tx)
    for measure in [measure for lane in LANES for measure in measures_of(lane)]:
        await _compute(tx, measure)
        for table, anew in _TABLES:
            found += int(await tx.value(_DIFFER.format(table.name, anew.name, says(table)), measure.name))
    return found


async def recompute_cells(tx: Tx, *lanes: str) -> None:
    """Replace all cells, or those of these lanes, by what the facts say, in the tx's transaction; folds wait for it.

    One measure after the other: a statement for all of them would take too long, and room for as many cells again.
    """
    lanes = lanes or tuple(LANES)
    await _begin(tx, lanes)
    await drop_pending(tx, *lanes)
    await drop_uncounted(tx)
    for lane in lanes:
        for measure in measures_of(lane):
            await _compute(tx, measure)
            for table, anew in _TABLES:
                await replace_cells(tx, table, anew.name, measure.name)
        await keep(tx, lane, "cells")


async def _begin(tx: Tx, lanes: Sequence[str]) -> None:
    for lane in lanes:
        await tx.execute(LANES[lane].turn)
    await tx.execute(TURN)
    await tx.execute(_START)


async def _compute(tx: Tx, measure: Measure) -> None:
    """The measure's cells, in tables of their own."""
    await tx.execute(_EMPTY)
    for query in _queries(measure):
        await tx.run_within(_STATEMENT_SECONDS, query, zone=tx.settings.zone.key)


@lru_cache(maxsize=256)
def _queries(measure: Measure) -> list[Query[int]]:
    """One for each dimension: on a machine that is busy, one for all of them times out at a million deals."""
    places = [Cells((dimension,), cells.ever) for cells in measure.cells for dimension in cells.dimensions]
    found = [Query(_cells_of(measure, cells), int) for cells in places]
    if monthly(measure):
        found.append(Query(_summed(_MONTH, measure, summed), int))
        if measure.cohort:
            found.append(Query(_summed(_AS_OF, measure, summed_as_of), int))
    if measure.seconds:
        found.append(Query(_buckets_of(measure), int))
    return found


def _cells_of(measure: Measure, cells: Cells) -> Insert:
    return _insert(_CELL, measure, cells, [], _sums(measure))


def _summed(into: Table, measure: Measure, summing: Callable[[FromClause, ColumnElement[bool]], Select[Any]]) -> Insert:
    """Two facts of the same day and dimensions are one row of those that are summed up."""
    fact = TABLES[measure.of].table
    name = literal_column(f"'{measure.name}'", Text).label("measure")
    days = [day.label(of) for day, of in zip(_days(measure), ("day", "cohort_day"), strict=True)]
    who = [_value(measure, dimension).label(dimension) for dimension in SUMMED]
    sums = [total.label(of) for total, of in zip(_sums(measure), ("n", "amount", "us"), strict=True)]
    rows = select(name, *days, *who, *sums).select_from(fact).where(_counts(measure)).group_by(*_first(3 + len(who)))
    return insert(into).from_select(into.c.keys(), summing(rows.subquery(), true() if measure.cohort else false()))


def _buckets_of(measure: Measure) -> Insert:
    bucket = TABLES[measure.of].table.c[f"{measure.seconds}_bucket"]
    return _insert(_BUCKET, measure, Cells((ALL,), ever=False), [bucket], [func.count()])


def _insert(into: Table, measure: Measure, cells: Cells, more_key: list[Any], sums: list[Any]) -> Insert:
    """The facts that count, each once in every dimension, summed by the key of a cell."""
    fact = TABLES[measure.of].table
    day, cohort_day = _days(measure)
    each = [(literal(d), _value(measure, d) if d else literal("")) for d in cells.dimensions]
    place = values(column("dimension", Text), column("value", Text), name="place").data(each).lateral()
    key: list[Any] = [
        literal_column(f"'{measure.name}'", Text),
        place.c.dimension,
        literal_column(f"DATE '{EVER.isoformat()}'", Date) if cells.ever else day,
        place.c.value,
        cohort_day,
        *more_key,
    ]
    rows: Select[Any] = select(*key, *sums).select_from(fact.join(place, true())).where(_counts(measure))
    return insert(into).from_select(into.c.keys(), rows.group_by(*_first(len(key))))


def _sums(measure: Measure) -> list[Any]:
    c = TABLES[measure.of].table.c
    n = cast(func.sum(c[measure.count]), BigInteger) if measure.count else func.count()
    amount = func.coalesce(func.sum(c[measure.value]), 0) if measure.value else literal_column("0")
    us = cast(func.sum(c[f"{measure.seconds}_us"]), BigInteger) if measure.seconds else literal_column("0")
    return [n, amount, us]


def _days(measure: Measure) -> list[Any]:
    c, zone = TABLES[measure.of].table.c, bindparam("zone", type_=Text)
    return [cast(func.timezone(zone, c[at]), Date) for at in (measure.at, measure.cohort or measure.at)]


def _value(measure: Measure, dimension: str) -> ColumnElement[str]:
    return func.coalesce(cast(TABLES[measure.of].table.c[measure.who[dimension]], Text), "")


def _counts(measure: Measure) -> ColumnElement[bool]:
    c = TABLES[measure.of].table.c
    needed = [n for n in (measure.at, measure.cohort, measure.seconds and f"{measure.seconds}_us") if n]
    return and_(*[c[n].is_not(None) for n in needed], *[c[n] == v for n, v in measure.where.items()])


def _first(n: int) -> list[Any]:
    return [literal_column(str(place)) for place in range(1, n + 1)]
