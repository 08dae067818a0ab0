"""The records that events belong to, and what of them decides who sees these events. Each event class says whose it is. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from shared import events
from shared.access.held import Held
from shared.access.kinds import ACCOUNTS, CONTRACTS, DEALS, KINDS, LEADS, Kind, reach
from shared.auth.actor import Actor, Role
from shared.events.envelope import REGISTRY, Event, MemberAdded, MemberRemoved

QUOTE = "quote"
"""The kind of a row that says whether a quote is up for approval."""
SEEN_AS = (LEADS, ACCOUNTS, DEALS, CONTRACTS)


class Whose(NamedTuple):
    """Whom the events of an aggregate belong to, as their classes say: all of them the same."""

    kind: str | None
    owned_by: str | None
    part_of: str | None
    audience: str | None


WHOSE = {
    e.aggregate: Whose(e.seen_as, e.owned_by, e.part_of, e.audience) for e in REGISTRY.values() if e.__module__.startswith(events.__name__)
}
"""By aggregate. What is not here is for those who run the system."""

EVERYBODYS = sorted(aggregate for aggregate, whose in WHOSE.items() if whose.audience == "everybody")
AGGREGATES = {kind: sorted(aggregate for aggregate, whose in WHOSE.items() if whose.kind == kind.name) for kind in SEEN_AS}
"""The aggregates that are seen by everybody, and those that are seen as each kind."""

MOVABLE = frozenset({"contact"})
"""Parts that a later event can move to another whole; then their earlier events go with them."""

_ROLES = frozenset(role.value for role in Role)
# By name without the version: a later form of an event means the same.
_WON = {"clinch.deal.won": True, "clinch.deal.win_reversed": False}
_IN_REVIEW = {
    "clinch.contract.submitted": True,
    **{f"clinch.contract.{end}": False for end in ("approved", "rejected", "withdrawn", "declined", "signed", "voided", "terminated")},
}

_UP_FOR_APPROVAL = {
    "clinch.quote.submitted": True,
    **{f"clinch.quote.{end}": False for end in ("approved", "submission_rejected", "submission_withdrawn", "withdrawn")},
}


def belongs_to(aggregate: str, subject: UUID, data: Mapping[str, Any]) -> UUID | None:
    """The record that an event belongs to. An aggregate that this version does not know belongs to itself, and so to an unknown owner."""
    whose = WHOSE.get(aggregate)
    if whose is None or whose.kind is None:
        return None if whose is not None and whose.audience == "everybody" else subject
    record = data.get(whose.part_of) if whose.part_of else None
    return UUID(record) if record else subject


@dataclass(frozen=True, slots=True)
class Told:
    """What an event tells of the record that it belongs to; None where it is silent. It tells the owner, who may be nobody.

    `introduced`: as a part tells it of its whole, as it was then: worth knowing until the whole speaks for itself, in a topic of its own.
    """

    id: UUID
    kind: str
    owner_id: UUID | None
    account_id: UUID | None
    deal_id: UUID | None
    won: bool | None
    review: bool | None
    introduced: bool


def told(type: str, aggregate: str, subject: UUID, data: Mapping[str, Any]) -> Told | None:
    """None where the event does not tell an owner."""
    whose = WHOSE.get(aggregate)
    if whose is None or whose.kind is None:
        return None
    event = REGISTRY.get(type, Event)
    owner = whose.owned_by or "owner_id"
    if owner not in data and not event.unowned:
        return None
    record = belongs_to(aggregate, subject, data) or subject
    own = record == subject
    kind = whose.kind
    name = type.rpartition(".")[0]
    won = data.get("outcome") == "won" if name == "clinch.deal.history_corrected" else _WON.get(name)
    return Told(
        id=record,
        kind=kind,
        owner_id=_id(data.get(owner)),
        account_id=None if kind == ACCOUNTS.name else _id(data.get("account_id")),
        deal_id=_id(data.get("deal_id")) if kind == CONTRACTS.name else None,
        won=won,
        review=_IN_REVIEW.get(name),
        introduced=not own,
    )


def quote_told(type: str, subject: UUID, data: Mapping[str, Any]) -> Told | None:
    """Whether a quote is up for approval. It shows its deal to those who approve, and has no events that belong to itself."""
    review = _UP_FOR_APPROVAL.get(type.rpartition(".")[0])
    if review is None:
        return None
    return Told(subject, QUOTE, _id(data.get("owner_id")), None, _id(data["deal_id"]), None, review, False)


def _id(text: Any) -> UUID | None:
    return UUID(text) if text else None


def together(found: Iterable[Told]) -> list[Told]:
    """One for each record: what was told last, in the order of the ids, so that folds never wait for each other in a circle."""
    last: dict[UUID, Told] = {}
    for now in found:
        before = last.get(now.id)
        if before is not None:
            known = {n: getattr(before, n) for n in ("account_id", "deal_id", "won", "review") if getattr(now, n) is None}
            values = {n: getattr(now, n) for n in Told.__slots__} | known
            now = Told(**values)
        last[now.id] = now
    return [last[id] for id in sorted(last)]


class PartTold(NamedTuple):
    """Somebody got a part in a record, or has it no more. `part` is None for whoever created it."""

    record_id: UUID
    person_id: UUID
    part: str | None
    given: bool


def parts_told(type: str, subject: UUID, data: Mapping[str, Any]) -> PartTold | None:
    """The part in the record that the event gives or takes: a member's, or that of whoever created it and sees it by that alone."""
    event = REGISTRY.get(type, Event)
    if issubclass(event, MemberAdded | MemberRemoved):
        return PartTold(subject, UUID(data["person_id"]), data["part"], issubclass(event, MemberAdded))
    by = data.get("actor")
    if not event.creates or event.seen_as is None or not by or by["type"] != "person":
        return None
    person = UUID(by["id"])
    sees_all = by["role"] in _ROLES and reach(KINDS[event.seen_as], Actor.of(person, {Role(by["role"])})).everything
    if sees_all or _id(data.get("owner_id")) == person:
        return None
    return PartTold(subject, person, None, True)


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it is known: a row of `feed_owner`. `in_review`: whether a contract of this deal is, or a quote of it up for approval."""

    id: UUID
    kind: str | None
    owner_id: UUID | None
    account_id: UUID | None
    deal_id: UUID | None
    won: bool | None
    in_review: bool


def held(record: Record, kind: Kind, path: Sequence[UUID]) -> Held:
    """What the predicate asks of the record. `path` are the teams of its owner."""
    if kind is DEALS:
        return Held(record.owner_id, path, (record.id,), record.account_id if record.won else None, record.in_review)
    if kind is CONTRACTS:
        return Held(record.owner_id, path, (record.id, *([record.deal_id] if record.deal_id else [])), record.account_id)
    return Held(record.owner_id, path, (record.id,))
