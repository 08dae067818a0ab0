"""Who takes people into the team of a deal, and out of it. Pure."""

from typing import Any

from deal_svc.deals.record import Deal
from deal_svc.deals.rules import DEAL
from shared.acts import Act, who
from shared.auth.actor import LEADERS, OWNERS, Actor, Role
from shared.events.deal import DealMemberAdded, DealMemberRemoved

_KEEPERS = who(*LEADERS, Role.sales_ops, own=OWNERS)


def _somebody(deal: Deal, by: Actor) -> dict[str, Any]:
    return {"person_id": str(deal.owner_id or by.id)}


ADD_MEMBER: Act[Deal, None] = Act(
    of=DEAL,
    name="add_member",
    operation="add_deal_member",
    who=_KEEPERS,
    refused="You cannot change the team of this deal.",
    code="deal_team_not_changeable",
    tells=(DealMemberAdded,),
    says="Takes somebody into the team of the deal: they see it, its quotes and its contracts.",
    asks="A person on the roster who has not left.",
    sample=_somebody,
)
REMOVE_MEMBER: Act[Deal, None] = Act(
    of=DEAL,
    name="remove_member",
    operation="remove_deal_member",
    who=_KEEPERS,
    refused="You cannot change the team of this deal.",
    code="deal_team_not_changeable",
    tells=(DealMemberRemoved,),
    says="Takes somebody out of the team of the deal.",
    sample=_somebody,
)
