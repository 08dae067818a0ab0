"""Telling of something that happened long ago: an act of its own, and marked on the record.

Figures follow the time at which something happened, so whoever back-dates changes figures of the past. The company's policy says how far
back everybody may. Further back is for those who lead and for sales operations; what they change has the flag `backdated` from then on.
What other systems, imports and Clinch itself tell is not limited.
"""

from datetime import datetime, timedelta
from typing import Any

from shared import clock
from shared.acts import Act, Subject, who
from shared.auth.actor import LEADERS, Role
from shared.db.tx import Tx
from shared.errors import Forbidden
from shared.policy.company import COMPANY_POLICY

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


def happened(tx: Tx, at: datetime | None, *, since: datetime | None = None, field: str = "at") -> datetime:
    """When something happened in the business, as `shared.clock.happened` tells it.

    403 `backdate_not_allowed` for somebody who may not go so far back.
    """
    when = clock.happened(at, tx.now, since=since, field=field)
    days = tx.policy(COMPANY_POLICY).backdate_days
    if tx.actor.type != "person" or when >= tx.now - timedelta(days=days):
        return when
    if not MAY.may_ever(tx.actor):
        says = f"{field} is more than {days} days ago; so far back is for a manager or sales operations to record."
        raise Forbidden(says, code="backdate_not_allowed")
    tx.marks.add(FLAG)
    return when
