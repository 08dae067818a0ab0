"""The lanes of the projection.

Each is a consumer of its own: it reads no row of another and changes no cell of another's measures, so lanes fold side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from metrics_svc.counting.fact import FACTS, SALES
from metrics_svc.counting.times import Calendar
from metrics_svc.facts.interaction import LANE as ACTIVITY_LANE
from metrics_svc.facts.touch import LANE as TOUCHES_LANE
from metrics_svc.folding.activity import Activity
from metrics_svc.folding.batch import apply
from metrics_svc.folding.sales import Sales
from metrics_svc.folding.touched import Touched, hearers_of, told_of
from metrics_svc.folding.touches import Touches
from shared.db.tx import Tx
from shared.events.envelope import REGISTRY, Envelope, Event, topic
from shared.log.reactions import Fold
from shared.log.readers import Reader

_PARENTS_FIRST = ("lead", "deal", "contract", "milestone", "payment")
"""In this order a log that is read again costs least: a deal that comes before its lead is derived twice."""

_NO_WAIT = "SET LOCAL synchronous_commit = off"
"""A fold need not wait for the disk. If it is lost, so is its offset, and the consumer reads those events again."""

_INSTEAD = "its figures are built again from the log, see docs/operations/upgrades.md."
"""What is done in place of a replay, which would count twice."""

_OF_THEIR_OWN: dict[str, type[Touched]] = {SALES: Sales, ACTIVITY_LANE: Activity, TOUCHES_LANE: Touches}
"""How a lane is folded whose facts need each other."""


@dataclass(frozen=True)
class Lane:
    """Facts that are derived from each other, and from none of another lane."""

    name: str

    @property
    def consumer(self) -> str:
        return "metrics" if self.name == SALES else f"metrics-{self.name}"

    @property
    def turn(self) -> str:
        """The lock of the lane. Its folds change the same cells: side by side they would wait for each other, or deadlock."""
        return f"SELECT pg_advisory_xact_lock(4710001, hashtext('{self.name}'))"

    @cached_property
    def fold(self) -> Fold:
        """How a batch of events changes what is counted."""
        begins = [event for table in told_of(self.name) for event in table.fact.begins]
        return Fold(self._fold, [*hearers_of(self.name), *begins])

    @cached_property
    def topics(self) -> list[str]:
        heard = {REGISTRY[type].aggregate for type in self.fold.types}
        return [topic(aggregate) for aggregate in sorted(heard, key=_rank)]

    @property
    def reader(self) -> Reader:
        return Reader(self.consumer, self.fold, self.topics, instead=_INSTEAD)

    @property
    def way(self) -> type[Touched]:
        """How it is folded."""
        return _OF_THEIR_OWN.get(self.name, Touched)

    def touched(self, calendar: Calendar) -> Touched:
        return self.way(self.name, calendar)

    async def _fold(self, tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        """Counts it among the figures."""
        await tx.execute(f"{_NO_WAIT}; {self.turn}")
        await apply(tx, self.touched, events)


def _rank(aggregate: str) -> tuple[int, str]:
    return (_PARENTS_FIRST.index(aggregate) if aggregate in _PARENTS_FIRST else len(_PARENTS_FIRST)), aggregate


LANES = {name: Lane(name) for name in sorted({fact.lane for fact in FACTS.values()})}
