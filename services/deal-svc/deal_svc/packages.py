"""The numbers and lists by which packages are proposed: what a package has, what it may cost, what is offered beside it."""

from decimal import Decimal

from shared.policy.document import Part, value


class PackagePart(Part):
    """Something that a package has: a product of a family."""

    family: str = value("core", "Family", "产品族", "The family of the product, as the catalogue names it.", min_length=1, max_length=200)
    serves: int | None = value(
        None,
        "People served",
        "每单位服务人数",
        "How many people one unit is for: the quantity follows from how many will use it. Empty for one unit whatever their number.",
        ge=1,
        le=1_000_000,
    )
    words: tuple[str, ...] = value(
        (),
        "Words of the need",
        "需求关键词",
        "It belongs to the package when one of them stands in the needs, in capitals or not; empty for always.",
        max_length=50,
    )
    essential: bool = value(
        True,
        "Essential",
        "不可省略",
        "Without it there is no package. Another one is taken out where the budget does not reach, and offered as an optional line.",
    )


DEFAULT_PARTS = (
    PackagePart(family="core"),
    PackagePart(family="users", serves=1),
    PackagePart(family="launch", words=("launch", "migration", "training", "上线", "迁移", "培训"), essential=False),
)


class Packages(Part):
    """How a package is proposed from the needs of a deal."""

    parts: tuple[PackagePart, ...] = value(
        DEFAULT_PARTS, "Parts of a package", "方案组成", "What a package has, the most important first.", min_length=1, max_length=50
    )
    budget_percent: Decimal = value(
        Decimal(100),
        "Share of the budget",
        "预算占比上限",
        "What a package may come to before tax and discounts, in percent of the customer's budget.",
        gt=0,
        le=1000,
        decimal_places=2,
    )
    optional_percent: Decimal = value(
        Decimal(25),
        "Share of an optional line",
        "可选项占比上限",
        "An optional line is offered where it costs no more than this share of the package, in percent; 0 for none.",
        ge=0,
        le=1000,
        decimal_places=2,
    )
