"""What of this service names accounts. The customer's name and the signers stay as the paper has them."""

from contract_svc.contracts.commands import about
from contract_svc.contracts.record import Contract
from contract_svc.contracts.tables import CONTRACTS
from shared.events.contract import ContractChanged
from shared.parties.merges import Names, stragglers


def _moved(contract: Contract) -> ContractChanged:
    return about(ContractChanged, contract, changed=["account_id"])


NAMED = (Names(party="account", of=CONTRACTS, column="account_id", told=_moved),)
sweep = stragglers("contract-svc", *NAMED)
"""Moves what was made with an absorbed account meanwhile."""
