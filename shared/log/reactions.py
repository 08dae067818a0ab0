"""What a service does when it hears an event: functions marked with `@on`, and the handle that runs them."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from shared.db.tx import Tx
from shared.events.envelope import E, Envelope, Event, topic
from shared.log.bus import Delivered

Take = Callable[[Tx, Sequence[Envelope[Event]]], Awaitable[None]]
"""What a consumer calls with the news of a batch, in the batch's transaction. It must pass over types it does not know."""


class Verbatim:
    """A handle that takes messages as they are: nothing of a newer version's events is lost, its unknown fields and types included."""

    def __init__(self, function: Callable[[Tx, Sequence[Delivered]], Awaitable[None]]) -> None:
        self.function = function

    async def __call__(self, tx: Tx, messages: Sequence[Delivered]) -> None:
        await self.function(tx, messages)


Handle = Take | Verbatim


@dataclass(frozen=True, slots=True)
class Reaction(Generic[E]):
    """A function with the type of event it waits for; called like the function itself."""

    kind: type[E]
    function: Callable[[Tx, Envelope[E]], Awaitable[None]]

    async def __call__(self, tx: Tx, event: Envelope[E]) -> None:
        await self.function(tx, event)


def on(kind: type[E]) -> Callable[[Callable[[Tx, Envelope[E]], Awaitable[None]]], Reaction[E]]:
    """Mark `async def f(tx, event: Envelope[kind])` as a reaction. It runs in the consumer's transaction, once per event."""

    def mark(function: Callable[[Tx, Envelope[E]], Awaitable[None]]) -> Reaction[E]:
        return Reaction(kind, function)

    return mark


class Reactions:
    """A handle that gives each event to its reactions, in the order they were listed, with the event as their cause."""

    def __init__(self, listed: Iterable[Reaction[Any]]) -> None:
        self.listed = tuple(listed)
        self._by_type: dict[str, list[Reaction[Any]]] = defaultdict(list)
        for reaction in self.listed:
            self._by_type[reaction.kind.type].append(reaction)
        self.types = frozenset(self._by_type)
        self.topics = sorted({topic(r.kind.aggregate) for all_of_type in self._by_type.values() for r in all_of_type})

    async def __call__(self, tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        for event in events:
            if event.type in self.types:
                await tx.caused_by(event)
                for reaction in self._by_type[event.type]:
                    await reaction(tx, event)


class Fold:
    """A handle that takes what it reads of a batch all at once, with one function after the other."""

    def __init__(self, function: Take, kinds: Iterable[type[Event]], *also: Take) -> None:
        self.functions = (function, *also)
        self.types = frozenset(kind.type for kind in kinds)

    async def __call__(self, tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        if wanted := [e for e in events if e.type in self.types]:
            for function in self.functions:
                await function(tx, wanted)


def types_of(handle: Handle) -> frozenset[str] | None:
    """The types that a handle reads, so that others need not be parsed; None for all."""
    return handle.types if isinstance(handle, Reactions | Fold) else None


def parsed_by(handle: Handle) -> frozenset[str] | None:
    """The types whose data has to be parsed for a handle; None for all."""
    return frozenset() if isinstance(handle, Verbatim) else types_of(handle)


async def give(handle: Handle, tx: Tx, events: Sequence[Envelope[Event]], messages: Sequence[Delivered]) -> None:
    """Hand over what is news, in the form that the handle takes: read, or as it came."""
    if isinstance(handle, Verbatim):
        if messages:
            await handle(tx, messages)
    elif events:
        await handle(tx, events)
