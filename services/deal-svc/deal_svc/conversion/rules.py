"""What a converted lead does to deals: it opens its own, or joins one that is open. Pure."""

from uuid import UUID

from deal_svc.deals.pipeline import FIRST, OPEN_STAGES
from deal_svc.deals.record import Deal
from deal_svc.deals.rules import DEAL
from shared.acts import Act, who
from shared.events.deal import DealLeadJoined, DealOpened

OPEN_FROM_LEAD: Act[Deal, None] = Act(
    of=DEAL,
    name="open_from_lead",
    operation=None,
    who=who(),
    makes=True,
    to=(FIRST,),
    tells=(DealOpened,),
    says="A lead was converted: its deal is opened.",
    asks="A lead without a deal, an owner who has not left, a rate for the currency.",
)
JOIN_LEAD: Act[Deal, None] = Act(
    of=DEAL,
    name="join_lead",
    operation=None,
    who=who(),
    states=OPEN_STAGES,
    tells=(DealLeadJoined,),
    says="A further lead was converted into the deal: an assist.",
    asks="The deal's account.",
)


def joining_refusal(deal: Deal, account_id: UUID) -> str | None:
    """Why a lead cannot join this deal; None when it can."""
    if not deal.is_open:
        return "The deal is closed."
    if deal.account_id != account_id:
        return "The deal belongs to another account."
    return None
