from deal_svc.deals.tables import DEAL  # noqa: F401 (what they hang on)
from deal_svc.metadata import metadata
from shared.attachments.tables import attachment_tables

ATTACHMENT, PIECE, LOOSE = attachment_tables("deal", metadata)
