"""All acts of contract-svc by record: answers list them, and `clinch verify` checks by them."""

from typing import Any

from contract_svc.contracts.record import Contract
from contract_svc.contracts.rules import CHANGE, COMPLETE, DRAFT, GIVE_UP, REOPEN
from contract_svc.delivery.rules import ACCEPT, GO_LIVE, TAKE_EFFECT, TERMINATE
from contract_svc.milestones.rules import MILESTONE_ACTS
from contract_svc.payments.rules import PAYMENT_ACTS, RECEIVE
from contract_svc.signing.rules import APPROVE, DECLINE, REJECT, REVIEWS, SEND, SIGN, SUBMIT, VOID
from shared.acts import Act

CONTRACT_ACTS: tuple[Act[Contract, Any], ...] = (
    DRAFT,
    CHANGE,
    SUBMIT,
    *REVIEWS.values(),
    APPROVE,
    REJECT,
    SEND,
    SIGN,
    DECLINE,
    VOID,
    GIVE_UP,
    TAKE_EFFECT,
    GO_LIVE,
    ACCEPT,
    TERMINATE,
    RECEIVE,
    COMPLETE,
    REOPEN,
)

__all__ = ["CONTRACT_ACTS", "MILESTONE_ACTS", "PAYMENT_ACTS"]
