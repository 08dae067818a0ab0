"""Documents: what a record says, as a PDF for the customer. What went out is kept as it was, and never made again."""

from shared.documents.record import Language, Template
from shared.documents.render import NotInstalled, check_installed, render
from shared.documents.store import Kept, find, keep, kept_by_id, made

__all__ = ["Kept", "Language", "NotInstalled", "Template", "check_installed", "find", "keep", "kept_by_id", "made", "render"]
