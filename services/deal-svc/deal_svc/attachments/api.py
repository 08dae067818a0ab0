"""`/v1/deals/{id}/attachments`: the shared routes with our acts and events."""

from deal_svc.attachments import tables as _tables  # noqa: F401 (registers them)
from deal_svc.attachments.rules import ATTACH, REMOVE
from deal_svc.deals.queries import SEEN
from shared.access.kinds import DEALS
from shared.attachments.api import attachments_router
from shared.attachments.declared import Attachments
from shared.attachments.loose import deleting
from shared.attachments.upkeep import sweeping
from shared.events.deal import DealFileAttached, DealFileRemoved

OF_DEALS = Attachments(
    record="deal",
    kind=DEALS,
    seen=SEEN,
    owner=lambda deal: deal.owner_id,
    attach=ATTACH,
    remove=REMOVE,
    attached=lambda deal, one: DealFileAttached.of(deal, attachment_id=one.id, media_type=one.media_type, size=one.size),
    removed=lambda deal, one: DealFileRemoved.of(deal, attachment_id=one.id),
)

router = attachments_router(OF_DEALS)
sweep_uploads = sweeping(OF_DEALS)
delete_objects = deleting(OF_DEALS)
