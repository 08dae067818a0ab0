"""Reads of what hangs on a deal. Whoever asks must have found the deal first."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam, func, select

from deal_svc.deals.tables import DEAL
from deal_svc.discovery.record import Member, Proposal, SpinEntry
from deal_svc.discovery.tables import MEMBER, PROPOSAL, SPIN_ENTRY
from shared.db.query import Query
from shared.http.listing import Listing

SPIN = Listing(SPIN_ENTRY, SpinEntry, filters={"part": SPIN_ENTRY.c.part}, sorts=("at",), default="at")
COMMITTEE = Listing(
    MEMBER,
    Member,
    filters={name: MEMBER.c[name] for name in ("committee_role", "decision_maker")},
    sorts=("added_at",),
    default="added_at",
    key="contact_id",
)
PROPOSALS = Listing(PROPOSAL, Proposal, filters={}, sorts=("number",), default="number", key="number")
OF_DEAL: dict[Listing[Any], ColumnElement[bool]] = {
    listed: listed.table.c.deal_id == bindparam("deal_id", type_=Uuid) for listed in (SPIN, COMMITTEE, PROPOSALS)
}
"""The condition of each list, whose statements are found again by it."""

MEMBERS_OF_DEAL = Query(select(MEMBER.c.contact_id).where(MEMBER.c.deal_id == bindparam("deal_id")), UUID)

_spin = select(func.array_agg(SPIN_ENTRY.c.part.distinct())).where(SPIN_ENTRY.c.deal_id == DEAL.c.id)
_members = select(MEMBER.c.contact_id).where(MEMBER.c.deal_id == DEAL.c.id)

KNOWN: list[ColumnElement[Any]] = [
    _spin.correlate(DEAL).scalar_subquery().label("spin"),
    _members.correlate(DEAL).exists().label("has_contact"),
    _members.where(MEMBER.c.decision_maker).correlate(DEAL).exists().label("has_decision_maker"),
    select(PROPOSAL.c.number)
    .where(PROPOSAL.c.deal_id == DEAL.c.id, PROPOSAL.c.presented_at.is_not(None))
    .correlate(DEAL)
    .exists()
    .label("has_presented"),
]
"""Columns of a select on `deal`: what the guards of its stages ask."""
