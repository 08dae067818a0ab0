"""What lead-svc tells of leads. Ids only, no personal data."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.events.envelope import Decided, Dimensions, Event, MemberAdded, MemberRemoved, Money, OwnerChanged
from shared.events.tasks import TaskDone, TaskDropped, TaskDue, TaskEscalated, TaskOverdue, TaskSet


class LeadSvcEvent(Event):
    publisher = "lead-svc"


class LeadEvent(LeadSvcEvent):
    seen_as = "lead"
    owned_by = "owner_id"


class LeadCaptured(LeadEvent, Dimensions, type="lead.captured"):
    """A lead is known. Its time is the first contact; for an imported lead that lies in the past."""

    creates = True

    external_id: str | None = None
    referrer_account_id: UUID | None = None
    account_id: UUID | None = None
    account_name: str | None = None
    contact_id: UUID | None = None
    imported: bool = False


class LeadStubbed(LeadEvent, type="lead.stubbed"):
    """Another service's import named a lead that nobody knew yet. It counts as captured once its own data comes."""

    unowned = True

    external_id: str | None = None


class LeadUpdated(LeadEvent, Dimensions, type="lead.updated"):
    """Descriptive fields changed. The dimensions are complete, `changed` names the fields."""

    changed: list[str]
    account_id: UUID | None = None
    contact_id: UUID | None = None
    captured_at: datetime | None = None


class TopRule(BaseModel):
    """A rule of the scoring model, by its name in the policy, and the points that it gave."""

    rule: str
    points: int


class LeadMqlReached(LeadEvent, Decided, type="lead.mql_reached"):
    """Marketing hands the lead to sales. By score: `score` has reached `threshold`, and these rules gave most of it."""

    how: Literal["score", "manual", "import"]
    score: int | None = None
    threshold: int | None = None
    reason: str | None = None
    top_rules: list[TopRule] = []
    rule_name: str | None = None
    """The rule of automation that made it one, which is told as `manual`: people have written it."""


class LeadBantUpdated(LeadEvent, Decided, type="lead.bant_updated"):
    """One BANT dimension got a new status. The evidence stays in lead-svc: it may name people."""

    dimension: Literal["budget", "authority", "need", "timeline"]
    status: Literal["unknown", "confirmed", "refuted"]
    score: int


class LeadRegraded(LeadEvent, Decided, type="lead.regraded"):
    old: str | None
    new: str
    rule: str


class LeadInteractionLogged(LeadEvent, Dimensions, type="lead.interaction_logged"):
    """A contact with the customer, with the dimensions that the lead has; before there were any here, none is told."""

    touches = True

    interaction_id: UUID
    kind: str
    direction: str
    outcome: str


class LoggedAs(BaseModel):
    """What was told of a contact with the customer."""

    at: datetime
    kind: str
    direction: str


class LeadInteractionCorrected(LeadEvent, type="lead.interaction_corrected"):
    """What was logged of a contact was a slip: it counts as it is `now`. `changed` names what is different, texts by name only.

    `logged_for` is the lead that it was logged for, of which this one may be the survivor.
    """

    interaction_id: UUID
    logged_for: UUID
    was: LoggedAs
    now: LoggedAs
    outcome: str
    changed: list[str]


class LeadInteractionRemoved(LeadEvent, type="lead.interaction_removed"):
    """A contact was logged by a slip: there was none, and it counts no longer."""

    interaction_id: UUID
    logged_for: UUID
    was: LoggedAs


class LeadFileAttached(LeadEvent, type="lead.file_attached"):
    """A file is attached to the lead. What it is called and what is in it are in no event."""

    attachment_id: UUID
    media_type: str
    size: int


class LeadFileRemoved(LeadEvent, type="lead.file_removed"):
    """It is no longer attached, and its bytes are erased."""

    attachment_id: UUID


class LeadIntentRecorded(LeadEvent, type="lead.intent_recorded"):
    level: str


class LeadAssigned(LeadEvent, OwnerChanged, Decided, type="lead.assigned"):
    """`rule` says how: by hand, by an import, by a `rule` of the policy or by its `automation`, of which `rule_name` names one."""

    owner_id: UUID | None
    team_id: UUID | None
    rule: str = "manual"
    rule_name: str | None = None


class LeadMemberAdded(LeadEvent, MemberAdded, type="lead.member_added"):
    """Somebody else owns the deal that the lead became (part `deal`), and reads the lead from now on."""


class LeadMemberRemoved(LeadEvent, MemberRemoved, type="lead.member_removed"):
    """Somebody has no part in the lead any more: the deal has another owner, or the lead is theirs now."""


class LeadQualified(LeadEvent, Decided, type="lead.qualified"):
    bant_score: int
    owner_id: UUID | None = None
    team_id: UUID | None = None


class LeadNurtured(LeadEvent, type="lead.nurtured"):
    reason: str
    wake_at: datetime | None = None
    from_state: str


class LeadTaskEvent(LeadSvcEvent, Dimensions):
    """A task about a lead, for its owner. The subject is the task, and the lead's version stays."""

    seen_as = "lead"
    part_of = "lead_id"

    lead_id: UUID
    grade: str | None = None
    """The lead's grade then."""


class LeadTaskSet(LeadTaskEvent, TaskSet, type="lead.task_set", aggregate="lead_task"):
    pass


class LeadTaskDue(LeadTaskEvent, TaskDue, type="lead.task_due", aggregate="lead_task"):
    pass


class LeadTaskOverdue(LeadTaskEvent, TaskOverdue, type="lead.task_overdue", aggregate="lead_task"):
    pass


class LeadTaskEscalated(LeadTaskEvent, TaskEscalated, type="lead.task_escalated", aggregate="lead_task"):
    """`manager_id`: who leads the owner's team, or the nearest one above it."""

    manager_id: UUID | None = None


class LeadTaskDone(LeadTaskEvent, TaskDone, type="lead.task_done", aggregate="lead_task"):
    pass


class LeadTaskDropped(LeadTaskEvent, TaskDropped, type="lead.task_dropped", aggregate="lead_task"):
    pass


class LeadDisqualified(LeadEvent, Decided, type="lead.disqualified"):
    free_texts = frozenset()

    reason: str
    from_state: str


class LeadReactivated(LeadEvent, type="lead.reactivated"):
    reason: str
    from_state: str


class LeadMergedInto(LeadEvent):
    """The lead, as another lead took it over, or gave it back. `merge_id` is told by both leads."""

    merge_id: UUID
    survivor_id: UUID


class LeadAbsorbed(LeadMergedInto, type="lead.absorbed"):
    """It was the same as `survivor_id`, which has taken over what it had. It counts in no figure any more."""

    from_state: str


class LeadRestored(LeadMergedInto, type="lead.restored"):
    """The merge was undone: the lead is what it was before."""

    to_state: str


class LeadTookOver(LeadEvent, Dimensions):
    """The survivor of a merge as it is now: the dimensions are complete, `changed` names the fields."""

    merge_id: UUID
    survivor_id: UUID
    absorbed: list[UUID]
    changed: list[str] = []
    account_id: UUID | None = None
    contact_id: UUID | None = None
    captured_at: datetime | None = None


class LeadMerged(LeadTookOver, type="lead.merged"):
    """The lead has taken over others that are the same, and what hung on them. It was captured when the first of them was."""


class LeadUnmerged(LeadTookOver, type="lead.unmerged"):
    """It has given back what came from them. What happened since, and fields that were edited since, stay."""


class LeadConverted(LeadEvent, Dimensions, type="lead.converted"):
    """The owner hands the lead over. deal-svc opens `deal_id`, or joins the lead to it when `joins_existing`, and answers."""

    deal_id: UUID
    joins_existing: bool = False
    conversion_id: UUID
    account_id: UUID
    account_name: str
    contact_ids: list[UUID]
    captured_at: datetime
    deal_name: str
    deal_amount: Money | None = None
    closes_on: date | None = None
    amount: str | None = None
    currency: str | None = None
    expected_close_on: str | None = None
    """The same three as texts: all that events told before have, and what readers of before look for."""
    actor_roles: list[str] = []
    """All roles of the one who converts it: what they may see decides which deals the lead can join."""
    bant: dict[str, str] = {}
    """What is known of the lead's budget, authority, need and timeline: the status of each that was asked for."""

    @property
    def asked_amount(self) -> Money | None:
        """What the deal is to be worth, whenever the event was told."""
        if self.deal_amount is not None or self.amount is None or self.currency is None:
            return self.deal_amount
        return Money(amount=Decimal(self.amount), currency=self.currency)

    @property
    def asked_close(self) -> date | None:
        """The day on which the deal is expected to close, whenever the event was told."""
        if self.closes_on is not None or self.expected_close_on is None:
            return self.closes_on
        return date.fromisoformat(self.expected_close_on)


class LeadConversionConfirmed(LeadEvent, type="lead.conversion_confirmed"):
    deal_id: UUID
    account_id: UUID | None = None
    contact_id: UUID | None = None


class LeadConversionRefused(LeadEvent, type="lead.conversion_refused"):
    """deal-svc could not open the deal; the lead is an SQL again."""

    free_texts = frozenset()

    deal_id: UUID
    reason: str


class LeadFlagged(LeadEvent, type="lead.flagged"):
    """Odd but true: kept, counted, and marked for people to see. `deal_id`: the deal that it is about."""

    flag: str
    deal_id: UUID | None = None


class LeadUnflagged(LeadEvent, type="lead.unflagged"):
    """A correction has made it plain: the flag is no longer true."""

    flag: str
    deal_id: UUID | None = None
