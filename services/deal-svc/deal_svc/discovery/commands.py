"""Recording what was learnt and shown. Everything is a change of the deal: under its lock, told by it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from deal_svc.contacts import queries as contacts
from deal_svc.deals import queries
from deal_svc.deals.record import Deal
from deal_svc.deals.tables import DEALS
from deal_svc.discovery.queries import MEMBERS_OF_DEAL
from deal_svc.discovery.record import CommitteeRole, Member, Proposal, SpinEntry, SpinPart, Stance
from deal_svc.discovery.rules import ADD_CONTACT, CONFIRM_NEEDS, DRAFT_PROPOSAL, PRESENT_PROPOSAL, RECORD, SET_NEXT_STEP
from deal_svc.discovery.tables import MEMBER, PROPOSAL, SPIN_ENTRY
from deal_svc.discovery.tasks import NEXT_STEP
from shared.acts import Act
from shared.db.query import Query
from shared.db.tx import Tx
from shared.errors import Invalid, NotFound
from shared.events.deal import (
    DealContactAdded,
    DealNeedsConfirmed,
    DealNextStepSet,
    DealProposalDrafted,
    DealProposalPresented,
    DealSpinRecorded,
)
from shared.ids import new_id
from shared.occurred import happened
from shared.tasks import commands as tasks
from shared.tasks.record import ToDo

_ADD_SPIN = Query(insert(SPIN_ENTRY).values({c.name: bindparam(c.name) for c in SPIN_ENTRY.c}).returning(*SPIN_ENTRY.c), SpinEntry)
_member = insert(MEMBER).values({c.name: bindparam(c.name) for c in MEMBER.c})
_ADD_MEMBER = Query(
    _member.on_conflict_do_update(
        index_elements=[MEMBER.c.deal_id, MEMBER.c.contact_id],
        set_={name: _member.excluded[name] for name in ("committee_role", "decision_maker", "stance")},
    ).returning(*MEMBER.c),
    Member,
)
_next = select(func.coalesce(func.max(PROPOSAL.c.number), 0) + 1).where(PROPOSAL.c.deal_id == bindparam("deal_id"))
_DRAFT = Query(
    insert(PROPOSAL)
    .values({n: bindparam(n) for n in ("deal_id", "title", "points", "drafted_at")} | {"number": _next.scalar_subquery()})
    .returning(*PROPOSAL.c),
    Proposal,
)
_PRESENT = Query(
    update(PROPOSAL)
    .where(PROPOSAL.c.deal_id == bindparam("_deal_id"), PROPOSAL.c.number == bindparam("_number"))
    .values(presented_at=func.coalesce(PROPOSAL.c.presented_at, bindparam("_at")))
    .returning(*PROPOSAL.c),
    Proposal,
)


async def _recordable(tx: Tx, act: Act[Deal, None], deal_id: UUID, at: datetime | None, expect: int | None = None) -> tuple[Deal, datetime]:
    """The locked deal, and when it happened."""
    deal = await queries.SEEN.load(tx, deal_id, expect)
    act.check(deal, tx.actor)
    return deal, happened(tx, at, since=deal.opened_at)


async def record_spin(tx: Tx, deal_id: UUID, *, part: SpinPart, text: str, explicit: bool, at: datetime | None) -> tuple[SpinEntry, Deal]:
    deal, when = await _recordable(tx, RECORD, deal_id, at)
    entry = await tx.one(_ADD_SPIN, id=new_id(), deal_id=deal_id, part=part, text=text, explicit=explicit, recorded_by=tx.actor.id, at=when)
    return entry, await tx.save(DEALS, deal, DealSpinRecorded(part=part.value), at=when)


async def confirm_needs(tx: Tx, deal_id: UUID, *, needs: str, confirmed_by: UUID | None, expect: int | None, at: datetime | None) -> Deal:
    """The customer confirmed the restated needs; a later confirmation replaces the earlier one."""
    deal, when = await _recordable(tx, CONFIRM_NEEDS, deal_id, at, expect)
    if confirmed_by is not None:
        await contacts.check(tx, deal, confirmed_by, field="confirmed_by")
    return await tx.save(DEALS, deal, DealNeedsConfirmed(), at=when, needs=needs, needs_confirmed_at=when, needs_confirmed_by=confirmed_by)


async def add_member(
    tx: Tx, deal_id: UUID, contact_id: UUID, *, role: CommitteeRole, decision_maker: bool, stance: Stance, at: datetime | None
) -> tuple[Member, Deal]:
    """Put a contact of the deal's account on the buying committee, or change their part in it."""
    deal, when = await _recordable(tx, ADD_CONTACT, deal_id, at)
    await contacts.check(tx, deal, contact_id, field="contact_id")
    return await enter_member(tx, deal, contact_id, role=role, decision_maker=decision_maker, stance=stance, at=when)


async def enter_member(
    tx: Tx, deal: Deal, contact_id: UUID, *, role: CommitteeRole, decision_maker: bool, stance: Stance, at: datetime
) -> tuple[Member, Deal]:
    """The same for a contact who is known to be the account's, on a locked deal."""
    member = await tx.one(
        _ADD_MEMBER,
        deal_id=deal.id,
        contact_id=contact_id,
        committee_role=role,
        decision_maker=decision_maker,
        stance=stance,
        added_at=at,
    )
    event = DealContactAdded(contact_id=contact_id, committee_role=role, decision_maker=decision_maker)
    return member, await tx.save(DEALS, deal, event, at=at)


async def enter_contacts_of_lead(tx: Tx, deal: Deal, contact_ids: Sequence[UUID], at: datetime) -> Deal:
    """The contacts of a converted lead come to the committee; what part they have there, somebody says later. Who is on it stays as is."""
    known = set(await tx.all(MEMBERS_OF_DEAL, deal_id=deal.id))
    for contact_id in contact_ids:
        if contact_id not in known:
            part: dict[str, Any] = {"role": CommitteeRole.INFLUENCER, "decision_maker": False, "stance": Stance.UNKNOWN}
            _, deal = await enter_member(tx, deal, contact_id, **part, at=at)
    return deal


async def set_next_step(
    tx: Tx, deal_id: UUID, *, what: str, due_at: datetime, work: bool = False, expect: int | None, at: datetime | None
) -> Deal:
    deal, when = await _recordable(tx, SET_NEXT_STEP, deal_id, at, expect)
    if due_at < when:
        raise Invalid("The next step lies before the time at which it was agreed.", pointer="/due_at", code="before_act")
    deal = await tx.save(DEALS, deal, DealNextStepSet(due_at=due_at), at=when, next_step=what, next_step_due_at=due_at)
    await tasks.put(tx, NEXT_STEP, [ToDo(deal.id, due_at, what, when)], asked=work)
    return deal


async def draft_proposal(
    tx: Tx, deal_id: UUID, *, title: str, points: Sequence[Mapping[str, Any]], at: datetime | None
) -> tuple[Proposal, Deal]:
    """A new version of the solution."""
    deal, when = await _recordable(tx, DRAFT_PROPOSAL, deal_id, at)
    proposal = await tx.one(_DRAFT, deal_id=deal_id, title=title, points=list(points), drafted_at=when)
    return proposal, await tx.save(DEALS, deal, DealProposalDrafted(proposal_version=proposal.number), at=when)


async def present_proposal(tx: Tx, deal_id: UUID, number: int, *, at: datetime | None) -> tuple[Proposal, Deal]:
    """The first presentation counts as the proposal's; each one is told."""
    deal, when = await _recordable(tx, PRESENT_PROPOSAL, deal_id, at)
    proposal = await tx.first(_PRESENT, _deal_id=deal_id, _number=number, _at=when)
    if proposal is None:
        raise NotFound("There is no such proposal.")
    return proposal, await tx.save(DEALS, deal, DealProposalPresented(proposal_version=number), at=when)
