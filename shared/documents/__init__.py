"""Documents: what a record says, as a PDF for the customer. What went out is kept as it was, and never made again."""

from shared.documents.record import Language, Template
from shared.documents.render import Images, NotInstalled, check_installed, check_printable, render, render_all
from shared.documents.store import Kept, find, keep, kept_by_id, made

__all__ = [
    "Images",
    "Kept",
    "Language",
    "NotInstalled",
    "Template",
    "check_installed",
    "check_printable",
    "find",
    "keep",
    "kept_by_id",
    "made",
    "render",
    "render_all",
]
