"""What people do with a deal itself: open it, change what it says, hand it over.

Pure: values in, unmet guards out.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from deal_svc.deals.pipeline import FIRST, LAST, OPEN_STAGES, Stage
from deal_svc.deals.record import Deal
from shared.acts import Act, Subject, who
from shared.auth.actor import LEADERS, OWNERS, Actor, Role
from shared.backdating import backdate
from shared.errors import Unmet
from shared.events.deal import DealOpened, DealUpdated

SELLING = tuple(dict.fromkeys((*OWNERS, *LEADERS)))

WRITING = "deals:write"
"""The scope of other systems that open deals and change what they say."""
RESPONSIBLE = who(*LEADERS, own=OWNERS)
"""The deal's owner, and those who lead."""

CLOSED = Unmet("deal_closed", "The deal is closed.")
NOT_OWNER = Unmet("not_owner", "Only the deal's owner or a manager may do this.")
AMOUNT_AGREED = Unmet("amount_agreed", "The amount is that of the accepted quote. To change it, withdraw the quote and send a new version.")
NO_REASON = Unmet("reason_missing", "A reason is needed.")
NOT_MANAGER = Unmet("not_manager", "Only a manager may do this.")


def _wrong_stage(deal: Deal, _needed: Sequence[str]) -> Unmet:
    if not deal.is_open:
        return CLOSED
    if deal.stage is LAST:
        return Unmet("last_stage", "There is no further stage; a signed contract wins the deal.")
    return Unmet("first_stage", "There is no earlier stage.")


DEAL = Subject[Deal, Any](
    name="deal",
    label="deal",
    states=Stage,
    state=lambda deal: deal.stage,
    owner=lambda deal, _: deal.owner_id,
    not_owner=NOT_OWNER,
    wrong_state=_wrong_stage,
)

# -- Deals come to be ----------------------------------------------------------------------------------------------------------

OPEN: Act[Deal, None] = Act(
    of=DEAL,
    name="open",
    operation="open_deal",
    who=who(*SELLING, scope=WRITING),
    makes=True,
    to=(FIRST,),
    tells=(DealOpened,),
    says="Opens a deal that no lead stands for: a renewal, an upsell, or a new one that came by itself.",
    asks="An account that they see; a manager or another system to name another owner.",
)

# -- What the deal says --------------------------------------------------------------------------------------------------------

CHANGE: Act[Deal, None] = Act(
    of=DEAL,
    name="change",
    operation="update_deal",
    who=who(*LEADERS, own=OWNERS, scope=WRITING),
    states=OPEN_STAGES,
    refused="The deal cannot be changed.",
    code="deal_not_changeable",
    tells=(DealUpdated,),
    says="Changes what an open deal says: its name, amount, close date, product, source and the like.",
    sample=lambda deal, _: {"competitor": "Rival Ltd"},
)
ASSIGN: Act[Deal, None] = Act(
    of=DEAL,
    name="assign",
    operation="assign_deal",
    bulk=True,
    who=who(*LEADERS, Role.sales_ops, unowned=OWNERS),
    refused="The deal cannot be handed over.",
    code="deal_not_assignable",
    not_owner=NOT_MANAGER,
    tells=(DealUpdated,),
    says="Hands a deal, a closed one too, to somebody on the roster, or takes one that nobody owns.",
    asks="A person on the roster who can own deals and has not left.",
    sample=lambda deal, by: {"owner_id": str(deal.owner_id or by.id)},
)

REWEIGH: Act[Deal, None] = Act(
    of=DEAL,
    name="reweigh",
    operation=None,
    who=who(),
    states=OPEN_STAGES,
    tells=(DealUpdated,),
    says="A new version of the policy, which what runs moves to, gives the deal's stage another probability.",
)


BACKDATE = backdate(DEAL)


def claim_unmet(deal: Deal, by: Actor, to: UUID) -> list[Unmet]:
    """A seller takes a deal that nobody owns for themselves; leaders also give it to others."""
    return [NOT_MANAGER] if deal.owner_id is None and to != by.id and not by.has(*LEADERS, Role.sales_ops) else []
