"""What a whole column shows about its dates or amounts, where single values leave it open. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from shared.imports import amounts, dates

_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]{1,2})?")
_AHEAD = 3
"""A year of two digits is read as at most this many years from now, where another order of day and month allows it."""


@dataclass(frozen=True, slots=True)
class Settled:
    value: str
    why: str


class Unsettled(Exception):
    """Nothing in the file settles how a column is to be read."""

    def __init__(self, message: str, code: str, option: str, candidates: Iterable[str]) -> None:
        super().__init__(message)
        self.message, self.code, self.option, self.candidates = message.replace("\0", "\ufffd"), code, option, list(candidates)


@dataclass(slots=True)
class Evidence:
    """The values of one column that tell something: how they may be read, and one of each."""

    possible: set[str]
    shown: dict[str, str] = field(default_factory=dict)
    """By reading: the first value that allows no other."""
    open: str | None = None
    """The first value that allows several readings."""
    dots_only: bool = True

    def see(self, value: str, readings: set[str]) -> None:
        if not readings:
            return
        self.possible &= readings
        if len(readings) == 1:
            self.shown.setdefault(next(iter(readings)), value)
        elif self.open is None:
            self.open = value


@dataclass(slots=True)
class DateColumns:
    """The order of day, month and year in each column of dates."""

    this_year: int
    by_field: dict[str, Evidence] = field(default_factory=dict)

    def see(self, name: str, values: Iterable[str]) -> None:
        evidence = self.by_field.setdefault(name, Evidence(set(dates.ORDERS)))
        for text in values:
            value = text.strip()
            if value and dates.iso(value) is None:
                readings = dates.readings_of(value)
                near = {order for order, day in readings.items() if day.year <= self.this_year + _AHEAD} or set(readings)
                if dates.CLEAR not in readings:
                    evidence.see(value, near)
                    if len(readings) > 1 and evidence.open is None:
                        evidence.open = value  # clear by its year, but who reads the row must be told the order
                    evidence.dots_only &= not readings or "." in value

    def settled(self) -> dict[str, Settled]:
        """By field, where it matters. `Unsettled` when a column needs an order and nothing shows it."""
        found = {}
        for name, evidence in self.by_field.items():
            if evidence.open is not None:
                found[name] = self._order(name, evidence)
        return found

    def _order(self, name: str, evidence: Evidence) -> Settled:
        possible = evidence.possible
        if evidence.dots_only and {"dmy", "mdy"} <= possible:
            possible = possible - {"mdy"}  # with dots the day comes first, unless a value shows otherwise
        if len(possible) == 1:
            order = next(iter(possible))
            shown = evidence.shown.get(order)
            return Settled(order, f"{shown} can only be {dates.ORDERS[order]}" if shown else "with dots the day comes first")
        if not possible:
            told = ", ".join(f"{value} is {dates.ORDERS[order]}" for order, value in evidence.shown.items())
            message = f"The dates of {name} are not written in one way ({told}), so {evidence.open} is not clear; give date_format."
            raise Unsettled(message, "unclear_dates", "date_format", _FORMATS.values())
        elsewhere = {order: value for other in self.by_field.values() for order, value in other.shown.items() if len(other.possible) == 1}
        if len(elsewhere) == 1 and (order := next(iter(elsewhere))) in possible:
            return Settled(order, f"{elsewhere[order]} in another column is {dates.ORDERS[order]}")
        which = " or ".join(dates.ORDERS[order] for order in dates.ORDERS if order in possible)
        message = f"The dates of {name} may be {which}: {evidence.open} is not clear, and no other value settles it; give date_format."
        raise Unsettled(message, "unclear_dates", "date_format", [_FORMATS[order] for order in dates.ORDERS if order in possible])


_FORMATS = {"dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y", "ymd": "%y/%m/%d"}


@dataclass(slots=True)
class AmountColumns:
    """The decimal mark in each column of amounts."""

    by_field: dict[str, Evidence] = field(default_factory=dict)

    def see(self, name: str, values: Iterable[str]) -> None:
        evidence = self.by_field.setdefault(name, Evidence({".", ","}))
        for text in values:
            value = text.strip()
            if not value or _PLAIN.fullmatch(value):
                if "." in value:
                    evidence.see(value, {"."})
                continue
            readings = _readings(value)
            if len(set(readings.values())) != 1 or len(readings) == 1:
                evidence.see(value, set(readings))

    def settled(self) -> dict[str, Settled]:
        return {name: self._mark(name, evidence) for name, evidence in self.by_field.items() if evidence.open is not None}

    def _mark(self, name: str, evidence: Evidence) -> Settled:
        if len(evidence.possible) == 1:
            mark = next(iter(evidence.possible))
            return Settled(mark, f"{evidence.shown[mark]} shows it")
        elsewhere = {mark: value for other in self.by_field.values() for mark, value in other.shown.items()}
        if evidence.possible and len(elsewhere) == 1:
            mark, value = next(iter(elsewhere.items()))
            return Settled(mark, f"{value} in another column shows it")
        meant = " or ".join(f"{reading:f}" for reading in _readings(evidence.open or "").values())
        because = "and no other value settles it" if evidence.possible else "and the other amounts are not written in one way"
        message = f"The amounts of {name} are not clear: {evidence.open} may mean {meant}, {because}; give decimal."
        raise Unsettled(message, "unclear_amounts", "decimal", (".", ","))


def _readings(value: str) -> Mapping[str, Decimal]:
    try:
        return amounts.readings_of(amounts.taken_apart(value)[0])
    except ValueError:
        return {}
