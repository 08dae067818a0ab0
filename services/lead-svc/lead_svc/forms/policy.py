"""How much comes in by forms."""

from shared.policy.document import Document, Policy, value
from shared.policy.parts import Requests


class FormPolicy(Document):
    """How many submissions are taken, and how long they may be. What an address sent counts over all replicas."""

    submissions: Requests = value(
        Requests(per_minute=6, burst=20), "Submissions of a form", "单个表单提交限额", "How often one address may send one form."
    )
    requests: Requests = value(
        Requests(per_minute=60, burst=120),
        "Requests of an address",
        "单个地址请求限额",
        "How many requests one address may send to all forms.",
    )
    submission_days: int = value(
        730,
        "Days of a submission",
        "表单内容保留天数",
        "After so many days what somebody wrote is erased; 0 for never.",
        ge=0,
        le=36_500,
    )
    longest: int = value(32_768, "Longest submission", "提交内容上限", "Bytes that a submission may have.", ge=1_000, le=1_000_000)


POLICY = Policy("lead-svc", FormPolicy, name="forms")
