"""`/v1/leads/bulk-...`: the shared routes with our acts, and the jobs that do them."""

from lead_svc.bulk.rules import CANCEL
from lead_svc.leads import commands as leads
from lead_svc.leads.api import Disqualify
from lead_svc.leads.queries import LIST, SEEN, unmerged
from lead_svc.leads.rules import ASSIGN, DISQUALIFY
from lead_svc.policy import POLICY
from lead_svc.pool import commands as pool
from lead_svc.pool.api import Assign
from lead_svc.seen import LEADS_SEEN
from shared.bulk.api import bulk_router
from shared.bulk.declared import BulkAct, BulkActs
from shared.bulk.performing import forgetting, performing

OF_LEADS = BulkActs(
    record="lead",
    seen=SEEN,
    rows=LEADS_SEEN,
    listing=LIST,
    among=unmerged,
    policy=POLICY,
    acts=[
        BulkAct(act=ASSIGN, body=Assign, command=pool.assign),
        BulkAct(act=DISQUALIFY, body=Disqualify, command=leads.disqualify),
    ],
    cancel=CANCEL,
)

router = bulk_router(OF_LEADS)
perform = performing(OF_LEADS)
forget = forgetting(OF_LEADS)
