"""What an export is: a kind of fact with the columns that leave, each declared once.

The answer of the API, the views for BI tools, their comments, the types in files and the page in docs/ are made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from sqlalchemy import BigInteger, Boolean, ColumnElement, DateTime, Numeric, Select, Text, Uuid, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB

from metrics_svc.counting.dimensions import COLUMNS
from metrics_svc.counting.fact import Fact
from metrics_svc.facts import FACTS
from metrics_svc.folding.table import TABLES

Type = Literal["uuid", "string", "integer", "boolean", "timestamp", "date", "decimal"]
_TYPES: list[tuple[Any, Type]] = [
    (Uuid, "uuid"),
    (Text, "string"),
    (BigInteger, "integer"),
    (Boolean, "boolean"),
    (DateTime, "timestamp"),
    (Numeric, "decimal"),
    (JSONB, "string"),
]

DIMENSIONS = {
    "owner_id": "The owner to whom it is credited; empty for nobody",
    "team_id": "The team that the owner was in then",
    "source": "Where the lead came from",
    "product": "What it is about",
    "region": "The sales region",
    "campaign": "The campaign of the first touch",
    "deal_kind": "What kind of business: new, upsell, cross-sell, renewal",
    "medium": "The channel of the first touch",
}
"""What the dimensions mean, where an export says nothing else of one."""

if tuple(DIMENSIONS) != COLUMNS:
    raise TypeError("exports describe other dimensions than facts have")

EXPORTS: dict[str, "Export"] = {}
"""Exports of facts by name. `catalogue` has them whole."""


class Column(NamedTuple):
    """A column of an export. `says` is what it means, also as the comment of the view's column."""

    name: str
    type: Type
    nullable: bool
    says: str


class Of(NamedTuple):
    """A column under another name than the fact's own."""

    column: str
    says: str


@dataclass(frozen=True, eq=False)
class Export:
    """The rows of a kind of fact as they leave, under the names of `columns`, behind which stand the dimensions.

    A column that ends in `_us` leaves in seconds, flags leave with semicolons between them. Every column of the fact is named here or in
    `left_out`; what only serves histograms (`_bucket`) never leaves. `day` is the column that `since` and `until` look at, `there` one
    that is filled once the row counts for anything. Any change of the columns is a new `version`.
    """

    name: str
    version: int
    of: type[Any]
    says: str
    day: str
    columns: Mapping[str, str | Of]
    there: str | None = None
    left_out: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if EXPORTS.setdefault(self.name, self) is not self:
            raise TypeError(f"there are two exports {self.name!r}")
        named = {self._source(name) for name in self.columns} | {*COLUMNS} | self.left_out
        known = {name for name in TABLES[self.of].names if not name.endswith("_bucket")}
        if differ := sorted(named ^ known):
            raise TypeError(f"export {self.name!r} and {self.of.__name__} differ in {', '.join(differ)}")

    @property
    def fact(self) -> Fact[Any]:
        return FACTS[self.of]

    @property
    def key(self) -> tuple[str, ...]:
        return self.fact.key

    def _source(self, name: str) -> str:
        said = self.columns.get(name)
        return said.column if isinstance(said, Of) else name

    @cached_property
    def schema(self) -> tuple[Column, ...]:
        """The columns in their order."""
        return tuple(self._column(name) for name in dict.fromkeys([*self.columns, *COLUMNS]))

    def _column(self, name: str) -> Column:
        column = TABLES[self.of].table.c[self._source(name)]
        kind = "decimal" if column.name.endswith("_us") else next(type_ for sql, type_ in _TYPES if isinstance(column.type, sql))
        said = self.columns.get(name, DIMENSIONS.get(name, ""))
        return Column(name, kind, bool(column.nullable) and column.name != self.there, said.says if isinstance(said, Of) else said)

    @property
    def day_of(self) -> ColumnElement[Any]:
        """The fact's column that days are compared with."""
        return TABLES[self.of].table.c[self._source(self.day)]

    @cached_property
    def select(self) -> Select[Any]:
        """All rows that count. The file and the view are this same statement."""
        found = select(*[_value(TABLES[self.of].table.c[self._source(c.name)]).label(c.name) for c in self.schema])
        return found.where(TABLES[self.of].table.c[self.there].is_not(None)) if self.there else found


def _value(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if str(column.key).endswith("_us"):
        return func.trim_scale(func.round(cast(column, Numeric) / literal_column("1000000"), literal_column("6")))
    if isinstance(column.type, JSONB):
        flag = func.jsonb_array_elements_text(column).column_valued("flag")
        joined = select(func.string_agg(flag, literal_column("';'"))).scalar_subquery()
        return func.coalesce(joined, literal_column("''"))
    return column
