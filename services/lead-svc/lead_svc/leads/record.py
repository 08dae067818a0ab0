"""A lead as its row holds it, and the states that it goes through."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from lead_svc.policy import LeadPolicy
from shared.acts import Subject
from shared.errors import Pending, Unmet
from shared.stored import Stored


class State(StrEnum):
    CAPTURED = "captured"
    MQL = "mql"
    SQL = "sql"
    CONVERTING = "converting"
    """Handed over; deal-svc has not answered yet."""
    CONVERTED = "converted"
    NURTURING = "nurturing"
    DISQUALIFIED = "disqualified"
    MERGED = "merged"
    """It was the same as another lead, which has taken over what it had. It still answers, and nothing is done with it any more."""


class Reason(StrEnum):
    """Why a lead is disqualified."""

    NO_RESPONSE_3 = "no_response_3"
    NEED_MISMATCH = "need_mismatch"
    NO_BUDGET = "no_budget"
    INVALID_CONTACT = "invalid_contact"
    COMPETITOR = "competitor"
    OPT_OUT = "opt_out"
    OTHER = "other"


class Grade(StrEnum):
    """How hot it is."""

    A = "A"
    B = "B"
    C = "C"


HELD = (State.CAPTURED, State.MQL, State.SQL)
"""States that a lead can be nurtured or disqualified from."""
OPEN = (*HELD, State.NURTURING)
CLOSED = (State.CONVERTED, State.DISQUALIFIED, State.MERGED)


@dataclass(frozen=True, slots=True)
class Lead:
    id: UUID
    external_id: Annotated[str | None, Stored(unique=True)]
    state: State
    captured_at: Annotated[datetime | None, Stored(comment="first contact; empty while the lead is a stub that only an import has named")]
    source: str | None
    campaign: str | None
    medium: str | None
    first_touch: str | None
    last_touch: str | None
    referrer_account_id: UUID | None
    title: str | None
    company: str | None
    contact_name: Annotated[str | None, Stored(comment="personal")]
    email: Annotated[str | None, Stored(comment="personal")]
    phone: Annotated[str | None, Stored(comment="personal")]
    job_title: str | None
    language: str | None
    region: str | None
    industry: str | None
    size: str | None
    product: str | None
    owner_id: UUID | None
    team_id: UUID | None
    grade: Grade
    bant: Annotated[dict[str, dict[str, Any]], Stored(comment="dimension -> status, evidence, by, at, months")]
    bant_score: int
    intent: str | None
    responses: int
    no_response_count: int
    no_response_on: date | None
    last_response_at: datetime | None
    last_contact_at: datetime | None
    reason: str | None
    note: str | None
    wake_at: datetime | None
    reactivations: int
    account_id: UUID | None
    contact_id: UUID | None
    deal_id: UUID | None
    conversion_id: UUID | None
    refusal: str | None
    deal_opened_at: datetime | None
    deal_won_at: datetime | None
    flags: Annotated[dict[str, bool], Stored(comment="flag -> true")]
    imported: Annotated[bool, Stored(default="false")]
    merged_into: UUID | None
    created_at: datetime
    updated_at: datetime
    version: int

    @property
    def is_stub(self) -> bool:
        """Only named by another service's import; its own data has not come yet."""
        return self.captured_at is None


@dataclass(frozen=True, slots=True)
class Score:
    """What the rules of the scoring model give a lead. It changes by itself, so it is a row of its own: the lead's version stays."""

    id: UUID
    lead_id: Annotated[UUID, Stored(unique=True, refers="lead.id")]
    points: int
    told: Annotated[int, Stored(comment="the points that were last told")]
    scored_at: Annotated[datetime, Stored(comment="the points are those of this moment")]
    next_at: Annotated[datetime | None, Stored(comment="when points fall by themselves; empty when they never do")]
    policy_version: Annotated[int, Stored(comment="of the scoring model that gave them")]
    version: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """What somebody's model predicts of a lead."""

    id: UUID
    lead_id: Annotated[UUID, Stored(unique=True, refers="lead.id")]
    probability: Annotated[int, Stored(comment="percent")]
    best_call_at: datetime | None
    model: str
    predicted_at: datetime
    by: UUID
    version: int


@lru_cache
def _wrong_state(state: State, needed: Sequence[str]) -> Unmet:
    wrong = Unmet("wrong_state", f"The lead is {state}; this needs {' or '.join(needed)}.")
    return Pending(wrong.code, wrong.message) if state is State.CONVERTING else wrong  # until deal-svc has answered


_MERGED = Unmet("merged", "The lead was merged into another one; go on there.")

LEAD = Subject[Lead, LeadPolicy](
    name="lead",
    label="lead",
    states=State,
    state=lambda lead: lead.state,
    owner=lambda lead, _: lead.owner_id,
    not_owner=Unmet("not_owner", "Only the lead's owner or their manager may do this."),
    wrong_state=lambda lead, needed: _wrong_state(lead.state, needed),
    gone=lambda lead: _MERGED if lead.state is State.MERGED else None,
)
