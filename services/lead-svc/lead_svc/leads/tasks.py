"""Taking a lead up again on its wake-up date is a task of its owner; on that day it is done by itself."""

from lead_svc.leads.rules import REACTIVATE
from lead_svc.leads.tables import LEADS
from shared.events.lead import (
    LeadAbsorbed,
    LeadConversionConfirmed,
    LeadDisqualified,
    LeadTaskDone,
    LeadTaskDropped,
    LeadTaskDue,
    LeadTaskEscalated,
    LeadTaskOverdue,
    LeadTaskSet,
)
from shared.tasks.record import TaskKind, Tasks

LEAD_TASKS = Tasks(
    of=LEADS,
    record="lead_id",
    set=LeadTaskSet,
    due=LeadTaskDue,
    done=LeadTaskDone,
    dropped=LeadTaskDropped,
    overdue=LeadTaskOverdue,
    escalated=LeadTaskEscalated,
)
WAKE_UP = TaskKind(
    name="wake_up", about=LEAD_TASKS, done_by=(REACTIVATE,), over_when=(LeadDisqualified, LeadConversionConfirmed, LeadAbsorbed)
)
