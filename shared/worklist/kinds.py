"""The kinds of open work, each declared once. A later kind is a line here, and a source if other events tell of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.events.deal import DealTaskDue
from shared.events.envelope import REGISTRY, Event
from shared.worklist.items import APPROVAL, MILESTONE, Settled, Settles, Source, source


class Work(StrEnum):
    """What is to be done, as its events name it."""

    FOLLOW_UP = "follow_up"
    FIRST_RESPONSE = "first_response"
    TO_DO = "to_do"
    WAKE_UP = "wake_up"
    NEXT_STEP = "next_step"
    APPROVAL = APPROVAL
    ACCEPTANCE = "acceptance"
    MILESTONE = MILESTONE


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that settles it. `path` as in the service's OpenAPI document."""

    service: str
    id: str
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class WorkKind:
    """One kind of open work. It is for the owner of its subject, an approval for those who are asked. Who sees the subject sees it.

    A kind that there is of several subjects is declared for each.
    """

    name: Work
    subject: str
    settled_by: tuple[Operation, ...]


_CONTACT = Operation("lead-svc", "log_interaction", "POST", "/v1/leads/{lead_id}/interactions")

KINDS: Mapping[tuple[str, str], WorkKind] = {
    (kind.name, kind.subject): kind
    for kind in (
        WorkKind(Work.FOLLOW_UP, "lead", (_CONTACT,)),
        WorkKind(Work.FIRST_RESPONSE, "lead", (_CONTACT,)),
        WorkKind(Work.TO_DO, "lead", (_CONTACT,)),
        WorkKind(Work.WAKE_UP, "lead", (Operation("lead-svc", "reactivate_lead", "POST", "/v1/leads/{lead_id}/reactivate"),)),
        WorkKind(Work.NEXT_STEP, "deal", (Operation("deal-svc", "set_next_step", "PUT", "/v1/deals/{deal_id}/next-step"),)),
        WorkKind(Work.APPROVAL, "contract", (Operation("contract-svc", "review_contract", "POST", "/v1/contracts/{contract_id}/reviews"),)),
        WorkKind(Work.APPROVAL, "deal", (Operation("deal-svc", "decide_quote", "POST", "/v1/quotes/{quote_id}/decisions"),)),
        WorkKind(
            Work.ACCEPTANCE, "contract", (Operation("contract-svc", "accept_delivery", "POST", "/v1/contracts/{contract_id}/accept"),)
        ),
        WorkKind(
            Work.MILESTONE,
            "contract",
            (
                Operation("contract-svc", "receive_payment", "POST", "/v1/payments"),
                Operation("contract-svc", "waive_milestone", "POST", "/v1/contracts/{contract_id}/milestones/{milestone_id}/waive"),
            ),
        ),
    )
}
"""By name, that of a task or a deadline as its events tell it, and subject. One that is not here is listed without what settles it."""


def _told_by(aggregate: str) -> Iterator[type[Event]]:
    return (event for event in REGISTRY.values() if event.aggregate == aggregate)


SOURCES: Sequence[Source] = (
    source("lead", "lead_id", _told_by("lead_task")),
    source("lead", "lead_id", _told_by("lead_deadline")),
    source("deal", "deal_id", _told_by("deal_task"), late=DealTaskDue),
    source("contract", "contract_id", _told_by("contract_deadline")),
    source("contract", "contract_id", _told_by("contract_approval")),
    source("deal", "deal_id", _told_by("quote_approval")),
    source("contract", "contract_id", _told_by("milestone")),
)

_SETTLES: Mapping[type[Event], Settles] = {event: ends for tells in SOURCES for event, ends in tells.settles.items()}


def settled_by(told: Sequence[tuple[Any, UUID]]) -> list[Settled]:
    """What these events, each with its subject, have settled; what was settled and is open again does not count twice."""
    found = [one for event, subject in told if (ends := _SETTLES.get(type(event))) is not None for one in ends(event, subject)]
    return list(dict.fromkeys(found))
