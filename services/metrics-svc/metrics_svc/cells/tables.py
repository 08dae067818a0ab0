"""Cells: what the measures counted, per day or month and value of a dimension, so that dashboards read days and not deals."""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Column, Date, Integer, MetaData, Numeric, PrimaryKeyConstraint, Table, Text

from metrics_svc.counting.dimensions import SUMMED
from metrics_svc.metadata import metadata

EVER = date(9999, 1, 1)
"""The `day` of a cohort's total over all days: what a funnel without `as_of` reads, one row per cohort day."""

KEY = ("measure", "dimension", "day", "value", "cohort_day")
"""In this order the rows of a period, and a cohort's totals over all days, lie side by side."""


_Word = Text(collation="C")
"""Nobody reads cells in the order of a language, and bytes compare several times faster."""

_ROOM: dict[str, Any] = {"postgresql_with": {"fillfactor": 70}}
"""Cells change all the time. With room on its page, a new version of a row leaves the index alone (HOT)."""


def cell_table(of: MetaData, name: str = "cell") -> Table:
    return Table(
        name,
        of,
        *_key(),
        *_sums(),
        PrimaryKeyConstraint(*KEY),
        **_ROOM,
    )


def bucket_table(of: MetaData, name: str = "cell_bucket") -> Table:
    """Histograms day by day of all facts together; by dimension nearly every fact would have its own buckets."""
    return Table(
        name,
        of,
        *_key(),
        Column("bucket", Integer, nullable=False, comment="of the duration's histogram"),
        Column("n", BigInteger, nullable=False),
        PrimaryKeyConstraint(*KEY, "bucket"),
        **_ROOM,
    )


def _key() -> list[Column[object]]:
    return [
        Column("measure", _Word, nullable=False),
        Column("dimension", _Word, nullable=False),
        Column("day", Date, nullable=False),
        Column("value", _Word, nullable=False),
        Column("cohort_day", Date, nullable=False, comment="the same as `day` for a measure without a cohort"),
    ]


def month_table(of: MetaData, name: str = "cell_month") -> Table:
    key = ("measure", "dimension", "month", "value", "other", "cohort_month")
    return Table(
        name,
        of,
        Column("measure", _Word, nullable=False),
        Column("dimension", _Word, nullable=False, comment="one, or two with a space between"),
        Column("month", Date, nullable=False, comment="its first day; of a cohort's total over all months the same as in `cell`"),
        Column("value", _Word, nullable=False),
        Column("other", _Word, nullable=False, comment="the value of the second dimension"),
        Column("cohort_month", Date, nullable=False, comment="the same as `month` for a measure without a cohort"),
        *_sums(),
        PrimaryKeyConstraint(*key),
        **_ROOM,
    )


def as_of_table(of: MetaData, name: str = "cell_as_of") -> Table:
    return Table(
        name,
        of,
        Column("measure", _Word, nullable=False),
        Column("dimension", _Word, nullable=False),
        Column("day", Date, nullable=False, comment="of what is counted, or of its cohort if that is later"),
        Column("value", _Word, nullable=False),
        Column("cohort_month", Date, nullable=False),
        *_sums(),
        PrimaryKeyConstraint("measure", "dimension", "day", "value", "cohort_month"),
        **_ROOM,
    )


def _sums() -> list[Column[object]]:
    return [
        Column("n", BigInteger, nullable=False),
        Column("amount", Numeric, nullable=False),
        Column("us", BigInteger, nullable=False, comment="microseconds"),
    ]


CELL = cell_table(metadata)
MONTH = month_table(metadata)
AS_OF = as_of_table(metadata)
BUCKET = bucket_table(metadata)

PENDING = Table(
    "cell_pending",
    metadata,
    Column("measure", _Word, nullable=False),
    Column("day", Date, nullable=False),
    Column("cohort_day", Date, nullable=False, comment="the same as `day` for a measure without a cohort"),
    *[Column(name, _Word, nullable=False) for name in SUMMED],
    *_sums(),
    comment="what cells of months change by, until it is summed up",
    postgresql_with={"autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 5000},
)
"""Without a key: a fold appends, and who reads, reads it all. It has few rows at a time."""

PROJECTION = Table(
    "projection",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Text, nullable=False),
    comment="which declarations and which zone the cells were computed with",
)
