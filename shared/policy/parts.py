"""Parts of documents that more than one service reads."""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

from pydantic import create_model, model_validator

from shared.events.stages import STAGES, DealStage
from shared.policy.document import Document, Part, value


class StageNumbers(Part):
    """The numbers of one open stage of a deal."""

    probability: int = value(20, "Probability", "赢单概率", "How likely a deal in this stage is won, in percent.", ge=0, le=100)
    stalled_after_days: int = value(
        14, "Stalled after days", "停滞天数", "An open deal that nobody touched for more days is stalled.", ge=1, le=3650
    )


class _Stages(Part):
    """The open stages of a deal, in their order."""

    def of(self, stage: str) -> StageNumbers:
        """The numbers of a stage by its name."""
        found: StageNumbers = getattr(self, stage)
        return found


def _numbers(stage: DealStage) -> Any:
    begins = StageNumbers(probability=stage.probability, stalled_after_days=stage.rest_days)
    return value(begins, stage.title, stage.title_zh, "The numbers of this stage.")


if TYPE_CHECKING:
    Stages = _Stages
else:
    Stages = create_model("Stages", __base__=_Stages, __doc__=_Stages.__doc__, **{s.name: (StageNumbers, _numbers(s)) for s in STAGES})


class PaymentTrigger(StrEnum):
    """What lets a step of a payment plan fall due."""

    SIGNED = "signed"
    GO_LIVE = "go_live"
    ACCEPTED = "accepted"


class PaymentStep(Part):
    """One step of a payment plan."""

    trigger: PaymentTrigger = value(PaymentTrigger.SIGNED, "Trigger", "触发条件", "What lets it fall due.")
    percent: Decimal = value(Decimal(100), "Percent", "比例", "Its share of the total, in percent.", gt=0, le=100, decimal_places=2)
    due_days: int = value(30, "Days to pay", "付款天数", "Calendar days from the trigger to the last day to pay.", ge=0, le=3650)


DEFAULT_PLAN = tuple(
    PaymentStep(trigger=trigger, percent=Decimal(percent))
    for trigger, percent in ((PaymentTrigger.SIGNED, 50), (PaymentTrigger.GO_LIVE, 30), (PaymentTrigger.ACCEPTED, 20))
)


def adds_up(steps: Iterable[PaymentStep]) -> None:
    """ValueError when a payment plan is not all of the total."""
    if (total := sum((step.percent for step in steps), Decimal(0))) != 100:
        raise ValueError(f"the steps must add up to 100 percent; they are {total.normalize():f}")


class Ascending(Part):
    """A part whose fields must not go down from one to the next."""

    @model_validator(mode="after")
    def _ascend(self) -> Self:
        names = list(type(self).model_fields)
        for lower, upper in pairwise(names):
            if getattr(self, lower) > getattr(self, upper):
                raise ValueError(f"{upper} must not be less than {lower}")
        return self


class Requests(Part):
    """How many requests one principal, a person or another system, may send to the service."""

    per_minute: int = value(
        60_000, "Requests a minute", "每分钟请求数", "So many are given back in a minute; 0 for no limit.", ge=0, le=10_000_000
    )
    burst: int = value(20_000, "Burst", "突发请求数", "So many may come at once, after a pause.", ge=1, le=10_000_000)


class Served(Document):
    """What the document of every service has."""

    requests: Requests = value(Requests(), "Requests", "请求限额", "How many requests one principal may send.")
    access_log_days: int = value(
        180, "Days of the access log", "访问日志保留天数", "Days that it is kept who has read personal data.", ge=1, le=3650
    )


class Linked(Served):
    """What the document of a service has that gives customers links."""

    link_days: int = value(30, "Days of a link", "链接有效天数", "Days that a customer's link works when nobody says.", ge=1, le=365)
    link_requests: Requests = value(
        Requests(per_minute=60, burst=60), "Requests by links", "链接请求限额", "How many requests without a token one address may send."
    )


class BulkNumbers(Part):
    """Acts that are done with many records at once."""

    most: int = value(
        10_000, "Records of a job", "每个批量任务的记录数", "With how many records one job does an act at most.", ge=1, le=100_000
    )
    kept_days: int = value(
        90, "Days of a job", "批量任务保留天数", "Days that a job is kept after its end, with what became of each record.", ge=1, le=3650
    )


class InBulk(Served):
    """What the document of a service has whose acts are done in bulk."""

    bulk: BulkNumbers = value(BulkNumbers(), "Bulk acts", "批量操作", "Acts that are done with many records at once.")
