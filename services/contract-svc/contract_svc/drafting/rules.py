"""The words of a new contract: the five mandatory parts, filled from what was agreed."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from contract_svc.contracts.record import ACCEPTANCE, Section
from contract_svc.milestones.record import Milestone, Trigger

CORE = (Section.SCOPE, Section.PRICE_PAYMENT, Section.DELIVERY_ACCEPTANCE)
"""What the template asks the customer to confirm clause by clause."""

DELAY_PERCENT = Decimal(1)
"""Of the final payment, waived for each day that we are late."""

_WHEN = {
    Trigger.SIGNED: "after both parties have signed",
    Trigger.GO_LIVE: "after go-live",
    Trigger.ACCEPTED: "after acceptance",
}


def sections(
    account: str, lines: Sequence[dict[str, Any]], total: Decimal, currency: str, milestones: Sequence[Milestone]
) -> dict[str, str]:
    """A first text for every part; people edit it while the contract is a draft."""
    delivered = "\n".join(f"- {_plain(Decimal(line['quantity']))} x {line['name']} ({line['sku']})" for line in lines)
    payments = "\n".join(f"- {_plain(m.percent)} %: {m.amount:f} {currency}, due {_due(m)}" for m in milestones)
    return {
        Section.SCOPE.value: f"The supplier delivers to {account}:\n{delivered}",
        Section.PRICE_PAYMENT.value: f"The price is {total:f} {currency}, taxes included. It is paid in these parts:\n{payments}",
        Section.DELIVERY_ACCEPTANCE.value: (
            f"The customer accepts the delivery within {ACCEPTANCE.days} days after go-live when its functions are those of the agreed "
            "solution and the customer's data were moved without loss. "
            f"For each day that go-live is late by the supplier's fault, {DELAY_PERCENT} % of the final payment is waived."
        ),
        Section.BREACH_DISPUTES.value: (
            "A party that breaks this contract makes good the damage; its liability is limited to the price, except for intent. "
            "The parties settle disputes by talks first; where these fail within 30 days, the courts at the supplier's seat decide."
        ),
        Section.CONFIDENTIALITY_IP.value: (
            "Each party keeps secret what it learns of the other, during the contract and for three years after it. "
            "The supplier keeps its rights in the software; the customer may use it as agreed, and keeps all rights in its own data."
        ),
    }


def _due(milestone: Milestone) -> str:
    if milestone.trigger is Trigger.DATE:
        return f"{milestone.due_days} days after {milestone.due_on}"
    return f"{milestone.due_days} days {_WHEN[milestone.trigger]}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
