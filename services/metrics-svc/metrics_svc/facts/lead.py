"""Leads: what their events and those of deals tell, and how far a lead's deals brought it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from metrics_svc.counting.dimensions import NOBODY, Holder, Placed, dimensions
from metrics_svc.counting.fact import ROOM, SALES, Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.stages import REACHED, with_steps
from metrics_svc.counting.times import Calendar, earliest
from metrics_svc.facts.goal import GoalFact
from metrics_svc.facts.lead_goal import LeadGoalFact, goals_of_lead
from metrics_svc.sales.described import described_by
from metrics_svc.sales.history import flagged
from metrics_svc.sales.holders import first_known
from shared.access.kinds import LEAD_FIGURES
from shared.events import lead as events
from shared.events.deal import DealHistoryCorrected, DealLeadJoined, DealOpened
from shared.events.envelope import Envelope


@with_steps
@dataclass(slots=True)
class LeadFact(Placed):
    """A lead. It counts once it is captured; a stub, named by another import first, waits for its own data. One that was merged into
    another lead counts as little as a stub does, until that is undone.

    `owner_id` and `team_id` are who had it when it was captured, and so those of every step of the funnel: its first owner, if nobody
    had it then. With `mql_` and `sql_` they are who had it when it became that, in the same way.
    """

    id: UUID
    external_id: str | None = None
    mql_owner_id: UUID | None = None
    mql_team_id: UUID | None = None
    sql_owner_id: UUID | None = None
    sql_team_id: UUID | None = None
    now_owner_id: UUID | None = None
    now_team_id: UUID | None = None
    flags: list[str] = field(default_factory=list)
    account_id: UUID | None = None
    deal_id: UUID | None = None
    captured_at: datetime | None = None
    was_captured_at: datetime | None = None  # of one that was merged into another, which counts in its place
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
    first_mql_at: datetime | None = None  # as an MQL itself: empty for a lead that went to SQL without
    to_deal_at: datetime | None = None
    assist_at: datetime | None = None


class Reached(NamedTuple):
    """How far a deal ever got: when it was opened and by whom, and when first in each stage of the funnel or beyond; and its goals."""

    opened_at: datetime
    opened_by: Holder
    stages: tuple[datetime | None, ...]
    goals: list[GoalFact]


def derive(lead: LeadFact, deals: Sequence[Reached]) -> list[LeadGoalFact]:
    """Fill when the lead reached each step or one beyond it, and give its goals. `deals` are all that have it as their primary lead.

    It counts at a step when one of its deals ever did, once however many they are. A stub has reached nothing.
    """
    if len(deals) > 1:
        opened, *stages = (_first(times) for times in zip(*[(d.opened_at, *d.stages) for d in deals], strict=True))
    else:
        opened, *stages = (deals[0].opened_at, *deals[0].stages) if deals else _NEVER
    lead.opened_at = opened
    if lead.captured_at is None:
        _reached_nothing(lead)
    else:
        lead.f4_at = opened
        for column, at in zip(REACHED.values(), stages, strict=True):
            setattr(lead, column, at)
        lead.to_deal_at = earliest(lead.converted_at, opened)
        lead.f3_at = earliest(lead.sql_at, lead.to_deal_at)
        lead.f2_at = earliest(lead.mql_at, lead.f3_at)
        lead.first_mql_at = lead.mql_at
        lead.assist_at = lead.joined_at
    if not _told_sql(lead):
        first = min(deals, key=lambda d: (d.opened_at, str(d.opened_by))) if deals else None
        lead.sql_owner_id, lead.sql_team_id = first.opened_by if first is not None else NOBODY
    goals = [goal for deal in deals for goal in deal.goals] if deals else []
    return goals_of_lead(lead.id, dimensions(lead), lead.captured_at, goals) if goals else []


_NEVER: tuple[datetime | None, ...] = (None, *[None for _ in REACHED])


def _first(times: Sequence[datetime | None]) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _reached_nothing(lead: LeadFact) -> None:
    for column in REACHED.values():
        setattr(lead, column, None)
    lead.f2_at = lead.f3_at = lead.f4_at = None
    lead.first_mql_at = lead.to_deal_at = lead.assist_at = None


def _told_sql(lead: LeadFact) -> bool:
    """Whether its own events say that it became an SQL; else only a deal does that names it."""
    return lead.sql_at is not None or lead.converted_at is not None


def _held(lead: LeadFact, holder: Holder) -> None:
    """Whose it is now, and whose what it became before, if that was nobody's."""
    lead.now_owner_id, lead.now_team_id = holder
    if lead.captured_at is not None:
        lead.owner_id, lead.team_id = first_known((lead.owner_id, lead.team_id), holder)
    if lead.mql_at is not None:
        lead.mql_owner_id, lead.mql_team_id = first_known((lead.mql_owner_id, lead.mql_team_id), holder)
    if _told_sql(lead):
        lead.sql_owner_id, lead.sql_team_id = first_known((lead.sql_owner_id, lead.sql_team_id), holder)


def _described(lead: LeadFact, data: Any) -> None:
    _held(lead, (data.owner_id, data.team_id))
    lead.account_id = data.account_id or lead.account_id
    described_by(lead, data)


def _captured(lead: LeadFact, e: Envelope[events.LeadCaptured], _: Calendar) -> None:
    lead.captured_at = e.time
    lead.external_id = e.data.external_id or lead.external_id
    _described(lead, e.data)
    if e.data.imported:
        lead.flags = flagged(lead.flags, "imported")


def _stubbed(lead: LeadFact, e: Envelope[events.LeadStubbed], _: Calendar) -> None:
    lead.external_id = e.data.external_id or lead.external_id


def _updated(lead: LeadFact, e: Envelope[events.LeadUpdated], _: Calendar) -> None:
    _described(lead, e.data)
    if e.data.captured_at is not None:
        lead.captured_at = e.data.captured_at


def _took_over(lead: LeadFact, e: Envelope[events.LeadMerged | events.LeadUnmerged], _: Calendar) -> None:
    """It was captured when the first of its leads was. What it has not taken over, the others keep for themselves."""
    _described(lead, e.data)
    lead.account_id = e.data.account_id
    lead.captured_at = e.data.captured_at or lead.captured_at


def _absorbed(lead: LeadFact, e: Envelope[events.LeadAbsorbed], _: Calendar) -> None:
    lead.captured_at, lead.was_captured_at = None, lead.captured_at


def _restored(lead: LeadFact, e: Envelope[events.LeadRestored], _: Calendar) -> None:
    lead.captured_at, lead.was_captured_at = lead.was_captured_at, None


def _reached_mql(lead: LeadFact, e: Envelope[events.LeadMqlReached], _: Calendar) -> None:
    if lead.mql_at is None:
        lead.mql_owner_id, lead.mql_team_id = lead.now_owner_id, lead.now_team_id
    lead.mql_at = earliest(lead.mql_at, e.time)


def _qualified(lead: LeadFact, e: Envelope[events.LeadQualified], _: Calendar) -> None:
    _became_sql(lead)
    lead.sql_at = earliest(lead.sql_at, e.time)


def _became_sql(lead: LeadFact) -> None:
    if not _told_sql(lead):
        lead.sql_owner_id, lead.sql_team_id = lead.now_owner_id, lead.now_team_id


def _assigned(lead: LeadFact, e: Envelope[events.LeadAssigned], _: Calendar) -> None:
    _held(lead, (e.data.owner_id, e.data.team_id))


def _converted(lead: LeadFact, e: Envelope[events.LeadConverted], _: Calendar) -> None:
    _became_sql(lead)
    lead.converted_at = earliest(lead.converted_at, e.time)
    lead.deal_id, lead.account_id = e.data.deal_id, e.data.account_id


def _refused(lead: LeadFact, e: Envelope[events.LeadConversionRefused], _: Calendar) -> None:
    lead.converted_at = None


def _flagged(lead: LeadFact, e: Envelope[events.LeadFlagged], _: Calendar) -> None:
    lead.flags = flagged(lead.flags, e.data.flag)


def _unflagged(lead: LeadFact, e: Envelope[events.LeadUnflagged], _: Calendar) -> None:
    lead.flags = [f for f in lead.flags if f != e.data.flag]


def _deal_opened(lead: LeadFact, e: Envelope[DealOpened | DealHistoryCorrected], _: Calendar) -> None:
    """The deal exists, even if the lead's own events have not arrived yet."""
    lead.external_id = lead.external_id or e.data.lead_external_id


def _joined(lead: LeadFact, e: Envelope[DealLeadJoined], _: Calendar) -> None:
    lead.joined_at = earliest(lead.joined_at, e.time)


FACT = Fact(
    "lead_fact",
    LeadFact,
    ("id",),
    lane=SALES,
    record="lead",
    figures=LEAD_FIGURES,
    hears={
        events.LeadCaptured: _captured,
        events.LeadStubbed: _stubbed,
        events.LeadUpdated: _updated,
        events.LeadMerged: _took_over,
        events.LeadUnmerged: _took_over,
        events.LeadAbsorbed: _absorbed,
        events.LeadRestored: _restored,
        events.LeadMqlReached: _reached_mql,
        events.LeadQualified: _qualified,
        events.LeadAssigned: _assigned,
        events.LeadConverted: _converted,
        events.LeadConversionRefused: _refused,
        events.LeadFlagged: _flagged,
        events.LeadUnflagged: _unflagged,
        DealOpened: _deal_opened,
        DealHistoryCorrected: _deal_opened,
        DealLeadJoined: _joined,
    },
    through={DealOpened: "lead_id", DealHistoryCorrected: "lead_id", DealLeadJoined: "lead_id"},
    indexes=("captured_at", "owner_id", "f2_at", "f3_at"),
    sparse=("mql_owner_id", "sql_owner_id", "account_id"),
    fillfactor=ROOM,
)


# Its KPIs, and the steps of the funnel, at which a lead counts once.
CAPTURED = Measure("captured", LeadFact, at="captured_at", cohort="captured_at")
MQL = Measure("mql", LeadFact, at="f2_at", cohort="captured_at")
SQL = Measure("sql", LeadFact, at="f3_at", cohort="captured_at")
ASSISTS = Measure("assist", LeadFact, at="assist_at", cohort="captured_at")
FIRST_MQL = Measure("first_mql", LeadFact, at="first_mql_at", cohort="first_mql_at", credit="mql")
MQL_TO_SQL = Measure("mql_to_sql", LeadFact, at="f3_at", cohort="first_mql_at", credit="mql")
FIRST_SQL = Measure("first_sql", LeadFact, at="f3_at", cohort="f3_at", credit="sql")
SQL_TO_DEAL = Measure("sql_to_deal", LeadFact, at="to_deal_at", cohort="f3_at", credit="sql")

LEAD_REACHED = {
    step: Measure(f"lead_{step}", LeadFact, at=at, cohort="captured_at") for step, at in (("opened", "f4_at"), *REACHED.items())
}
