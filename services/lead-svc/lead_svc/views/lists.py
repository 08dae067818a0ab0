"""What the lists of all services take: a view that they would refuse is not saved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Float, Integer, Numeric, SmallInteger, Text, Uuid

from lead_svc.views.record import ViewKind
from shared.access import kinds
from shared.access.kinds import Kind
from shared.errors import Invalid
from shared.http.filters import Filter, Operator, PersonFilter

LISTS = Path(__file__).parent / "lists.json"
"""Written by `clinch docs` from what every service declares: services do not import each other."""

_TYPES: Mapping[str, Any] = {
    "str": Text(),
    "UUID": Uuid(),
    "bool": Boolean(),
    "int16": SmallInteger(),
    "int32": Integer(),
    "int64": BigInteger(),
    "float": Float(),
    "Decimal": Numeric(),
    "date": Date(),
    "datetime": DateTime(timezone=True),
}
"""Columns of these types read values as the list's own does."""


RECORDS: Mapping[ViewKind, Kind] = {
    ViewKind.LEADS: kinds.LEADS,
    ViewKind.ACCOUNTS: kinds.ACCOUNTS,
    ViewKind.CONTACTS: kinds.ACCOUNTS,
    ViewKind.DEALS: kinds.DEALS,
    ViewKind.QUOTES: kinds.DEALS,
    ViewKind.CONTRACTS: kinds.CONTRACTS,
    ViewKind.PAYMENTS: kinds.CONTRACTS,
}
"""The kind of records that each lists: it says who sees them."""


@dataclass(frozen=True, slots=True)
class KnownList:
    """A list of some service. `personal` are the parameters for those who see its records unmasked."""

    kind: ViewKind
    filters: Mapping[str, tuple[Filter, Operator]]
    sorts: frozenset[str]
    columns: tuple[str, ...]
    personal: frozenset[str]
    searchable: bool

    def check(self, by: UUID, *, filters: Mapping[str, str], sort: str | None, columns: Iterable[str]) -> None:
        """Raise `Invalid` for what the list would not take, with the name of the field."""
        for name, given in filters.items():
            self._check_filter(by, name, given)
        if sort is not None and sort.removeprefix("-") not in self.sorts:
            raise self._unknown("/sort", f"cannot be sorted like this. It is sorted by {_named(self.sorts)}")
        for at, column in enumerate(columns):
            if column not in self.columns:
                raise self._unknown(f"/columns/{at}", f"has no such column. It has {_named(self.columns)}")

    def looks_at_personal(self, filters: Iterable[str], sort: str | None) -> bool:
        """Whether it is about what some roles see masked; `q` may be somebody's name."""
        asked = {name.partition("[")[0] for name in filters} | {(sort or "").removeprefix("-")}
        return not asked.isdisjoint(self.personal) or "q" in asked

    def _check_filter(self, by: UUID, name: str, given: str) -> None:
        pointer = f"/filters/{name.replace('~', '~0').replace('/', '~1')}"
        if name == "q" and self.searchable:
            if len(given) > 200:
                raise Invalid("q takes a text of up to 200 characters.", pointer=pointer, code="bad_filter")
            return
        if name not in self.filters:
            raise self._unknown(pointer, f"has no such filter. It has {_named([*self.filters, *(['q'] if self.searchable else [])])}")
        one, operator = self.filters[name]
        texts = one.asked_by(by, [given]) if isinstance(one, PersonFilter) else [given]
        try:
            one.read(operator, texts)
        except Invalid as refused:
            raise Invalid(refused.detail, pointer=pointer, code="bad_filter") from None

    def _unknown(self, pointer: str, says: str) -> Invalid:
        return Invalid(f"The list of {self.kind} {says}.", pointer=pointer, code="not_in_list")


@cache
def known_lists() -> Mapping[ViewKind, KnownList]:
    return {ViewKind(kind): _list(kind, said) for kind, said in orjson.loads(LISTS.read_bytes()).items()}


def _list(kind: str, said: dict[str, Any]) -> KnownList:
    filters = [_filter(one) for one in said["filters"]]
    return KnownList(
        ViewKind(kind),
        {one.parameter(operator): (one, operator) for one in filters for operator in one.operators()},
        frozenset(said["sorts"]),
        tuple(said["columns"]),
        frozenset(said["personal"]),
        said["searchable"],
    )


def _filter(said: dict[str, Any]) -> Filter:
    choices: Any = StrEnum("Choice", {name: name for name in said["choices"]}) if said["choices"] else None
    column: Column[Any] = Column(said["name"], _TYPES[said["type"]], nullable=said["nullable"])
    return (PersonFilter if said["person"] else Filter)(said["name"], column, choices)


def _named(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
