"""The text of a new contract: the five mandatory parts, filled in from the quote."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from contract_svc.contracts.record import ACCEPTANCE, Section
from contract_svc.milestones.record import Milestone, Trigger

CORE = (Section.SCOPE, Section.PRICE_PAYMENT, Section.DELIVERY_ACCEPTANCE)
"""The clauses that the customer confirms one by one."""

DELAY_PERCENT = Decimal(1)
"""The share of the final payment that is waived for each day of delay."""

_WHEN = {
    Trigger.SIGNED: "after both parties have signed",
    Trigger.GO_LIVE: "after go-live",
    Trigger.ACCEPTED: "after acceptance",
}


def sections(
    account: str, lines: Sequence[dict[str, Any]], total: Decimal, currency: str, milestones: Sequence[Milestone]
) -> dict[str, str]:
    """A first text for each part; people change it while the contract is a draft."""
    delivered = "\n".join(f"- {_plain(Decimal(line['quantity']))} x {line['name']} ({line['sku']})" for line in lines)
    payments = "\n".join(f"- {_plain(m.percent)} %: {m.amount:f} {currency}, due {_due(m)}" for m in milestones)
    return {
        Section.SCOPE.value: f"The supplier delivers to {account}:\n{delivered}",
        Section.PRICE_PAYMENT.value: f"The price is {total:f} {currency}, taxes included. It is paid in these parts:\n{payments}",
        Section.DELIVERY_ACCEPTANCE.value: (
            f"The customer accepts the delivery within {ACCEPTANCE.days} days after go-live when its functions are those of the agreed "
            "solution and the customer's data was moved without loss. "
            f"For each day that go-live is late by the supplier's fault, {DELAY_PERCENT} % of the final payment is waived."
        ),
        Section.BREACH_DISPUTES.value: (
            "A party that breaks this contract compensates the damage. Its liability is limited to the price, unless it acted with intent. "
            "The parties first try to settle a dispute by negotiation. If they do not agree within 30 days, the courts at the supplier's "
            "seat decide."
        ),
        Section.CONFIDENTIALITY_IP.value: (
            "Each party keeps confidential what it learns about the other, during the contract and for three years after it. "
            "The supplier keeps its rights in the software. The customer may use it as agreed and keeps all rights in its own data."
        ),
    }


def _due(milestone: Milestone) -> str:
    if milestone.trigger is Trigger.DATE:
        return f"{milestone.due_days} days after {milestone.due_on}"
    return f"{milestone.due_days} days {_WHEN[milestone.trigger]}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
