"""Who ends an act with many deals."""

from deal_svc.deals.rules import ASSIGN
from deal_svc.stages.rules import LOSE
from shared.bulk.record import cancel_act

CANCEL = cancel_act("deal", [ASSIGN, LOSE])
