"""When something happened that somebody tells of now."""

from datetime import datetime, timedelta

from shared import clock
from shared.backdating import FLAG, MAY
from shared.db.tx import Tx
from shared.errors import Forbidden
from shared.policy.company import COMPANY_POLICY


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
