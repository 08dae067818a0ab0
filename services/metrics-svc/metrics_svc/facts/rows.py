"""What figures count: one row per counted thing, with the dimensions it is broken down by.

Rows of leads, deals, milestones and payments hold what their events told (`history`, raw times); everything else in them, and the
rows of visits, outcomes, amounts, goals and allocations, is derived from that, and derived again when late data comes.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

Who = tuple[UUID | None, UUID | None, str | None, str | None, str | None]
"""Owner, team, source, product, region: what figures are broken down by."""

Holder = tuple[UUID | None, UUID | None]
"""An owner and the team that the owner was in then."""


@dataclass(slots=True)
class LeadFact:
    """A lead. It counts once it is captured; a stub, named by another import first, waits for its own data.

    `owner_id` and `team_id` are who had it when it was captured, and so those of every step of the funnel: its first owner, if nobody
    had it then. With `mql_` and `sql_` they are who had it when it became that, in the same way.
    """

    id: UUID
    external_id: str | None = None
    owner_id: UUID | None = None
    team_id: UUID | None = None
    mql_owner_id: UUID | None = None
    mql_team_id: UUID | None = None
    sql_owner_id: UUID | None = None
    sql_team_id: UUID | None = None
    now_owner_id: UUID | None = None
    now_team_id: UUID | None = None
    source: str | None = None
    product: str | None = None
    region: str | None = None
    flags: list[str] = field(default_factory=list)
    account_id: UUID | None = None
    deal_id: UUID | None = None
    captured_at: datetime | None = None
    mql_at: datetime | None = None
    sql_at: datetime | None = None
    converted_at: datetime | None = None
    joined_at: datetime | None = None  # to a deal of another lead
    # Derived from this and from its deals.
    opened_at: datetime | None = None  # of the first deal that has it as its primary lead
    # When it first reached the step or beyond; these and all below are empty for a stub.
    f2_at: datetime | None = None
    f3_at: datetime | None = None
    f4_at: datetime | None = None
    f5_at: datetime | None = None
    f6_at: datetime | None = None
    f7_at: datetime | None = None
    first_mql_at: datetime | None = None  # as an MQL itself: empty for a lead that went to SQL without
    to_deal_at: datetime | None = None
    assist_at: datetime | None = None


@dataclass(slots=True)
class DealFact:
    """A deal as it is now. `cohort_at` is its lead's capture (line `lead`), or its own opening (line `direct`)."""

    id: UUID
    lead_id: UUID | None = None
    account_id: UUID | None = None
    external_id: str | None = None
    flags: list[str] = field(default_factory=list)
    history: list[list[Any]] = field(default_factory=list)
    payments: list[list[Any]] = field(default_factory=list)
    last_activity_at: datetime | None = None
    # Derived.
    owner_id: UUID | None = None
    team_id: UUID | None = None
    source: str | None = None
    product: str | None = None
    region: str | None = None
    line: str | None = None
    cohort_at: datetime | None = None
    opened_at: datetime | None = None
    qualified_at: datetime | None = None  # its opening if it came from a lead, else when it was first beyond discovery
    qualified_owner_id: UUID | None = None
    qualified_team_id: UUID | None = None
    stage: str | None = None
    is_open: bool = False
    probability: int | None = None
    amount: Decimal | None = None  # in the reporting currency, as are all amounts of facts


@dataclass(slots=True)
class VisitFact:
    """One stay of a deal in a stage. `passed_at`: when the deal was beyond the stage for the first time in this cycle.

    `owner_id` had the deal when it came, `left_owner_id` when it went.
    """

    deal_id: UUID
    n: int
    owner_id: UUID | None
    team_id: UUID | None
    source: str | None
    product: str | None
    region: str | None
    cycle: int
    stage: str
    entered_at: datetime
    first_in_cycle: bool
    left_at: datetime | None = None
    left_to: str | None = None
    left_owner_id: UUID | None = None
    left_team_id: UUID | None = None
    passed_at: datetime | None = None
    stay_us: int | None = None
    stay_bucket: int | None = None


@dataclass(slots=True)
class OutcomeFact:
    """A deal was won, lost, reversed or reopened. Dimensions as they were then: they carry the credit.

    A reversal has amount and owner of its win, and a reopening those of its loss: they take back exactly what was counted, from those
    for whom it was counted. When a qualified open deal goes to another owner or team, it is `handed_on` by the one and `taken_over` by
    the other.
    """

    deal_id: UUID
    n: int
    owner_id: UUID | None
    team_id: UUID | None
    source: str | None
    product: str | None
    region: str | None
    kind: str
    at: datetime
    amount: Decimal | None = None
    line: str | None = None  # this and the next are read by the release before; they go with the next one
    cohort_at: datetime | None = None
    undone_at: datetime | None = None  # when this win was reversed
    qualified: bool | None = None  # of a loss and its reopening: whether the deal was qualified when it was lost
    cycle_us: int | None = None  # from the opening, if that is known
    cycle_bucket: int | None = None
    lead_cycle_us: int | None = None  # from the lead's capture; negative for a deal won before the first contact
    lead_cycle_bucket: int | None = None


@dataclass(slots=True)
class AmountFact:
    """A change of a deal's amount, and when it counts at each step that the deal reached. The first one stands for the deal itself:
    it is there whatever the amount, and alone has 1 in `deals`. Dimensions are those of the member of the funnel.
    """

    deal_id: UUID
    n: int
    owner_id: UUID | None
    team_id: UUID | None
    source: str | None
    product: str | None
    region: str | None
    deals: int
    delta: Decimal
    at: datetime
    f5_at: datetime | None = None
    f6_at: datetime | None = None
    f7_at: datetime | None = None
    line: str | None = None
    cohort_at: datetime | None = None


@dataclass(slots=True)
class GoalFact:
    """A deal reached a goal of the funnel (won, paid) or lost it again (reversed, unpaid), one after the other.

    A deal is paid while it is won and a contract of it is paid in full. Dimensions are those of the member of the funnel, which is
    the deal's lead or, on the line `direct`, the deal: the same at every step, so that no group has more at a later one.
    """

    deal_id: UUID
    n: int
    owner_id: UUID | None
    team_id: UUID | None
    source: str | None
    product: str | None
    region: str | None
    kind: str
    at: datetime
    amount: Decimal | None = None
    line: str | None = None
    cohort_at: datetime | None = None


@dataclass(slots=True)
class LeadGoalFact:
    """A lead reached a goal with its first deal that did (won, paid), or has no such deal any more (reversed, unpaid)."""

    lead_id: UUID
    n: int
    owner_id: UUID | None
    team_id: UUID | None
    source: str | None
    product: str | None
    region: str | None
    kind: str
    at: datetime
    cohort_at: datetime | None = None


@dataclass(slots=True)
class ContractFact:
    """Who had a contract from when on: time, owner and team, in the order of its events."""

    id: UUID
    holders: list[list[Any]] = field(default_factory=list)


@dataclass(slots=True)
class MilestoneFact:
    """A payment milestone: what falls due when. `due_at` is the start of its due day; `excused_at`: from when a waived rest is not owed.

    `owner_id` is as its last event tells, `due_owner_id` who had the contract on the due day.
    """

    id: UUID
    contract_id: UUID | None = None
    deal_id: UUID | None = None
    amount: Decimal | None = None
    paid: Decimal | None = None
    due_at: datetime | None = None
    waived_at: datetime | None = None
    excused_at: datetime | None = None
    excused: Decimal | None = None
    due_owner_id: UUID | None = None
    due_team_id: UUID | None = None
    owner_id: UUID | None = None
    team_id: UUID | None = None
    source: str | None = None
    product: str | None = None
    region: str | None = None


@dataclass(slots=True)
class PaymentFact:
    """Cash that came in, and who had the contract then. `waited`: amount × microseconds from signature to receipt, for weighted means."""

    id: UUID
    contract_id: UUID | None = None
    deal_id: UUID | None = None
    amount: Decimal | None = None
    waited: Decimal | None = None
    received_at: datetime | None = None
    signed_at: datetime | None = None
    reversed_at: datetime | None = None
    allocations: list[list[Any]] = field(default_factory=list)
    owner_id: UUID | None = None
    team_id: UUID | None = None
    source: str | None = None
    product: str | None = None
    region: str | None = None


@dataclass(slots=True)
class AllocationFact:
    """The part of a payment that settles a milestone: from the start of its due day on, or from its receipt when that came later.

    Owner and team are those of the milestone, so that what is owed and what settles it meet.
    """

    payment_id: UUID
    n: int
    deal_id: UUID | None
    milestone_id: UUID
    amount: Decimal
    due_at: datetime
    settles_at: datetime
    taken_back_at: datetime | None = None
    owner_id: UUID | None = None
    team_id: UUID | None = None
    source: str | None = None
    product: str | None = None
    region: str | None = None


DIMENSIONS = {"source": "source", "owner": "owner_id", "team": "team_id", "product": "product", "region": "region"}
"""What figures are broken down by, and the column of every fact that holds it."""

ALL = ""
"""The dimension of a measure's total, whose only value is empty. For the others an empty value means that it is not known."""
