"""The text of a new contract: the five mandatory parts, filled in from the quote."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from contract_svc.contracts.record import Section
from contract_svc.milestones.record import Milestone, Term, Trigger
from contract_svc.policy import ContractPolicy
from shared.policy.parts import PaymentStep

_WHEN = {
    Trigger.SIGNED: "after both parties have signed",
    Trigger.GO_LIVE: "after go-live",
    Trigger.ACCEPTED: "after acceptance",
}


def terms_of(plan: Sequence[PaymentStep]) -> list[Term]:
    """The schedule of a quote that names none."""
    return [Term(Trigger(step.trigger), step.percent, step.due_days) for step in plan]


def sections(
    account: str,
    lines: Sequence[dict[str, Any]],
    total: Decimal,
    currency: str,
    milestones: Sequence[Milestone],
    policy: ContractPolicy,
) -> dict[str, str]:
    """A first text for each part, with the numbers of the policy; people change it while the contract is a draft."""
    delivered = "\n".join(f"- {_plain(Decimal(line['quantity']))} x {line['name']} ({line['sku']})" for line in lines)
    payments = "\n".join(f"- {_plain(m.percent)} %: {m.amount:f} {currency}, due {_due(m)}" for m in milestones)
    return {
        Section.SCOPE.value: f"The supplier delivers to {account}:\n{delivered}",
        Section.PRICE_PAYMENT.value: f"The price is {total:f} {currency}, taxes included. It is paid in these parts:\n{payments}",
        Section.DELIVERY_ACCEPTANCE.value: (
            f"The customer accepts the delivery within {_count(policy.acceptance_days, 'day')} after go-live when its functions are those "
            f"of the agreed solution and the customer's data was moved without loss.{_delay(policy)}"
        ),
        Section.BREACH_DISPUTES.value: (
            "A party that breaks this contract compensates the damage. Its liability is limited to the price, unless it acted with intent. "
            "The parties first try to settle a dispute by negotiation. If they do not agree within "
            f"{_count(policy.negotiation_days, 'day')}, the courts at the supplier's seat decide."
        ),
        Section.CONFIDENTIALITY_IP.value: (
            f"Each party keeps confidential what it learns about the other, during the contract{_afterwards(policy)}. "
            "The supplier keeps its rights in the software. The customer may use it as agreed and keeps all rights in its own data."
        ),
    }


def _due(milestone: Milestone) -> str:
    if milestone.trigger is Trigger.DATE:
        return f"{milestone.due_days} days after {milestone.due_on}"
    return f"{milestone.due_days} days {_WHEN[milestone.trigger]}"


def _delay(policy: ContractPolicy) -> str:
    if not policy.delay_percent:
        return ""
    most = f", at most {_plain(policy.delay_cap_percent)} % of it" if policy.delay_cap_percent < 100 else ""
    waived = f"{_plain(policy.delay_percent)} % of the final payment is waived{most}"
    return f" For each day that go-live is late by the supplier's fault, {waived}."


def _afterwards(policy: ContractPolicy) -> str:
    return f" and for {_count(policy.confidentiality_years, 'year')} after it" if policy.confidentiality_years else ""


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
