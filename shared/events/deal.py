"""What deal-svc tells of deals.

Amounts carry `fx`, the frozen rate to the reporting currency; `fx_day` is the rate's day where there was none for the day itself.
"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.events.envelope import Decided, Dimensions, Event, Exact, MemberAdded, MemberRemoved, Money, OwnerChanged
from shared.events.stages import Staged
from shared.events.tasks import TaskDone, TaskDropped, TaskDue, TaskSet


class DealSvcEvent(Event):
    publisher = "deal-svc"


class DealEvent(DealSvcEvent):
    seen_as = "deal"
    owned_by = "owner_id"


class DealOpened(DealEvent, Dimensions, Staged, Decided, type="deal.opened"):
    """A deal exists.

    `lead_id` is its primary lead; without one the deal is direct. Import tells history with its own times.
    """

    creates = True
    touches = True

    lead_id: UUID | None = None
    lead_external_id: str | None = None
    conversion_id: UUID | None = None
    name: str | None = None
    external_id: str | None = None
    account_id: UUID | None = None
    account_external_id: str | None = None
    account_name: str | None = None
    owner_external_id: str | None = None
    kind: Literal["new", "upsell", "cross_sell", "renewal"] = "new"
    stage: str = "discovery"
    probability: int = 20
    amount: Money
    fx: Exact
    fx_day: date | None = None
    expected_close_on: date | None = None
    imported: bool = False
    flags: list[str] = []


class DealLeadJoined(DealEvent, type="deal.lead_joined"):
    """A further lead was converted into this open deal: an assist, the cohort stays the primary lead's."""

    touches = True

    lead_id: UUID
    conversion_id: UUID


class DealStageChanged(DealEvent, Dimensions, Staged, Decided, type="deal.stage_changed"):
    touches = True

    from_stage: str
    to_stage: str
    direction: Literal["advance", "skip", "back"]
    cycle: int
    skipped_gates: list[str] = []
    reason: str | None = None
    seconds_in_stage: float
    probability: int
    amount: Money
    fx: Exact


class DealUpdated(DealEvent, Dimensions, OwnerChanged, Decided, type="deal.updated"):
    """Name, amount, close date, owner, product, account or lead changed. The values are complete, `changed` names the fields.

    `probability` is told where it changed: a new version of the policy gave the deal's stage another one.
    """

    changed: list[str]
    name: str | None = None
    account_id: UUID | None = None
    lead_id: UUID | None = None
    amount: Money
    fx: Exact
    fx_day: date | None = None
    expected_close_on: date | None = None
    probability: int | None = None


class DealSpinRecorded(DealEvent, type="deal.spin_recorded"):
    touches = True

    part: Literal["situation", "problem", "implication", "need_payoff"]


class DealSpinCorrected(DealEvent, type="deal.spin_corrected"):
    """An entry of the SPIN record was a slip. `changed` names what is different now, `part` is the right one."""

    spin_id: UUID
    part: Literal["situation", "problem", "implication", "need_payoff"]
    changed: list[str]


class DealSpinRemoved(DealEvent, type="deal.spin_removed"):
    """An entry of the SPIN record was a slip, and is gone."""

    spin_id: UUID
    part: Literal["situation", "problem", "implication", "need_payoff"]


class DealNeedsConfirmed(DealEvent, type="deal.needs_confirmed"):
    """The customer confirmed the restated needs."""

    touches = True


class DealNeedsWithdrawn(DealEvent, type="deal.needs_withdrawn"):
    """The customer has not confirmed the needs: that was recorded by a slip."""


class DealContactAdded(DealEvent, type="deal.contact_added"):
    """A member of the buying committee."""

    touches = True

    contact_id: UUID
    committee_role: str
    decision_maker: bool


class DealContactCorrected(DealEvent, type="deal.contact_corrected"):
    """The part of a member of the buying committee was a slip. `changed` names what is different now, the values are the right ones."""

    contact_id: UUID
    committee_role: str
    decision_maker: bool
    changed: list[str]


class DealContactRemoved(DealEvent, type="deal.contact_removed"):
    """Somebody is not on the buying committee: they were put there by a slip, or have left it."""

    contact_id: UUID


class DealContactReplaced(DealEvent, type="deal.contact_replaced"):
    """The buying committee names a contact by another id: two contacts were merged, or that was undone. Nobody dealt with the customer."""

    previous_contact_id: UUID
    contact_id: UUID


class DealFileAttached(DealEvent, type="deal.file_attached"):
    """A file is attached to the deal. What it is called and what is in it are in no event."""

    attachment_id: UUID
    media_type: str
    size: int


class DealFileRemoved(DealEvent, type="deal.file_removed"):
    """It is no longer attached, and its bytes are erased."""

    attachment_id: UUID


class DealMemberAdded(DealEvent, MemberAdded, type="deal.member_added"):
    """Somebody is in the team of the deal, and sees it with its quotes and contracts from now on."""


class DealMemberRemoved(DealEvent, MemberRemoved, type="deal.member_removed"):
    """Somebody is no more in the team of the deal."""


class DealNextStepSet(DealEvent, type="deal.next_step_set"):
    due_at: datetime


class DealTaskEvent(DealSvcEvent, Dimensions):
    """A task about a deal, for its owner. The subject is the task, and the deal's version stays."""

    seen_as = "deal"
    part_of = "deal_id"

    deal_id: UUID


class DealTaskSet(DealTaskEvent, TaskSet, type="deal.task_set", aggregate="deal_task"):
    pass


class DealTaskDue(DealTaskEvent, TaskDue, type="deal.task_due", aggregate="deal_task"):
    pass


class DealTaskDone(DealTaskEvent, TaskDone, type="deal.task_done", aggregate="deal_task"):
    touches = True


class DealTaskDropped(DealTaskEvent, TaskDropped, type="deal.task_dropped", aggregate="deal_task"):
    pass


class DealProposalDrafted(DealEvent, type="deal.proposal_drafted"):
    touches = True

    proposal_version: int


class DealProposalCorrected(DealEvent, type="deal.proposal_corrected"):
    """A version of the proposal that no customer has seen was corrected. `changed` names what is different now."""

    proposal_version: int
    changed: list[str]


class DealProposalRemoved(DealEvent, type="deal.proposal_removed"):
    """A version of the proposal that no customer has seen is gone. Where it was the latest, the next one gets its number."""

    proposal_version: int


class DealProposalPresented(DealEvent, type="deal.proposal_presented"):
    touches = True

    proposal_version: int


class DealWon(DealEvent, Dimensions, Staged, type="deal.won"):
    """`amount` is net. Where a contract was signed it is the contract's, and `tax` comes on top of it.

    `skipped_gates`: the guards that the deal had not met on its way to the last stage.
    """

    touches = True

    amount: Money
    tax: Money | None = None
    fx: Exact
    lead_id: UUID | None = None
    account_id: UUID | None = None
    quote_id: UUID | None = None
    contract_id: UUID | None = None
    manual: bool = False
    reason: str | None = None
    from_stage: str
    cycle: int
    opened_at: datetime
    seconds_in_stage: float
    imported: bool = False
    skipped_gates: list[str] = []


class DealLost(DealEvent, Dimensions, Staged, type="deal.lost"):
    touches = True

    amount: Money
    fx: Exact
    reason: str
    competitor: str | None = None
    from_stage: str
    cycle: int
    opened_at: datetime
    seconds_in_stage: float
    imported: bool = False


class DealReopened(DealEvent, Dimensions, Staged, Decided, type="deal.reopened"):
    touches = True

    stage: str
    cycle: int
    reason: str
    probability: int


class DealWinReversed(DealEvent, Dimensions, Staged, Decided, type="deal.win_reversed"):
    """The contract fell before it took effect: the win is taken back in the period of the reversal."""

    touches = True

    amount: Money
    fx: Exact
    contract_id: UUID | None = None
    reason: str
    stage: str
    cycle: int
    probability: int


class StageVisit(BaseModel):
    """When a deal came to an open stage. `direction` is empty for the stage that it was opened in."""

    stage: str
    entered_at: datetime
    direction: Literal["advance", "skip"] | None = None
    probability: int


class DealHistoryCorrected(DealEvent, Dimensions, Staged, Decided, type="deal.history_corrected"):
    """An import has told the deal's whole history again.

    This replaces all that was told of it before, also for past days.

    Only deals that no person has touched are corrected. `stage` is where the deal is now.
    """

    lead_id: UUID | None = None
    lead_external_id: str | None = None
    name: str | None = None
    external_id: str | None = None
    account_id: UUID | None = None
    account_external_id: str | None = None
    account_name: str | None = None
    owner_external_id: str | None = None
    amount: Money
    fx: Exact
    fx_day: date | None = None
    expected_close_on: date | None = None
    opened_at: datetime
    visits: list[StageVisit]
    outcome: Literal["open", "won", "lost"]
    closed_at: datetime | None = None
    reason: str | None = None
    competitor: str | None = None
    stage: str
    flags: list[str] = []


class ConversionRefused(DealSvcEvent, type="conversion.refused"):
    """deal-svc could not open or join the deal that `lead.converted` asked for."""

    seen_as = "lead"
    part_of = "lead_id"
    free_texts = frozenset()

    lead_id: UUID
    deal_id: UUID
    reason: str
