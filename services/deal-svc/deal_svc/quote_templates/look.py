"""How the document of a quote looks in a language: what a template says, and what is ours where it says nothing. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from deal_svc.quote_templates.words import NAMES
from shared.documents.record import Language


class PaperPart(StrEnum):
    """A part of the document that a company may leave out."""

    CODES = "codes"
    BUNDLE_PARTS = "bundle_parts"
    OPTIONAL_LINES = "optional_lines"
    CAPITALS = "capitals"
    PAYMENT = "payment"
    DELIVERY = "delivery"
    BANK = "bank"
    SIGNATURES = "signatures"


ACCENT = "#1f4e79"
"""The colour of titles and rules when the company says none."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the document says besides the quote, but for the logo."""

    names: Mapping[str, str]
    opening: str = ""
    closing: str = ""
    terms: str = ""
    footer: str = ""
    accent: str = ACCENT
    leaves_out: frozenset[PaperPart] = field(default_factory=frozenset)

    def shows(self, part: PaperPart) -> bool:
        return part not in self.leaves_out


SAMPLE: Mapping[Language, Look] = {language: Look(names) for language, names in NAMES.items()}
"""How a document looks where the company has published no template."""
