"""How long a merge can be undone."""

from shared.policy.document import Document, Policy, value


class MergingPolicy(Document):
    """What the company allows itself when records are merged."""

    undo_days: int = value(30, "Days to undo a merge", "合并可撤销天数", "So long after it a merge can be undone.", ge=1, le=3650)


POLICY = Policy("lead-svc", MergingPolicy, name="merging")
