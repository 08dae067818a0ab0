"""What the events of a lead, and of deals that name it, mean for its fact; and how far its deals brought it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from metrics_svc.facts.goals import goals_of_lead
from metrics_svc.facts.holders import NOBODY, first_known
from metrics_svc.facts.rows import GoalFact, Holder, LeadFact, LeadGoalFact, Who
from shared.events import lead as events
from shared.events.deal import DealHistoryCorrected, DealLeadJoined, DealOpened
from shared.events.envelope import Envelope
from shared.spelling import normal_source


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


class Reached(NamedTuple):
    """How far a deal ever got: when it was opened and by whom, and when first in each stage of the funnel or beyond; and its goals."""

    opened_at: datetime
    opened_by: Holder
    stages: tuple[datetime | None, datetime | None, datetime | None]
    goals: list[GoalFact]


def dimensions(fact: Any) -> Who:
    return fact.owner_id, fact.team_id, fact.source, fact.product, fact.region


def derive(lead: LeadFact, deals: Sequence[Reached]) -> list[LeadGoalFact]:
    """Fill when the lead reached each step or one beyond it, and give its goals. `deals` are all that have it as their primary lead.

    It counts at a step when one of its deals ever did, once however many they are. A stub has reached nothing.
    """
    if len(deals) > 1:
        opened, f5, f6, f7 = (_first(times) for times in zip(*[(d.opened_at, *d.stages) for d in deals], strict=True))
    else:
        opened, f5, f6, f7 = (deals[0].opened_at, *deals[0].stages) if deals else _NEVER
    lead.opened_at = opened
    if lead.captured_at is None:
        _reached_nothing(lead)
    else:
        lead.f4_at, lead.f5_at, lead.f6_at, lead.f7_at = opened, f5, f6, f7
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


_NEVER: tuple[datetime | None, ...] = (None, None, None, None)


def _first(times: Sequence[datetime | None]) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _reached_nothing(lead: LeadFact) -> None:
    lead.f2_at = lead.f3_at = lead.f4_at = lead.f5_at = lead.f6_at = lead.f7_at = None
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
    lead.source, lead.product, lead.region = data.source and normal_source(data.source), data.product, data.region


def _captured(lead: LeadFact, e: Envelope[events.LeadCaptured]) -> None:
    lead.captured_at = e.time
    lead.external_id = e.data.external_id or lead.external_id
    _described(lead, e.data)
    if e.data.imported:
        lead.flags = flagged(lead.flags, "imported")


def _stubbed(lead: LeadFact, e: Envelope[events.LeadStubbed]) -> None:
    lead.external_id = e.data.external_id or lead.external_id


def _updated(lead: LeadFact, e: Envelope[events.LeadUpdated]) -> None:
    _described(lead, e.data)
    if e.data.captured_at is not None:
        lead.captured_at = e.data.captured_at


def _reached_mql(lead: LeadFact, e: Envelope[events.LeadMqlReached]) -> None:
    if lead.mql_at is None:
        lead.mql_owner_id, lead.mql_team_id = lead.now_owner_id, lead.now_team_id
    lead.mql_at = earliest(lead.mql_at, e.time)


def _qualified(lead: LeadFact, e: Envelope[events.LeadQualified]) -> None:
    _became_sql(lead)
    lead.sql_at = earliest(lead.sql_at, e.time)


def _became_sql(lead: LeadFact) -> None:
    if not _told_sql(lead):
        lead.sql_owner_id, lead.sql_team_id = lead.now_owner_id, lead.now_team_id


def _assigned(lead: LeadFact, e: Envelope[events.LeadAssigned]) -> None:
    _held(lead, (e.data.owner_id, e.data.team_id))


def _converted(lead: LeadFact, e: Envelope[events.LeadConverted]) -> None:
    _became_sql(lead)
    lead.converted_at = earliest(lead.converted_at, e.time)
    lead.deal_id, lead.account_id = e.data.deal_id, e.data.account_id


def _refused(lead: LeadFact, e: Envelope[events.LeadConversionRefused]) -> None:
    lead.converted_at = None


def _flagged(lead: LeadFact, e: Envelope[events.LeadFlagged]) -> None:
    lead.flags = flagged(lead.flags, e.data.flag)


def _unflagged(lead: LeadFact, e: Envelope[events.LeadUnflagged]) -> None:
    lead.flags = [f for f in lead.flags if f != e.data.flag]


def flagged(flags: list[str], name: str) -> list[str]:
    return flags if name in flags else [*flags, name]


APPLY: dict[type[Any], Callable[[LeadFact, Any], None]] = {
    events.LeadCaptured: _captured,
    events.LeadStubbed: _stubbed,
    events.LeadUpdated: _updated,
    events.LeadMqlReached: _reached_mql,
    events.LeadQualified: _qualified,
    events.LeadAssigned: _assigned,
    events.LeadConverted: _converted,
    events.LeadConversionRefused: _refused,
    events.LeadFlagged: _flagged,
    events.LeadUnflagged: _unflagged,
}


def _deal_opened(lead: LeadFact, e: Envelope[DealOpened | DealHistoryCorrected]) -> None:
    """The deal exists, even if the lead's own events have not arrived yet."""
    lead.external_id = lead.external_id or e.data.lead_external_id


def _joined(lead: LeadFact, e: Envelope[DealLeadJoined]) -> None:
    lead.joined_at = earliest(lead.joined_at, e.time)


OF_DEALS: dict[type[Any], Callable[[LeadFact, Any], None]] = {
    DealOpened: _deal_opened,
    DealHistoryCorrected: _deal_opened,
    DealLeadJoined: _joined,
}
"""Events of deals that say something about a lead."""
