"""Who decides whether two records are the same, and the pair that they are. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, NamedTuple
from uuid import UUID

from lead_svc.duplicates.record import (
    ACCOUNT_DUPLICATE,
    CONTACT_DUPLICATE,
    LEAD_DUPLICATE,
    DuplicateState,
    Likeness,
    P,
    Pair,
)
from shared.acts import Act, Subject, who
from shared.auth.actor import LEADERS, Actor, Role
from shared.events.duplicates import (
    AccountDuplicateCleared,
    AccountDuplicateDismissed,
    AccountDuplicateSuspected,
    ContactDuplicateCleared,
    ContactDuplicateDismissed,
    ContactDuplicateSuspected,
    LeadDuplicateCleared,
    LeadDuplicateDismissed,
    LeadDuplicateSuspected,
)
from shared.events.envelope import Event
from shared.ids import external_id

SUSPECTED, DISMISSED, CLEARED = DuplicateState
_DECIDES = who(*LEADERS, Role.sales_ops)


class PairActs(NamedTuple, Generic[P]):
    """What becomes of a pair."""

    suspect: Act[P, None]
    find_again: Act[P, None]
    dismiss: Act[P, None]
    reopen: Act[P, None]
    clear: Act[P, None]


def _path(pair: Pair, _: Actor) -> dict[str, Any]:
    one, other = pair.ids
    return {f"{pair.kind}_id": str(one), "other_id": str(other)}


def _acts(of: Subject[P, None], a: str, name: str, suspected: type[Event], dismissed: type[Event], cleared: type[Event]) -> PairActs[P]:
    """`a`: the record with its article. `name`: what the operations call the pair."""
    thing = a.partition(" ")[2]
    return PairActs(
        suspect=Act(
            of=of,
            name="suspect",
            operation=None,
            who=who(),
            to=(SUSPECTED,),
            makes=True,
            tells=(suspected,),
            says=f"{a.capitalize()} is entered or changed, and has so much in common with another one that they may be the same.",
        ),
        find_again=Act(
            of=of,
            name="find_again",
            operation=None,
            who=who(),
            states=(SUSPECTED, CLEARED),
            to=(SUSPECTED,),
            tells=(suspected,),
            says="They have more, less or something else in common now, and still may be the same.",
        ),
        dismiss=Act(
            of=of,
            name="dismiss",
            operation=f"dismiss_{name}",
            who=_DECIDES,
            states=(SUSPECTED,),
            to=(DISMISSED,),
            tells=(dismissed,),
            refused=f"This cannot be said of the two {thing}s now.",
            code="cannot_dismiss",
            says=f"Says that the two {thing}s are not the same; that is remembered.",
            asks=f"Both {thing}s in view.",
            sample=lambda pair, by: {**_path(pair, by), "reason": "father and son"},
        ),
        reopen=Act(
            of=of,
            name="reopen",
            operation=f"reopen_{name}",
            who=_DECIDES,
            states=(DISMISSED,),
            to=(SUSPECTED,),
            tells=(suspected,),
            refused=f"This cannot be said of the two {thing}s now.",
            code="cannot_reopen",
            says=f"Takes back that the two {thing}s are not the same.",
            asks=f"Both {thing}s in view.",
            sample=_path,
        ),
        clear=Act(
            of=of,
            name="clear",
            operation=None,
            who=who(),
            states=(SUSPECTED,),
            to=(CLEARED,),
            tells=(cleared,),
            says=f"{a.capitalize()} was changed, and the two have too little in common now.",
        ),
    )


LEAD_PAIR_ACTS = _acts(LEAD_DUPLICATE, "a lead", "duplicate", LeadDuplicateSuspected, LeadDuplicateDismissed, LeadDuplicateCleared)
ACCOUNT_PAIR_ACTS = _acts(
    ACCOUNT_DUPLICATE, "an account", "account_duplicate", AccountDuplicateSuspected, AccountDuplicateDismissed, AccountDuplicateCleared
)
CONTACT_PAIR_ACTS = _acts(
    CONTACT_DUPLICATE, "a contact", "contact_duplicate", ContactDuplicateSuspected, ContactDuplicateDismissed, ContactDuplicateCleared
)


def pair(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    """The two ids in the order in which a pair has them."""
    return (one, other) if one.bytes < other.bytes else (other, one)


def pair_id(of: type[Pair], one: UUID, other: UUID) -> UUID:
    """The id of the pair, whichever comes first."""
    return external_id(f"{of.kind}_duplicate", "{}:{}".format(*pair(one, other)))


def as_found(of: type[P], known: P | None, ids: tuple[UUID, UUID], now: Likeness, at: datetime) -> P:
    """The pair as it is found to be now, whether or not anybody has looked before. What is dismissed stays so."""
    assert now.certainty is not None
    matches = {match.value: points for match, points in now.matches.items()}
    said: dict[str, Any] = {"certainty": now.certainty, "points": now.points, "matches": matches}
    if known is not None:
        return replace(known, state=DISMISSED if known.state is DISMISSED else SUSPECTED, **said)
    nobody: dict[str, Any] = {"reason": None, "decided_by": None, "decided_at": None}
    stamps: dict[str, Any] = {"created_at": at, "updated_at": at, "version": 0}
    named: dict[str, Any] = {f"{of.kind}_id": ids[0], "other_id": ids[1]}
    return of(id=pair_id(of, *ids), state=SUSPECTED, **named, **said, **nobody, **stamps)
