"""`/v1/contracts/{id}/attachments`: the shared routes with our acts and events."""

from contract_svc.attachments import tables as _tables  # noqa: F401 (registers them)
from contract_svc.attachments.rules import ATTACH, REMOVE
from contract_svc.contracts.commands import about
from contract_svc.contracts.queries import SEEN
from shared.access.kinds import CONTRACTS
from shared.attachments.api import attachments_router
from shared.attachments.declared import Attachments
from shared.attachments.loose import deleting
from shared.attachments.upkeep import sweeping
from shared.events.contract import ContractFileAttached, ContractFileRemoved

OF_CONTRACTS = Attachments(
    record="contract",
    kind=CONTRACTS,
    seen=SEEN,
    owner=lambda contract: contract.owner_id,
    attach=ATTACH,
    remove=REMOVE,
    attached=lambda contract, one: about(ContractFileAttached, contract, attachment_id=one.id, media_type=one.media_type, size=one.size),
    removed=lambda contract, one: about(ContractFileRemoved, contract, attachment_id=one.id),
)

router = attachments_router(OF_CONTRACTS)
sweep_uploads = sweeping(OF_CONTRACTS)
delete_objects = deleting(OF_CONTRACTS)
