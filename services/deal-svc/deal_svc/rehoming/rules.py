"""Which account a deal is with is corrected until a quote went out. Pure."""

from collections.abc import Iterator
from uuid import uuid4

from deal_svc.deals.pipeline import OPEN_STAGES, DealFacts
from deal_svc.deals.record import Deal
from deal_svc.deals.rules import DEAL, NOT_MANAGER
from shared.acts import Act, who
from shared.auth.actor import LEADERS, Actor
from shared.errors import Unmet
from shared.events.deal import DealContactRemoved, DealUpdated

QUOTED = Unmet("quote_was_sent", "A quote has gone to this account: lose the deal, and open one for the right account.")


def _needs(_: Deal, facts: DealFacts, _by: Actor) -> Iterator[Unmet]:
    if facts.was_quoted:
        yield QUOTED


CORRECT_ACCOUNT: Act[Deal, DealFacts] = Act(
    of=DEAL,
    name="correct_account",
    operation="correct_deal_account",
    who=who(*LEADERS),
    states=OPEN_STAGES,
    not_owner=NOT_MANAGER,
    needs=_needs,
    refused="The account of the deal cannot be changed.",
    code="account_not_correctable",
    tells=(DealUpdated, DealContactRemoved),
    says="Sets right which account the deal is with; contacts of the wrong one leave the buying committee.",
    asks="An account that they see, and no quote that went out.",
    sample=lambda deal, _: {"account_id": str(deal.account_id or uuid4())},
)
