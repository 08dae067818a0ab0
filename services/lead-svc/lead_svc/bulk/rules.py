"""Who ends an act with many leads."""

from lead_svc.leads.rules import ASSIGN, DISQUALIFY
from shared.bulk.record import cancel_act

CANCEL = cancel_act("lead", [ASSIGN, DISQUALIFY])
