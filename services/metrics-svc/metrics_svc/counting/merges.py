"""Leads that were merged into others, for facts that count what belongs to either together."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar
from uuid import UUID

from metrics_svc.counting.fact import Hear
from metrics_svc.counting.times import Calendar
from shared.events.envelope import Envelope, Event
from shared.events.lead import LeadAbsorbed, LeadMerged, LeadRestored


class Mergeable(Protocol):
    """A row of a lead."""

    id: UUID
    merged_into: UUID | None


M = TypeVar("M", bound=Mergeable)


def _absorbed(row: Any, e: Envelope[LeadAbsorbed], _: Calendar) -> None:
    row.merged_into = e.data.survivor_id


def _restored(row: Any, e: Envelope[LeadRestored], _: Calendar) -> None:
    row.merged_into = None


def _took_over(row: Any, e: Envelope[LeadMerged], _: Calendar) -> None:
    """It has a row from now on, to which the other one's belongs."""


MERGES: Mapping[type[Event], Hear] = {LeadAbsorbed: _absorbed, LeadRestored: _restored, LeadMerged: _took_over}
"""What such a fact hears of merges."""


def survivor(id: UUID, rows: Mapping[UUID, Mergeable]) -> UUID:
    """The lead that this one is now.

    Of leads that lead to each other one merge was undone, which has not been heard of yet: until then they are all the first by id.
    """
    way = [id]
    while (row := rows.get(way[-1])) is not None and (further := row.merged_into) is not None:
        if further in way:
            return min(way[way.index(further) :])
        way.append(further)
    return way[-1]


def together(rows: Mapping[UUID, M]) -> dict[UUID, list[M]]:
    """The rows by the lead that they are now."""
    found: dict[UUID, list[M]] = {}
    for row in rows.values():
        found.setdefault(survivor(row.id, rows), []).append(row)
    return found


def survivors_told(events: Iterable[Envelope[Any]]) -> set[UUID]:
    """The leads that these events merge others into, or take them from."""
    return {e.data.survivor_id for e in events if isinstance(e.data, LeadAbsorbed | LeadRestored)}
