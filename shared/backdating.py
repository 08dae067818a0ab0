"""Telling of something that happened long ago: an act of its own, and marked on the record.

Figures follow the time at which something happened, so whoever back-dates changes figures of the past. The company's policy says how far
back everybody may. Further back is for those who lead and for sales operations; what they change has the flag `backdated` from then on.
What other systems, imports and Clinch itself tell is not limited.
"""

from typing import Any

from shared.acts import Act, Subject, who
from shared.auth.actor import LEADERS, Role

MAY = who(*LEADERS, Role.sales_ops)
FLAG = "backdated"


def backdate(of: Subject[Any, Any]) -> Act[Any, Any]:
    """The act, for records of this kind. It has no route: it is part of every act that takes a time."""
    return Act(
        of=of,
        name="backdate",
        who=MAY,
        says=f"Says of another act with the {of.label} that it happened longer ago than the company lets everybody say; flags the record.",
    )
