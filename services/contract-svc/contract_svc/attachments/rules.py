"""Who attaches files to contracts, and who removes them."""

from contract_svc.contracts.record import CONTRACT
from shared.acts import who
from shared.attachments.record import attachment_acts
from shared.auth.actor import LEADERS, SELLERS, Role
from shared.events.contract import ContractFileAttached, ContractFileRemoved

_WORK_ON_THEM = (*SELLERS, Role.presales, Role.product, Role.assistant, Role.csm, Role.legal, Role.finance)

ATTACH, REMOVE = attachment_acts(
    CONTRACT,
    who=who(*_WORK_ON_THEM, *LEADERS, Role.sales_ops),
    keepers=who(*LEADERS, Role.sales_ops, own=_WORK_ON_THEM),
    attached=ContractFileAttached,
    removed=ContractFileRemoved,
)
