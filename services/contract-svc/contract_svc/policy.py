"""The numbers and lists of contracts, and what contract-svc reads of deal-svc's."""

from decimal import Decimal

from pydantic import field_validator

from contract_svc.contracts.record import Section
from shared.policy.document import Document, Policy, value
from shared.policy.parts import DEFAULT_PLAN, PaymentStep


class ContractPolicy(Document):
    """The terms that contracts begin with, and what the customer confirms."""

    acceptance_days: int = value(
        30, "Days to accept", "验收天数", "Calendar days after the day of go-live in which the customer accepts.", ge=1, le=3650
    )
    core_clauses: tuple[Section, ...] = value(
        (Section.SCOPE, Section.PRICE_PAYMENT, Section.DELIVERY_ACCEPTANCE),
        "Core clauses",
        "核心条款",
        "The clauses that the customer confirms one by one.",
        max_length=len(Section),
    )
    delay_percent: Decimal = value(
        Decimal(1), "Percent per day of delay", "每日延期扣减比例", "The share of the final payment that is waived for each day of delay.",
        ge=0, le=100, decimal_places=2,
    )  # fmt: skip
    negotiation_days: int = value(
        30, "Days to negotiate", "争议协商天数", "Days to settle a dispute by negotiation before it goes to court.", ge=1, le=3650
    )
    confidentiality_years: int = value(
        3, "Years of confidentiality", "保密年限", "Years after the contract in which its parties keep each other's secrets.", ge=0, le=100
    )

    @field_validator("core_clauses")
    @classmethod
    def _each_once(cls, clauses: tuple[Section, ...]) -> tuple[Section, ...]:
        if len(set(clauses)) < len(clauses):
            raise ValueError("name each clause once")
        return tuple(section for section in Section if section in clauses)


class DealTerms(Document):
    """What contract-svc reads of deal-svc's policy."""

    payment_plan: tuple[PaymentStep, ...] = value(DEFAULT_PLAN, "Payment plan", "付款计划", "For a quote that names none.")


POLICY = Policy("contract-svc", ContractPolicy)
DEAL_TERMS = Policy("deal-svc", DealTerms)
