"""From rows of the outbox to messages in the log: which can be sent, which cannot, and which wait behind one that cannot."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from time import monotonic
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from shared.events.envelope import REGISTRY, headers, topic
from shared.log.bus import Bus, Message, MessageRefused, TopicRefused

_UNFIT = ValueError, TypeError, OverflowError
"""What a row raises of which no message can be made."""
NOTHING: Mapping[str, str] = MappingProxyType({})
_TYPE = re.compile(r"clinch\.([a-z][a-z0-9_]*)\.[a-z][a-z0-9_]*\.v[1-9][0-9]*")


class Parcel(NamedTuple):
    """One row on its way: its place in the batch, and the message, or why none can be made of it."""

    at: int
    row: Any
    subject: UUID
    message: Message | None
    error: str


@dataclass(slots=True)
class Delivery:
    """What became of a batch. What is in none of the lists was not tried, because the time was up."""

    sent: list[Parcel] = field(default_factory=list)
    refused: list[tuple[Parcel, str]] = field(default_factory=list)
    """With the reason."""
    behind: list[Parcel] = field(default_factory=list)
    """Later events of the same aggregates."""
    next_limit: int | None = None
    """With how many to try again, when the time was up."""

    def gone(self) -> list[Parcel]:
        """All that need not be tried again."""
        return [*self.sent, *(parcel for parcel, _ in self.refused), *self.behind]


async def deliver_whole(bus: Bus, rows: Sequence[Any], publisher: str, public_url: str = "") -> bool:
    """Publish all rows at once, the usual case, without a look at each. False when something stands in the way of one: then take
    `parcels`, and `deliver` them. Some of them may be in the log by then; that is so whenever a batch is tried again.
    """
    try:
        messages = [_message(row, publisher, public_url) for row in rows]
    except _UNFIT:
        return False
    try:
        await bus.publish(messages)
    except (TopicRefused, MessageRefused):
        return False
    return True


def parcels(rows: Iterable[Any], publisher: str, public_url: str = "") -> list[Parcel]:
    """`rows` have `event_id`, and the columns of `event`: null where the event is missing, and `time` also when no message can hold it."""
    return [_parcel(at, row, publisher, public_url) for at, row in enumerate(rows)]


def _parcel(at: int, row: Any, publisher: str, public_url: str) -> Parcel:
    subject = row["subject"] or row["event_id"]
    try:
        return Parcel(at, row, subject, _message(row, publisher, public_url), "")
    except _UNFIT as error:
        return Parcel(at, row, subject, None, str(error))


def _message(row: Any, publisher: str, public_url: str) -> Message:
    """Raises ValueError when there can be none."""
    type, subject, time, version = row["type"], row["subject"], row["time"], row["version"]
    if type is None:
        raise ValueError("the table `event` has no such event")
    name = _topic(type, row["aggregate"])
    if time is None:
        raise ValueError(f"no message can hold its time, {row['odd_time']}")
    if version < 1:
        raise ValueError(f"its version is {version}; versions begin at 1")
    data = row["data"]
    if data[:1] != b"{" and not data.lstrip().startswith(b"{"):
        raise ValueError("its data is no JSON object")
    made = headers(
        id=row["event_id"],
        type=type,
        subject=subject,
        version=version,
        time=time,
        traceparent=row["traceparent"],
        publisher=publisher,
        public_url=public_url,
    )
    return Message(name, str(subject), data, made)


@lru_cache(maxsize=512)
def _topic(type: str, aggregate: str) -> str:
    """A type that this version does not know is published all the same: in an upgrade the newer version may have told it already.

    Its aggregate begins with the type's first word; a part of a record has one of its own, such as contract_deadline.
    """
    found = _TYPE.fullmatch(type)
    if found is None:
        raise ValueError(f"its type {type!r} is no event type, which reads like clinch.deal.won.v1")
    known = REGISTRY.get(type)
    belongs = aggregate == known.aggregate if known else re.fullmatch(f"{found[1]}(_[a-z0-9_]+)?", aggregate)
    if not belongs:
        raise ValueError(f"its type {type} does not belong to the aggregate {aggregate!r}")
    return topic(aggregate)


async def deliver(
    bus: Bus, batch: Sequence[Parcel], *, until: float, held: frozenset[UUID] = frozenset(), closed: Mapping[str, str] = NOTHING
) -> Delivery:
    """Publish all that can be, in order per aggregate. What the log refuses is found by halving the batch.

    `held`: aggregates whose events must wait. `closed`: topics that take nothing, with the reason. `until`: when to stop looking for
    what is refused (`time.monotonic`). Raises what the bus raises about itself, not about a message.
    """
    result = Delivery()
    stops: dict[UUID, float] = dict.fromkeys(held, -1)
    """Per aggregate the place of the first event that cannot be sent."""

    def refuse(guilty: Iterable[Parcel], why: str) -> None:
        for parcel in guilty:
            if parcel.at < stops.get(parcel.subject, inf):
                stops[parcel.subject] = parcel.at
                result.refused.append((parcel, why))

    for parcel in batch:
        if parcel.message is None:
            refuse([parcel], parcel.error)
        elif parcel.message.topic in closed:
            refuse([parcel], closed[parcel.message.topic])
    groups = [list(batch)]
    while groups:
        group = [parcel for parcel in groups.pop() if parcel.at < stops.get(parcel.subject, inf)]
        if not group:
            continue
        if len(group) < len(batch) and monotonic() > until:
            result.next_limit = len(group)
            break
        try:
            await bus.publish([parcel.message for parcel in group if parcel.message])
        except (TopicRefused, MessageRefused) as refusal:
            if guilty := _guilty(group, refusal):
                refuse(guilty, str(refusal))
                groups.append(group)
            else:
                middle = len(group) // 2
                groups += [group[middle:], group[:middle]]
        else:
            result.sent += group
    result.behind = [parcel for parcel in batch if parcel.at > stops.get(parcel.subject, inf)]
    return result


def _guilty(group: Sequence[Parcel], refusal: TopicRefused | MessageRefused) -> list[Parcel]:
    """Those that are refused for certain."""
    if len(group) == 1:
        return list(group)
    if isinstance(refusal, TopicRefused):
        return [parcel for parcel in group if parcel.message and parcel.message.topic == refusal.topic]
    if len(refusal.messages) == 1:
        return [parcel for parcel in group if parcel.message is refusal.messages[0]]
    return []
