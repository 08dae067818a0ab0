"""The numbers and lists of deals and quotes."""

from decimal import Decimal
from enum import StrEnum

from pydantic import field_validator

from deal_svc.packages import Packages
from shared.policy.document import Part, Policy, value
from shared.policy.parts import DEFAULT_PLAN, Ascending, InBulk, Linked, PaymentStep, Stages, adds_up


class TaxRounding(StrEnum):
    """Where the tax of a quote is rounded."""

    LINE = "line"
    TOTAL = "total"


class TaxClass(Part):
    """A class of products that are taxed alike."""

    code: str = value("standard", "Code", "代码", "What products name; it stays.", min_length=1, max_length=80)
    percent: Decimal = value(Decimal(13), "Percent", "税率", "The tax, in percent of the net amount.", ge=0, le=100, decimal_places=4)
    label: str = value("Standard", "Name", "名称", "What it is called in English.", min_length=1, max_length=80)
    label_zh: str = value("标准税率", "Name in Chinese", "中文名称", "What it is called in Chinese.", min_length=1, max_length=80)


DEFAULT_TAXES = tuple(
    TaxClass(code=code, percent=Decimal(percent), label=label, label_zh=label_zh)
    for code, percent, label, label_zh in (
        ("standard", 13, "Goods, 13 %", "货物 13%"),
        ("reduced", 9, "Reduced, 9 %", "低税率 9%"),
        ("services", 6, "Services, 6 %", "服务 6%"),
        ("simple", 3, "Simplified, 3 %", "简易计税 3%"),
        ("zero", 0, "No tax", "零税率"),
    )
)


class DiscountAuthority(Ascending):
    """Up to how many percent off whose approval a quote needs. Above the last one it is that of a director and of finance."""

    owner_percent: Decimal = value(
        Decimal(10), "Owner", "负责人", "What the deal's owner may give alone, in percent.", ge=0, le=100, decimal_places=2
    )
    manager_percent: Decimal = value(
        Decimal(20), "Manager", "经理", "What a manager may approve, in percent.", ge=0, le=100, decimal_places=2
    )
    director_percent: Decimal = value(
        Decimal(30),
        "Director",
        "总监",
        "What a director may approve without finance, in percent.",
        ge=0,
        le=100,
        decimal_places=2,
    )


class DealPolicy(InBulk, Linked):
    """The pipeline, and what quotes begin with."""

    stages: Stages = value(Stages(), "Stages", "商机阶段", "Probability and stall limit of each open stage.")
    discount_authority: DiscountAuthority = value(DiscountAuthority(), "Discount authority", "折扣权限", "Who may give how much.")
    approval_hours: int | None = value(
        24,
        "Hours to approve",
        "报价审批时限",
        "Working hours after which a step of a quote's approval that is still open is told as late; empty for never. "
        "It counts for what is submitted from then on.",
        ge=1,
        le=2000,
    )
    quote_valid_days: int = value(30, "Validity of a quote", "报价有效天数", "Days that a quote is valid when nobody says.", ge=1, le=3650)
    payment_plan: tuple[PaymentStep, ...] = value(
        DEFAULT_PLAN, "Payment plan", "付款计划", "What a quote begins with when nobody says.", min_length=1, max_length=24
    )

    logo_kilobytes: int = value(
        200, "Largest logo", "徽标大小上限", "Kilobytes that the image of a template of quotes' documents may have.", ge=1, le=500
    )

    tax_classes: tuple[TaxClass, ...] = value(
        DEFAULT_TAXES, "Tax classes", "税类", "How products are taxed: each names a class.", min_length=1, max_length=50
    )

    tax_rounding: TaxRounding = value(
        TaxRounding.LINE, "Rounding of tax", "税额舍入", "Tax is rounded for each line, or on the total of each rate and then shared out."
    )

    packages: Packages = value(Packages(), "Packages", "产品方案", "How a package is proposed from the needs of a deal.")

    @field_validator("tax_classes")
    @classmethod
    def _codes_differ(cls, classes: tuple[TaxClass, ...]) -> tuple[TaxClass, ...]:
        if len({c.code for c in classes}) != len(classes):
            raise ValueError("each tax class needs a code of its own")
        return classes

    @field_validator("payment_plan")
    @classmethod
    def _plan_adds_up(cls, plan: tuple[PaymentStep, ...]) -> tuple[PaymentStep, ...]:
        adds_up(plan)
        return plan


POLICY = Policy("deal-svc", DealPolicy)
