"""The numbers and lists of deals and quotes."""

from decimal import Decimal

from pydantic import field_validator

from shared.policy.document import Policy, value
from shared.policy.parts import DEFAULT_PLAN, Ascending, InBulk, Linked, PaymentStep, Stages, adds_up


class DiscountAuthority(Ascending):
    """Up to how many percent off somebody may send a quote."""

    owner_percent: Decimal = value(
        Decimal(10), "Owner", "负责人", "What the deal's owner may give, in percent.", ge=0, le=100, decimal_places=2
    )
    manager_percent: Decimal = value(Decimal(20), "Manager", "经理", "What a manager may give, in percent.", ge=0, le=100, decimal_places=2)
    director_percent: Decimal = value(
        Decimal(30),
        "Director",
        "总监",
        "What a director may give without a note that says why, in percent.",
        ge=0,
        le=100,
        decimal_places=2,
    )


class DealPolicy(InBulk, Linked):
    """The pipeline, and what quotes begin with."""

    stages: Stages = value(Stages(), "Stages", "商机阶段", "Probability and stall limit of each open stage.")
    discount_authority: DiscountAuthority = value(DiscountAuthority(), "Discount authority", "折扣权限", "Who may give how much.")
    quote_valid_days: int = value(30, "Validity of a quote", "报价有效天数", "Days that a quote is valid when nobody says.", ge=1, le=3650)
    payment_plan: tuple[PaymentStep, ...] = value(
        DEFAULT_PLAN, "Payment plan", "付款计划", "What a quote begins with when nobody says.", min_length=1, max_length=24
    )

    @field_validator("payment_plan")
    @classmethod
    def _plan_adds_up(cls, plan: tuple[PaymentStep, ...]) -> tuple[PaymentStep, ...]:
        adds_up(plan)
        return plan


POLICY = Policy("deal-svc", DealPolicy)
