"""A counted thing: its rows, what it hears, what is derived from it, and what figures and records it belongs to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from metrics_svc.counting.times import Calendar
from shared.access.kinds import DEAL_FIGURES, Kind
from shared.events.envelope import Envelope, Event

F = TypeVar("F")

Hear = Callable[[Any, Envelope[Any], Calendar], None]
"""Takes over into a row what an event says."""

FACTS: dict[type[Any], "Fact[Any]"] = {}
"""All counted things by the class of their rows. `metrics_svc.facts` has them whole."""

ROOM = 70
"""For facts that get further with nearly every move of a deal: with room on its page a new version of a row leaves indexes alone (HOT)."""

SALES = "sales"
"""The lane of leads, deals, contracts and payments, which derive from each other."""


@dataclass(frozen=True, eq=False)
class Fact(Generic[F]):
    """What is counted: one row of `into` each, in the table `name`, with `key`. Its first column holds the record a row belongs to.

    - `lane`: facts of a lane are derived from each other, and from none of another lane.
    - `record`: the kind of record that is listed behind its figures, unless a column `record` tells it of each row; `figures`: the kind
      of figures that it is counted in.
    - `whole`: its rows are nobody's, such as money spent on a campaign. Figures that count them are shown to those who see all, and are
      not broken down by owner or team.
    - `hears`: what each event means for a row. The row is that of the event's subject, or of the record that `through` names by a
      field of the event. A fact that hears nothing is derived from others each time.
    - `begins`: first events of records that it hears of later. They mean nothing for it; a log that lacks them has lost its beginning.
    - `derive`: rows of other facts that follow from a row of this one, where they need nothing else.
    - `indexes`: columns that are searched together. `sparse`: columns that few rows fill, whose indexes leave the others out.
    - `constraints`: what its rows keep by the way they are derived, whatever data comes late.
    """

    name: str
    into: type[F]
    key: tuple[str, ...]
    lane: str
    record: str
    figures: Kind = DEAL_FIGURES
    whole: bool = False
    hears: Mapping[type[Event], Hear] = field(default_factory=dict)
    through: Mapping[type[Event], str] = field(default_factory=dict)
    begins: tuple[type[Event], ...] = ()
    derive: Callable[[F], Iterable[Any]] | None = None
    indexes: tuple[str, ...] = ()
    sparse: tuple[str, ...] = ()
    fillfactor: int = 100
    constraints: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if FACTS.setdefault(self.into, self) is not self:
            raise TypeError(f"{self.into.__name__} is counted twice")

    @property
    def of(self) -> str:
        """The column that holds the record a row belongs to: its id, or its deal's or payment's."""
        return self.key[0]

    @property
    def member(self) -> str:
        """The column with the lead or deal that a row belongs to: who sees that, sees the row."""
        return self.of if self.whole or self.record in ("lead", "deal") else "deal_id"
