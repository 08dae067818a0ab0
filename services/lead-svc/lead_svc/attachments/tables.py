from lead_svc.leads.tables import LEAD  # noqa: F401 (what they hang on)
from lead_svc.metadata import metadata
from shared.attachments.tables import attachment_tables

ATTACHMENT, PIECE, LOOSE = attachment_tables("lead", metadata)
