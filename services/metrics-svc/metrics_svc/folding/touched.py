"""What a batch of events changes: loaded, told by the events, and derived again."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from metrics_svc.counting.fact import FACTS, Hear
from metrics_svc.counting.times import Calendar
from metrics_svc.folding.table import TABLES, FactTable, Key
from shared.db.tx import Tx
from shared.events.envelope import Envelope, Event


class _Hearer(NamedTuple):
    """A fact that hears an event: by which function, and which field of the event names its record, if that is not the subject."""

    into: type[Any]
    function: Hear
    through: str | None


@lru_cache(maxsize=16)
def facts_of(lane: str) -> tuple[FactTable[Any], ...]:
    return tuple(TABLES[kind] for kind, fact in FACTS.items() if fact.lane == lane)


@lru_cache(maxsize=16)
def told_of(lane: str) -> tuple[FactTable[Any], ...]:
    """The facts that events change. All others of the lane are derived from these each time."""
    return tuple(table for table in facts_of(lane) if table.fact.hears)


@lru_cache(maxsize=16)
def hearers_of(lane: str) -> Mapping[type[Event], tuple[_Hearer, ...]]:
    found: dict[type[Event], tuple[_Hearer, ...]] = {}
    for table in told_of(lane):
        for event, function in table.fact.hears.items():
            found[event] = (*found.get(event, ()), _Hearer(table.into, function, table.fact.through.get(event)))
    return found


class Touched:
    """The records of a lane that a batch changes, as they are known so far. A lane whose facts need each other extends it."""

    def __init__(self, lane: str, calendar: Calendar) -> None:
        self.lane, self._calendar = lane, calendar
        self._hearers = hearers_of(lane)
        self.rows: dict[type[Any], dict[UUID, Any]] = {table.into: {} for table in told_of(lane)}

    async def load(self, tx: Tx, events: Sequence[Envelope[Any]]) -> None:
        """What these events change."""
        await self.fetch(tx, self.wanted(events))

    def wanted(self, events: Iterable[Envelope[Any]]) -> dict[type[Any], set[UUID]]:
        found: dict[type[Any], set[UUID]] = {kind: set() for kind in self.rows}
        for e in events:
            for into, _, through in self._hearers.get(type(e.data), ()):
                id = e.subject if through is None else getattr(e.data, through)
                if id is not None:
                    found[into].add(id)
        return found

    async def fetch(self, tx: Tx, wanted: Mapping[type[Any], Iterable[UUID]]) -> None:
        """Load these records, and what is derived together with them."""
        for kind, ids in wanted.items():
            self.rows[kind] = {getattr(row, TABLES[kind].of): row for row in await TABLES[kind].load(tx, list(ids))}

    def hear(self, e: Envelope[Any]) -> None:
        for into, function, through in self._hearers.get(type(e.data), ()):
            id = e.subject if through is None else getattr(e.data, through)
            if id is not None:
                function(self.row(into, id), e, self._calendar)

    def row(self, kind: type[Any], id: UUID) -> Any:
        known = self.rows[kind]
        found = known.get(id)
        if found is None:
            found = known[id] = TABLES[kind].new(id)
        return found

    def derive(self) -> dict[Key, Any]:
        """Bring the derived fields up to date, and return all facts as they are now."""
        found: dict[Key, Any] = {}
        for kind, rows in self.rows.items():
            derive = TABLES[kind].fact.derive
            for id, row in rows.items():
                for made in derive(row) if derive is not None else ():
                    found[TABLES[type(made)].key_of(made)] = made
                found[kind, id, 0] = row
        return found

    def pages(self) -> Iterable[tuple[type[Any], Sequence[Any]]]:
        """Which records to fetch, with conditions, so that together with what comes with them they are all of the lane, each once."""
        for kind in self.rows:
            yield kind, ()

    def warn(self) -> None:
        """Log what the batch has that this release does not know."""
