"""What a service hears: its readers, one for each feature, each with its own place in the log and its own dead letters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.events.envelope import Event, topic
from shared.log.reactions import Fold, Handle, Reaction, Reactions, Take

WHOLE = "*"
"""In `split_from`: the one consumer, named like the service, that had all reactions of a service before there were readers."""


@dataclass(frozen=True)
class Reader:
    """A feature's ear: what it does with the events of some topics. The name is what `clinch status` and dead letters show.

    What it does with them, docs/events.md takes from the docstrings of its functions: their first paragraph.

    `split_from` names the readers whose work it goes on with, the last one first; they are listed no more. It takes over where they
    stood in its topics and what they had seen. The entry stays for good: what they had seen is looked up under their names.

    `instead`: what to do instead of a replay, where handling the past again would count it twice.

    `ends`: readers that are no more because of this one, which reads the log from its beginning and needs nothing of theirs.
    """

    name: str
    handle: Handle
    topics: Sequence[str]
    split_from: tuple[str, ...] = ()
    instead: str = ""
    ends: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Under which names it has seen events: its own, and those that it goes on from."""
        return (self.name, *self.split_from)

    def of(self, service: str) -> "Reader":
        """The same in this service, whose first consumer had the service's name."""
        return replace(self, split_from=tuple(service if name == WHOLE else name for name in self.split_from))


def reacting(name: str, *listed: Reaction[Any], split_from: tuple[str, ...] = ()) -> Reader:
    """A reader that gives each event to those of these reactions that wait for it."""
    handle = Reactions(listed)
    return Reader(name, handle, handle.topics, split_from)


def folding(
    name: str, function: Take, kinds: Iterable[type[Event]], *also: Take, split_from: tuple[str, ...] = (), ends: tuple[str, ...] = ()
) -> Reader:
    """A reader that takes what a batch has of these events all at once, and then does `also` with it, in the same transaction."""
    kinds = list(kinds)
    return Reader(name, Fold(function, kinds, *also), sorted({topic(kind.aggregate) for kind in kinds}), split_from, ends=ends)


def checked(listed: Sequence[Reader]) -> Sequence[Reader]:
    """`listed`, with names that are clear. Raises TypeError."""
    names = [reader.name for reader in listed]
    if twice := {name for name in names if names.count(name) > 1}:
        raise TypeError(f"two readers are named {min(twice)}")
    if still := {name for reader in listed for name in (*reader.split_from, *reader.ends)} & set(names):
        raise TypeError(f"a reader goes on from {min(still)}, which is listed still: give what is left of it another name")
    return listed
