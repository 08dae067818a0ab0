"""Who attaches files to leads, and who removes them."""

from lead_svc.leads.record import LEAD
from shared.acts import who
from shared.attachments.record import attachment_acts
from shared.auth.actor import LEADERS, SELLERS, Role
from shared.events.lead import LeadFileAttached, LeadFileRemoved

_WORK_WITH_CUSTOMERS = (*SELLERS, Role.presales, Role.product, Role.assistant, Role.marketing, Role.csm)

ATTACH, REMOVE = attachment_acts(
    LEAD,
    who=who(*_WORK_WITH_CUSTOMERS, *LEADERS, Role.sales_ops),
    keepers=who(*LEADERS, Role.sales_ops, own=_WORK_WITH_CUSTOMERS),
    attached=LeadFileAttached,
    removed=LeadFileRemoved,
)
