"""Reads of what hangs on a deal. Whoever asks must have found the deal first."""

from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select

from deal_svc.deals.tables import DEAL
from deal_svc.discovery.record import Member, Proposal, SpinEntry
from deal_svc.discovery.tables import MEMBER, PROPOSAL, SPIN_ENTRY
from shared.db.query import Query

SPIN = Query(
    select(*SPIN_ENTRY.c).where(SPIN_ENTRY.c.deal_id == bindparam("deal_id")).order_by(SPIN_ENTRY.c.at, SPIN_ENTRY.c.id), SpinEntry
)
COMMITTEE = Query(
    select(*MEMBER.c).where(MEMBER.c.deal_id == bindparam("deal_id")).order_by(MEMBER.c.added_at, MEMBER.c.contact_id), Member
)
PROPOSALS = Query(select(*PROPOSAL.c).where(PROPOSAL.c.deal_id == bindparam("deal_id")).order_by(PROPOSAL.c.number), Proposal)

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
