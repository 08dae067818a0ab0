from contract_svc.contracts.tables import CONTRACT  # noqa: F401 (what they hang on)
from contract_svc.metadata import metadata
from shared.attachments.tables import attachment_tables

ATTACHMENT, PIECE, LOOSE = attachment_tables("contract", metadata)
