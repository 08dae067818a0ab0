"""All acts of contract-svc by record: answers list them, and `clinch verify` checks by them."""

from contract_svc.attachments import rules as attachments
from contract_svc.contracts import rules as contracts
from contract_svc.contracts.record import CONTRACT
from contract_svc.delivery import rules as delivery
from contract_svc.milestones.rules import MILESTONE_ACTS
from contract_svc.payments import rules as payments
from contract_svc.payments.rules import PAYMENT_ACTS
from contract_svc.redrafting import rules as redrafting
from contract_svc.signing import rules as signing
from shared.acts import acts_of

CONTRACT_ACTS = acts_of(CONTRACT, contracts, attachments, signing, delivery, payments, redrafting)

__all__ = ["CONTRACT_ACTS", "MILESTONE_ACTS", "PAYMENT_ACTS"]
