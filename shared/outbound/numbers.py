"""The numbers of the policy that sending reckons with."""

from pydantic import field_validator

from shared.policy.document import Part, value


class Sending(Part):
    """How messages are sent to other systems."""

    back_off_seconds: tuple[int, ...] = value(
        (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600),
        "Waits after failures",
        "重试间隔",
        "Seconds to wait after the first, the second ... failed attempt.",
        min_length=1,
        max_length=50,
    )
    longest_wait_hours: int = value(
        24, "Longest wait", "最长等待小时", "What a receiver may ask us to wait at most, in hours.", ge=1, le=720
    )
    disable_after_days: int = value(
        5, "Disabled after days", "停用前失败天数", "Days of nothing but failures after which an endpoint is disabled.", ge=1, le=365
    )
    overlap_hours: float = value(
        24, "Overlap of secrets", "密钥重叠小时", "Hours that an old secret signs beside its successor.", ge=0, le=720
    )
    keep_delivered_days: int = value(
        30, "Delivered kept", "成功记录保留天数", "Days after which what was delivered is forgotten.", ge=1, le=36500
    )
    keep_failed_days: int = value(90, "Failed kept", "失败记录保留天数", "Days after which what failed is forgotten.", ge=1, le=36500)
    most_again: int = value(
        10_000, "Redelivered at once", "单次重投上限", "Deliveries that one request sends again at most.", ge=1, le=100_000
    )

    @field_validator("back_off_seconds")
    @classmethod
    def _possible(cls, seconds: tuple[int, ...]) -> tuple[int, ...]:
        if not all(1 <= wait <= 7 * 86400 for wait in seconds):
            raise ValueError("a wait is from one second to seven days")
        return seconds
