"""The two ways on of an open deal whose accepted quote has no contract any more. Pure."""

from collections.abc import Iterator
from typing import Any

from deal_svc.contracts.record import FELL
from deal_svc.deals.pipeline import OPEN_STAGES, DealFacts
from deal_svc.deals.record import Deal
from deal_svc.deals.rules import DEAL, RESPONSIBLE
from shared.acts import Act, who
from shared.auth.actor import LEADERS, OWNERS, Actor, Role
from shared.errors import Unmet
from shared.events.quote import QuoteCreated

NOT_ACCEPTED = Unmet("quote_not_accepted", "No quote is accepted.")
STANDS = Unmet("contract_stands", "The accepted quote has a contract that stands, or gets it in a moment.")


def _fell(deal: Deal, facts: DealFacts, _: Actor) -> Iterator[Unmet]:
    if not facts.has_accepted_quote:
        yield NOT_ACCEPTED
        return
    contract: dict[str, Any] = facts.contract or {}
    if contract.get("quote_id") != str(deal.quote_id) or contract["state"] not in FELL:
        yield STANDS


REVISE_QUOTE: Act[Deal, DealFacts] = Act(
    of=DEAL,
    name="revise_quote",
    operation="revise_quote",
    who=RESPONSIBLE,
    states=OPEN_STAGES,
    needs=_fell,
    refused="There can be no new version.",
    code="quote_not_revisable",
    tells=(QuoteCreated,),
    says="Drafts the next version of the accepted quote, whose contract fell. The accepted one stands until that one is sent.",
    asks="An accepted quote whose contract was voided, or terminated before it began.",
    sample=lambda deal, _: {"quote_id": str(deal.quote_id)} if deal.quote_id else None,
)
DRAFT_CONTRACT_AGAIN: Act[Deal, DealFacts] = Act(
    of=DEAL,
    name="draft_contract_again",
    operation="draft_contract",
    elsewhere=True,
    who=who(*LEADERS, Role.assistant, own=OWNERS),
    states=OPEN_STAGES,
    needs=_fell,
    says="Drafts the contract of the accepted quote again, with the same lines, totals and schedule.",
    asks="An accepted quote whose contract was voided, or terminated before it began.",
    sample=lambda deal, _: {"quote_id": str(deal.quote_id)},
)
