"""`/v1/leads/{id}/attachments`: the shared routes with our acts and events."""

from lead_svc.attachments import tables as _tables  # noqa: F401 (registers them)
from lead_svc.attachments.rules import ATTACH, REMOVE
from lead_svc.leads.queries import SEEN
from shared.access.kinds import LEADS
from shared.attachments.api import attachments_router
from shared.attachments.declared import Attachments
from shared.attachments.loose import deleting
from shared.attachments.upkeep import sweeping
from shared.events.lead import LeadFileAttached, LeadFileRemoved

OF_LEADS = Attachments(
    record="lead",
    kind=LEADS,
    seen=SEEN,
    owner=lambda lead: lead.owner_id,
    attach=ATTACH,
    remove=REMOVE,
    attached=lambda lead, one: LeadFileAttached.of(lead, attachment_id=one.id, media_type=one.media_type, size=one.size),
    removed=lambda lead, one: LeadFileRemoved.of(lead, attachment_id=one.id),
)

router = attachments_router(OF_LEADS)
sweep_uploads = sweeping(OF_LEADS)
delete_objects = deleting(OF_LEADS)
