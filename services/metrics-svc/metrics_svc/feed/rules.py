"""Whose an event is, and which events a reader asks for. No I/O."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import orjson

from metrics_svc.feed.records import MOVABLE, WHOSE
from shared.access.kinds import KINDS, unmasked
from shared.auth.actor import Actor, Role
from shared.errors import Invalid, Problem
from shared.masking import without_free_texts


class FeedEvent(NamedTuple):
    """A row of the feed."""

    position: int
    """1, 2, 3 ... in the order in which readers may rely on them: never shown before all lower ones can be read."""
    event_id: UUID
    type: str
    aggregate: str
    subject: UUID
    version: int
    time: datetime
    """When it happened in the business."""
    recorded_at: datetime
    """When we learnt it; what retention goes by."""
    belongs_to: UUID | None
    """The record that decides who sees the event; None for what everybody may see."""
    event: bytes
    """The whole event as structured CloudEvents JSON, no field of it lost."""

    @property
    def may_move_others(self) -> bool:
        """Whether earlier events of the same subject may belong to another record from now on."""
        return self.aggregate in MOVABLE and self.version > 1


def shown(event: FeedEvent, actor: Actor) -> bytes:
    """The event as the actor may see it: as it was told, or without what people wrote in their own words."""
    whose = WHOSE.get(event.aggregate)
    if whose is None or whose.kind is None or unmasked(KINDS[whose.kind], actor):
        return event.event
    told = orjson.loads(event.event)
    return orjson.dumps({**told, "data": without_free_texts(event.type, told["data"])})


def sees_others(actor: Actor) -> bool:
    """Whether the actor is shown events that are for those who run the system, and those that this version does not know."""
    return actor.has(Role.admin, Role.ops, Role.system)


class Gone(Problem):
    """The feed does not hold what comes next (410). Take stock by the lists, and read on from a position that it has."""

    status = 410
    code = "position_gone"
    title = "The feed does not go back that far"

    def __init__(self, after: int, oldest: int, latest: int) -> None:
        said = f"Events up to position {oldest} are deleted" if after < oldest else f"The feed ends at position {latest} and was set back"
        super().__init__(f"{said}: read the lists again, then continue with after={latest}.", oldest=oldest, latest=latest)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a reader asks for; None stands for all. A type may hold `*` for any text: `clinch.deal.*`."""

    types: tuple[str, ...] | None = None
    aggregates: tuple[str, ...] | None = None
    subject: UUID | None = None

    def takes(self, event: FeedEvent) -> bool:
        return (
            (self.types is None or _expression(self.types).fullmatch(event.type) is not None)
            and (self.aggregates is None or event.aggregate in self.aggregates)
            and self.subject in (None, event.subject)
        )


EVERYTHING = Wanted()


MOST_STARS = 2
"""Each one multiplies the ways in which a name can match."""


def wanted(types: Sequence[str], aggregates: Sequence[str], subject: UUID | None, known: Mapping[str, str]) -> Wanted:
    """What the parameters ask for, each a list whose items may be comma lists. `known` are all types with their aggregates.

    `Invalid` for what no event can match: a reader with a misspelt type would wait for ever.
    """
    chosen = _listed(types)
    for text in chosen:
        if text.count("*") > MOST_STARS:
            raise Invalid(f"types takes {MOST_STARS} `*` in one name at most.", pointer="types", code="bad_parameter")
        if not any(_expression((text,)).fullmatch(name) for name in known):
            _refuse("types", text, known)
    for text in _listed(aggregates):
        if text not in known.values():
            _refuse("aggregate", text, set(known.values()))
    return Wanted(chosen or None, _listed(aggregates) or None, subject)


def _listed(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({part.strip() for text in given for part in text.split(",") if part.strip()}))


def _refuse(parameter: str, text: str, known: Collection[str]) -> None:
    near = get_close_matches(text, known, n=3, cutoff=0.5)
    hint = f"do you mean {' or '.join(near)}?" if near else "the events' documents list what there is."
    raise Invalid(f"{parameter} names something that no event has; {hint}", pointer=parameter, code="bad_parameter")


@lru_cache(maxsize=256)
def _expression(types: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(text).replace(r"\*", ".*") for text in types))
