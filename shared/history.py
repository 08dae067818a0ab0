"""Nothing starts for history: what was imported, or happened long ago, starts no deadline, task, reminder or dunning unless asked.

Whoever starts one of these asks here, and nowhere else.
"""

from datetime import datetime, timedelta

from shared.db.tx import Tx
from shared.policy.company import COMPANY_POLICY


def is_history(at: datetime, now: datetime, days: int) -> bool:
    """Whether something happened more than so many days ago."""
    return at < now - timedelta(days=days)


def starts_work(tx: Tx, at: datetime, *, imported: bool = False, asked: bool = False) -> bool:
    """Whether what happened at this time starts work. `asked`: somebody wants it to, whatever its age and source."""
    return asked or not (imported or is_history(at, tx.now, tx.policy(COMPANY_POLICY).history_days))
