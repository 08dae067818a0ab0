"""What a rule gives the owner of a lead to do."""

from lead_svc.cadence.tasks import ENDS, FOLLOW_UP
from lead_svc.interactions.rules import LOG
from lead_svc.leads.tasks import LEAD_TASKS
from shared.tasks.record import TaskKind

TO_DO = TaskKind(name="to_do", about=LEAD_TASKS, done_by=(LOG,), over_when=ENDS, late=FOLLOW_UP.late, more=FOLLOW_UP.more)
"""A contact does it; a lead has one of them at a time. It is overdue, and told to those above, as a follow-up is."""
