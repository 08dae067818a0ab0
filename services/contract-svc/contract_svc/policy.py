"""The numbers and lists of contracts, and what contract-svc reads of deal-svc's."""

from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from pydantic import field_validator

from contract_svc.contracts.record import ReviewPart, Section
from shared.policy.document import Document, Policy, value
from shared.policy.parts import DEFAULT_PLAN, PaymentStep, Served

E = TypeVar("E", bound=StrEnum)


def _each_once(named: tuple[E, ...], of: type[E]) -> tuple[E, ...]:
    if len(set(named)) < len(named):
        raise ValueError("name each once")
    return tuple(one for one in of if one in named)


class ContractPolicy(Served):
    """The terms that contracts begin with, and what the customer confirms."""

    acceptance_days: int = value(
        30, "Days to accept", "验收天数", "Calendar days after the day of go-live in which the customer accepts.", ge=1, le=3650
    )
    acceptance_warn_days: int = value(
        5,
        "Days of warning before acceptance ends",
        "验收到期提醒天数",
        "So many calendar days before the days to accept are over, a contract that nobody accepted is due soon; 0 for no warning.",
        ge=0,
        le=365,
    )
    core_clauses: tuple[Section, ...] = value(
        (Section.SCOPE, Section.PRICE_PAYMENT, Section.DELIVERY_ACCEPTANCE),
        "Core clauses",
        "核心条款",
        "The clauses that the customer confirms one by one. A draft has these marked, and as many must be marked when it is sent.",
        max_length=len(Section),
    )
    review_parts: tuple[ReviewPart, ...] = value(
        tuple(ReviewPart),
        "Parts of the review",
        "审核环节",
        "The parts that must approve a contract.",
        min_length=1,
        max_length=len(ReviewPart),
    )
    review_hours: int | None = value(
        16,
        "Hours to review",
        "合同评审时限",
        "Working hours after which a part of the review that is still open is told as late; empty for never. "
        "It counts for reviews that are asked for from then on.",
        ge=1,
        le=2000,
    )
    sign_within_days: int | None = value(
        None,
        "Days to sign",
        "签署天数",
        "Days from sending to the last day to sign, where neither the draft nor the sender names a day; empty for no such day.",
        ge=1,
        le=3650,
    )
    delay_percent: Decimal = value(
        Decimal(1), "Percent per day of delay", "每日延期扣减比例", "The share of the final payment that is waived for each day of delay.",
        ge=0, le=100, decimal_places=2,
    )  # fmt: skip
    delay_cap_percent: Decimal = value(
        Decimal(100), "Most for delay", "延期扣减上限", "The most of the final payment that is waived for delay.",
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
    def _clauses_once(cls, clauses: tuple[Section, ...]) -> tuple[Section, ...]:
        return _each_once(clauses, Section)

    @field_validator("review_parts")
    @classmethod
    def _parts_once(cls, parts: tuple[ReviewPart, ...]) -> tuple[ReviewPart, ...]:
        return _each_once(parts, ReviewPart)


class DealTerms(Document):
    """What contract-svc reads of deal-svc's policy."""

    payment_plan: tuple[PaymentStep, ...] = value(DEFAULT_PLAN, "Payment plan", "付款计划", "For a quote that names none.")


POLICY = Policy("contract-svc", ContractPolicy)
DEAL_TERMS = Policy("deal-svc", DealTerms)
