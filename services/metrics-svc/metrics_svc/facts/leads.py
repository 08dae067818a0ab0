"""What lead events, and deals that name a lead, mean for its fact."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from metrics_svc.facts.rows import LeadFact
from shared.events import lead as events
from shared.events.deal import DealLeadJoined, DealOpened
from shared.events.envelope import Envelope


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


def settle(lead: LeadFact) -> None:
    """Derive when it reached each step or one beyond it, so that a skipped step leaks nobody. A stub has reached nothing."""
    known = lead.captured_at is not None
    lead.to_deal_at = earliest(lead.converted_at, lead.opened_at) if known else None
    lead.f3_at = earliest(lead.sql_at, lead.to_deal_at) if known else None
    lead.f2_at = earliest(lead.mql_at, lead.f3_at) if known else None
    lead.assist_at = lead.joined_at if known else None


def _described(lead: LeadFact, data: Any) -> None:
    lead.owner_id, lead.team_id = data.owner_id, data.team_id
    lead.source, lead.product, lead.region = data.source, data.product, data.region


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
    lead.mql_at = earliest(lead.mql_at, e.time)


def _qualified(lead: LeadFact, e: Envelope[events.LeadQualified]) -> None:
    lead.sql_at = earliest(lead.sql_at, e.time)


def _assigned(lead: LeadFact, e: Envelope[events.LeadAssigned]) -> None:
    lead.owner_id, lead.team_id = e.data.owner_id, e.data.team_id


def _converted(lead: LeadFact, e: Envelope[events.LeadConverted]) -> None:
    lead.converted_at = earliest(lead.converted_at, e.time)
    lead.deal_id = e.data.deal_id


def _refused(lead: LeadFact, e: Envelope[events.LeadConversionRefused]) -> None:
    lead.converted_at = None


def _flagged(lead: LeadFact, e: Envelope[events.LeadFlagged]) -> None:
    lead.flags = flagged(lead.flags, e.data.flag)


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
}


def _deal_opened(lead: LeadFact, e: Envelope[DealOpened]) -> None:
    """Its deal exists: it was an SQL by then, whatever lead-svc has told so far."""
    lead.opened_at = earliest(lead.opened_at, e.time)
    lead.external_id = lead.external_id or e.data.lead_external_id


def _joined(lead: LeadFact, e: Envelope[DealLeadJoined]) -> None:
    lead.joined_at = earliest(lead.joined_at, e.time)


OF_DEALS: dict[type[Any], Callable[[LeadFact, Any], None]] = {DealOpened: _deal_opened, DealLeadJoined: _joined}
"""Events of deals that say something about a lead."""

MOVES_DEALS = frozenset({events.LeadCaptured, events.LeadUpdated})
"""The events after which a lead's deals have to be derived again: they change its cohort or its dimensions."""
