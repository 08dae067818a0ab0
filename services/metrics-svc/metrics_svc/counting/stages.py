"""The sales stages as figures see them: their order, and the steps of the funnel, all from the event contract."""

from collections.abc import Sequence
from dataclasses import make_dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar, cast

from shared.events import stages

STAGES = tuple(stages.ORDER)
PLACES = {stage: place for place, stage in enumerate(STAGES)}
WON = len(STAGES)
"""The place of a won deal: beyond every stage."""

UNKNOWN = -1
"""The place of a stage that this release does not know, if nothing tells where it is: a deal there has reached no step but its opening."""

EXITS = ("advance", "skip", "back", "lost", "won")
"""How a stage can be left. `advance`, `skip` and `won` go forward."""

FUNNEL = tuple(stage.name for stage in stages.STAGES if stage.step)
"""The stages that are steps of the funnel, after F4, the opening."""

REACHED = {stage: f"f{n}_at" for n, stage in enumerate(FUNNEL, start=5)}
"""The column of facts that says when each of these was reached."""

T = TypeVar("T")


def place(stage: str) -> int:
    """Where the stage stands in the path."""
    return PLACES.get(stage, UNKNOWN)


@lru_cache(maxsize=64)
def place_told(stage: str, order: tuple[str, ...]) -> int:
    """Where a stage that this release does not know stands, by the order that an event tells: as far as the last known one before it."""
    before = order[: order.index(stage)] if stage in order else ()
    return max((place(known) for known in before), default=UNKNOWN)


def with_steps(fact: type[T]) -> type[T]:
    """The fact with a column more for each stage that is a step of the funnel: when it was reached."""
    steps: Sequence[tuple[str, Any, Any]] = [(column, datetime | None, None) for column in REACHED.values()]
    found: Any = make_dataclass(fact.__name__, steps, bases=(fact,), slots=True)
    found.__module__, found.__doc__ = fact.__module__, fact.__doc__
    return cast(type[T], found)
