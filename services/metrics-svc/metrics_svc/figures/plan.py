"""Where each part of a figure is read: cells of days, cells of months, or facts. All give the same sums.

Cells of days have one dimension at a time, cells of months two. A manager's or rep's figures are the sums over the owners whose figures
they see, so the owner is one of the dimensions for them. Days at the ends of a period are read beside its whole months. So are, of a cohort
as of a day within a month, the days of that month: cells of days know of each from which month its cohort is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from metrics_svc.cells.months import PLACES, PLACES_AS_OF, following, month_of, monthly
from metrics_svc.counting.dimensions import SUMMED
from metrics_svc.figures.question import BEGINNING, Grain, Question
from metrics_svc.figures.sources import Cut, Read, Source
from metrics_svc.kpi import Part


@dataclass(frozen=True, slots=True)
class Piece:
    """A part, or some of its days: from `start`, without `end`, where they are given."""

    source: Source
    part: Part
    start: date | None = None
    end: date | None = None


def pieces(part: Part, asked: Question, where: Cut, grain: Grain | None, *, months: bool, whole: bool = False) -> Iterator[Piece]:
    """Where to read the sums of a part. `months`: cells of months are there."""
    days: Source = "cells" if _in_cells(part, where, whole=whole) else "facts"
    span = _span(part, asked) if months and _in_months(part, asked, where, grain) else None
    if span is None:
        yield Piece(days, part)
        return
    start, end = span
    part = part if part.window == "cohort" else Part(part.measure, "period")
    first = start if start.day == 1 else following(month_of(start))
    as_of = part.window == "cohort" and not where.ever
    last = following(month_of(end)) if as_of and end == asked.seen and end.day > 1 else month_of(end)
    if first >= last:
        yield Piece(days, part, start, end)
        return
    yield Piece("months", part, first, last)
    if as_of and asked.seen.day > 1:
        yield Piece("days", part, first, last)
    if start < first:
        yield Piece(days, part, start, first)
    if last < end:
        yield Piece(days, part, last, end)


def _in_cells(part: Part, where: Cut, *, whole: bool) -> bool:
    if not part.measure.cells or where.of_accounts(part.measure):
        return False
    named = where.dimensions(part.measure)
    return set(named) <= set(SUMMED) and len(named) <= (0 if whole or _day_by_day(part, where.ever) else 1)


def _day_by_day(part: Part, ever: bool) -> bool:
    """Whether it reads a cohort day by day; cells have that only over all facts together."""
    return (part.window == "cohort" and not ever) or (part.window == "trailing" and part.measure.cohort is not None)


def _in_months(part: Part, asked: Question, where: Cut, grain: Grain | None) -> bool:
    """Where a total, and what is by one dimension, is as well read from the days, that is done."""
    cohort = part.window == "cohort"
    if grain in ("day", "week") or not monthly(part.measure) or (part.measure.cohort is not None) != cohort:
        return False
    named = where.dimensions(part.measure)
    if where.of_accounts(part.measure) or not named:
        return False
    if cohort and not where.ever:
        return named in PLACES_AS_OF
    return named in PLACES


def _span(part: Part, asked: Question) -> tuple[date, date] | None:
    """The first day of the part's window, and the one after its last. None where it is empty."""
    start, end = {
        "period": (asked.first, asked.last),
        "cohort": (asked.first, asked.last),
        "prior": asked.prior,
        "until": (BEGINNING, asked.close),
        "trailing": (trailing_from(part, asked), asked.close),
    }[part.window]
    return (start, end) if start < end else None


def trailing_from(part: Part, asked: Question) -> date:
    return date.fromordinal(asked.close.toordinal() - part.days)


@dataclass(frozen=True, slots=True)
class Reading:
    """One SELECT: what it reads, and the parts that each of its measures is of: two may share some days."""

    read: Read
    piece: Piece
    places: dict[str, list[int]]


def readings(
    parts: Sequence[tuple[int, Part]], asked: Question, where: Cut, grain: Grain | None, *, months: bool, whole: bool = False
) -> list[Reading]:
    """Parts with the same window are read together from cells, one at a time from facts.

    `whole`: cells have what is read only for all facts together.
    """
    together: dict[Any, list[tuple[int, Piece]]] = {}
    for n, part in parts:
        for piece in pieces(part, asked, where, grain, months=months, whole=whole):
            window = (piece.part.window, piece.part.days, piece.part.age, piece.start, piece.end, where.whose(part.measure))
            together.setdefault((piece.source, n if piece.source == "facts" else None, *window), []).append((n, piece))
    found = []
    for at, some in enumerate(together.values()):
        piece = some[0][1]
        names: dict[str, list[int]] = {}
        for n, each in some:
            names.setdefault(each.part.measure.name, []).append(n)
        found.append(Reading(Read(at, piece.part, tuple(names), piece.source), piece, names))
    return found
