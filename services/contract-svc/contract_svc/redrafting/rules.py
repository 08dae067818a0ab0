"""Drafting a contract again. Pure."""

from collections.abc import Iterator

from contract_svc.contracts.record import CONTRACT, PREPARER, Contract, ContractState, Facts
from contract_svc.redrafting.record import End
from shared.acts import Act
from shared.auth.actor import Actor
from shared.errors import Pending, Unmet
from shared.events.contract import ContractDrafted

STANDS = Unmet("contract_stands", "The accepted quote has a contract that stands.")
_ENDED = {
    End.WITHDRAWN: Unmet("quote_withdrawn", "The quote was withdrawn."),
    End.SUPERSEDED: Unmet("quote_superseded", "A newer version replaced the quote."),
    End.DEAL_LOST: Unmet("deal_lost", "The deal is lost; a manager can reopen it."),
}


def _needs(_: Contract, facts: Facts, _by: Actor) -> Iterator[Unmet]:
    quote = facts.quote
    if quote is None:  # of a contract that is neither voided nor terminated, nobody asks
        return
    if quote.stands:
        yield STANDS
    if not quote.known:
        yield Pending("quote_not_known", "What the customer accepted is not known here yet; it is in a moment.")
    elif quote.ended:
        yield _ENDED[quote.ended]


DRAFT_AGAIN: Act[Contract, Facts] = Act(
    of=CONTRACT,
    name="draft_again",
    operation="draft_contract",
    who=PREPARER,
    states=(ContractState.VOIDED, ContractState.TERMINATED),
    wrong_state=STANDS,
    needs=_needs,
    refused="There can be no other contract for the quote.",
    code="contract_not_draftable",
    tells=(ContractDrafted,),
    says="Drafts another contract for the accepted quote of one that never took effect.",
    asks="A quote that stands, no contract of it that stands, and a deal that is not lost.",
    sample=lambda contract, _: {"quote_id": str(contract.quote_id)},
)
