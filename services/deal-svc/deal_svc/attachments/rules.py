"""Who attaches files to deals, and who removes them."""

from deal_svc.deals.rules import DEAL
from shared.acts import who
from shared.attachments.record import attachment_acts
from shared.auth.actor import LEADERS, SELLERS, Role
from shared.events.deal import DealFileAttached, DealFileRemoved

_WORK_ON_THEM = (*SELLERS, Role.presales, Role.product, Role.assistant, Role.csm)

ATTACH, REMOVE = attachment_acts(
    DEAL,
    who=who(*_WORK_ON_THEM, *LEADERS, Role.sales_ops),
    keepers=who(*LEADERS, Role.sales_ops, own=_WORK_ON_THEM),
    attached=DealFileAttached,
    removed=DealFileRemoved,
)
