"""What a rule gives the owner of a lead to do."""

from lead_svc.cadence.tasks import ENDS
from lead_svc.interactions.rules import LOG
from lead_svc.leads.tasks import LEAD_TASKS
from shared.tasks.record import TaskKind

TO_DO = TaskKind(name="to_do", about=LEAD_TASKS, done_by=(LOG,), over_when=ENDS)
"""A contact does it; a lead has one of them at a time."""
