"""`/v1/deals/bulk-...`: the shared routes with our acts, and the jobs that do them."""

from deal_svc.bulk.rules import CANCEL
from deal_svc.deals import commands as deals
from deal_svc.deals.api import AssignmentIn
from deal_svc.deals.queries import LIST, SEEN, SEEN_ROWS
from deal_svc.deals.rules import ASSIGN
from deal_svc.policy import POLICY
from deal_svc.stages import commands as stages
from deal_svc.stages.api import LossIn
from deal_svc.stages.rules import LOSE
from shared.bulk.api import bulk_router
from shared.bulk.declared import BulkAct, BulkActs
from shared.bulk.performing import forgetting, performing

OF_DEALS = BulkActs(
    record="deal",
    seen=SEEN,
    rows=SEEN_ROWS,
    listing=LIST,
    policy=POLICY,
    acts=[
        BulkAct(act=ASSIGN, body=AssignmentIn, command=deals.assign),
        BulkAct(act=LOSE, body=LossIn, command=stages.lose),
    ],
    cancel=CANCEL,
)

router = bulk_router(OF_DEALS)
perform = performing(OF_DEALS)
forget = forgetting(OF_DEALS)
