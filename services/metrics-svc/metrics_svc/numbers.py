"""Parts of the policy that rules reckon with."""

from dataclasses import dataclass, field
from itertools import pairwise

from pydantic import field_validator

from shared.outbound.numbers import Sending
from shared.policy.document import Part, value
from shared.policy.parts import Stages


class Figures(Part):
    """What figures reckon with."""

    ageing_days: tuple[int, int, int] = value(
        (30, 60, 90), "Ageing of receivables", "账龄区间", "Where the parts of overdue money end, in days."
    )
    velocity_days: int = value(90, "Days of velocity", "流速统计天数", "How many days back pipeline velocity looks.", ge=1, le=3650)
    ripe_quantile: float = value(
        0.9, "Quantile of the path", "成熟分位", "A cohort is complete when this part of the known paths was shorter.", gt=0, lt=1
    )

    @field_validator("ageing_days")
    @classmethod
    def _ascending(cls, days: tuple[int, int, int]) -> tuple[int, int, int]:
        if days[0] < 1 or any(b <= a for a, b in pairwise(days)):
            raise ValueError("the days must go up, for example 30, 60, 90")
        return days


@dataclass(frozen=True, slots=True)
class Numbers:
    """What KPIs reckon with: metrics-svc's own numbers, and those of the stages, which are deal-svc's."""

    figures: Figures = field(default_factory=Figures)
    stages: Stages = field(default_factory=Stages)


class Webhooks(Sending):
    """How events are sent to other systems."""

    most_endpoints: int = value(50, "Endpoints", "端点上限", "Endpoints that there may be at most.", ge=1, le=500)
