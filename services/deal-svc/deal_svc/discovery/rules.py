"""What is recorded about a deal: what the seller learnt of the customer, and what they showed them."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from deal_svc.deals.pipeline import OPEN_STAGES
from deal_svc.deals.record import Deal
from deal_svc.deals.rules import DEAL
from deal_svc.discovery.record import Proposal
from shared.acts import Act, who
from shared.auth.actor import LEADERS, OWNERS, Actor, Role
from shared.errors import Unmet
from shared.events.deal import (
    DealContactAdded,
    DealContactCorrected,
    DealContactRemoved,
    DealNeedsConfirmed,
    DealNeedsWithdrawn,
    DealNextStepSet,
    DealProposalCorrected,
    DealProposalDrafted,
    DealProposalPresented,
    DealProposalRemoved,
    DealSpinCorrected,
    DealSpinRecorded,
    DealSpinRemoved,
)
from shared.events.envelope import Event

RECORDING = who(*LEADERS, Role.presales, Role.product, Role.assistant, own=OWNERS)
"""The owner, those who lead, and those who help the team without owning its deals."""


def _nothing(_deal: Deal, _facts: None, _by: Actor) -> Sequence[Unmet]:
    return ()


def _confirmed(deal: Deal, _facts: None, _by: Actor) -> Sequence[Unmet]:
    if deal.needs_confirmed_at is not None:
        return ()
    return (Unmet("needs_not_confirmed", "The customer has not confirmed the needs."),)


def _record(
    name: str,
    operation: str,
    tells: type[Event],
    says: str,
    sample: Callable[[Deal, Actor], dict[str, Any]],
    needs: Callable[[Deal, None, Actor], Sequence[Unmet]] = _nothing,
) -> Act[Deal, None]:
    return Act(
        of=DEAL,
        name=name,
        operation=operation,
        who=RECORDING,
        states=OPEN_STAGES,
        refused="Nothing can be recorded for the deal.",
        code="deal_not_changeable",
        needs=needs,
        tells=(tells,),
        says=says,
        sample=sample,
    )


RECORD = _record(
    "record",
    "record_spin",
    DealSpinRecorded,
    "Adds to the SPIN record: situation, problem, implication or need-payoff.",
    lambda *_: {"part": "problem", "text": "Leads get lost"},
)
CONFIRM_NEEDS = _record(
    "confirm_needs",
    "confirm_needs",
    DealNeedsConfirmed,
    "The customer confirmed the needs as they were restated.",
    lambda *_: {"needs": "One place for all leads"},
)
ADD_CONTACT = _record(
    "add_committee_member",
    "add_committee_member",
    DealContactAdded,
    "Puts a contact on the buying committee, or changes their part in it.",
    lambda deal, _: {"contact_id": str(deal.id), "committee_role": "champion"},
)
SET_NEXT_STEP = _record(
    "set_next_step",
    "set_next_step",
    DealNextStepSet,
    "Says what comes next, and when.",
    lambda deal, _: {"what": "Demo", "due_at": (deal.updated_at + timedelta(days=7)).isoformat()},
)
DRAFT_PROPOSAL = _record(
    "draft_proposal", "draft_proposal", DealProposalDrafted, "Drafts a new version of the solution.", lambda *_: {"title": "Solution"}
)
PRESENT_PROPOSAL = _record(
    "present_proposal",
    "present_proposal",
    DealProposalPresented,
    "A version of the proposal was presented to the customer.",
    lambda *_: {"number": 1},
)
CORRECT_SPIN = _record(
    "correct_spin",
    "correct_spin",
    DealSpinCorrected,
    "Sets an entry of the SPIN record right.",
    lambda deal, _: {"spin_id": str(deal.id), "text": "Leads get lost in spring"},
)
REMOVE_SPIN = _record(
    "remove_spin", "remove_spin", DealSpinRemoved, "Removes an entry of the SPIN record.", lambda deal, _: {"spin_id": str(deal.id)}
)
WITHDRAW_NEEDS = _record(
    "withdraw_needs",
    "withdraw_needs_confirmation",
    DealNeedsWithdrawn,
    "Takes back that the customer confirmed the needs.",
    lambda *_: {},
    _confirmed,
)
CORRECT_CONTACT = _record(
    "correct_committee_member",
    "correct_committee_member",
    DealContactCorrected,
    "Sets right what part somebody has in the buying committee.",
    lambda deal, _: {"contact_id": str(deal.id), "decision_maker": True},
)
REMOVE_CONTACT = _record(
    "remove_committee_member",
    "remove_committee_member",
    DealContactRemoved,
    "Takes somebody off the buying committee.",
    lambda deal, _: {"contact_id": str(deal.id)},
)
CORRECT_PROPOSAL = _record(
    "correct_proposal",
    "correct_proposal",
    DealProposalCorrected,
    "Sets a version of the proposal right that was not presented.",
    lambda *_: {"number": 1, "title": "Solution"},
)
REMOVE_PROPOSAL = _record(
    "remove_proposal",
    "remove_proposal",
    DealProposalRemoved,
    "Removes a version of the proposal that was not presented.",
    lambda *_: {"number": 1},
)

CORRECTIONS = (CORRECT_SPIN, REMOVE_SPIN, WITHDRAW_NEEDS, CORRECT_CONTACT, REMOVE_CONTACT, CORRECT_PROPOSAL, REMOVE_PROPOSAL)
RECORD_ACTS = (RECORD, CONFIRM_NEEDS, ADD_CONTACT, SET_NEXT_STEP, DRAFT_PROPOSAL, PRESENT_PROPOSAL, *CORRECTIONS)


def not_presented(proposal: Proposal) -> Sequence[Unmet]:
    if proposal.presented_at is None:
        return ()
    return (Unmet("presented", "The customer has seen this version: draft a new one in its place."),)
