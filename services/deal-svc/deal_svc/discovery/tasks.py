"""The next step of a deal is a task of its owner."""

from deal_svc.deals.tables import DEALS
from shared.events.deal import DealHistoryCorrected, DealLost, DealTaskDone, DealTaskDropped, DealTaskDue, DealTaskSet, DealWon
from shared.tasks.record import TaskKind, Tasks

DEAL_TASKS = Tasks(of=DEALS, record="deal_id", set=DealTaskSet, due=DealTaskDue, done=DealTaskDone, dropped=DealTaskDropped)
NEXT_STEP = TaskKind(
    name="next_step", about=DEAL_TASKS, over_when=(DealWon, DealLost, DealHistoryCorrected), lasts=lambda deal: deal.is_open
)
"""The one that is set after it does it, unless that says the same for another time."""
KINDS = (NEXT_STEP,)
