"""How many leads somebody may claim from the pool, and which leads go back to it."""

from typing import Self

from pydantic import model_validator

from shared.policy.document import Document, Policy, value


class PoolPolicy(Document):
    """Who may claim leads, and which come back by themselves. It begins without limits, and nothing comes back."""

    claims_a_day: int = value(0, "Claims a day", "每日领取上限", "Leads that somebody may claim in a day; 0 for no limit.", ge=0, le=10_000)
    claim_again_days: int = value(
        0, "Days until claimed again", "再次领取间隔天数", "Whoever lost a lead cannot claim it again for so many days.", ge=0, le=3650
    )
    most_held: int = value(
        0, "Open leads of a person", "人均持有上限", "Nobody claims a lead who has so many open ones; 0 for no limit.", ge=0, le=100_000
    )
    untouched_days: int = value(
        0,
        "Days without a touch",
        "未跟进退回天数",
        "A lead that nobody has contacted for so many days goes back; 0 for never.",
        ge=0,
        le=3650,
    )
    return_beyond: bool = value(
        False,
        "Beyond the limit",
        "超限退回",
        "Of somebody with more open leads, those untouched for longest go back.",
    )
    return_of_leavers: bool = value(False, "Of leavers", "离职退回", "The leads of whoever has left go back.")

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if self.return_beyond and not self.most_held:
            raise ValueError("return_beyond needs a limit: set most_held")
        return self


POLICY = Policy("lead-svc", PoolPolicy, name="pool")
