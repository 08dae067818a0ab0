"""Templates of the documents of quotes as their table keeps them: one row per version."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from deal_svc.quote_templates.look import SAMPLE, Look, PaperPart
from shared.documents.record import Language
from shared.stored import Stored


class TemplateState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class QuoteTemplate:
    """One version of a template, for quotes of a channel of sales (null: for all others).

    `texts` are `TemplateTexts` as JSON, by language. `logo` names its image: hash, media type and size; the bytes are in a table of
    their own, since versions share them.
    """

    id: UUID
    version: int
    name: str
    revision: int
    state: TemplateState
    channel: Annotated[str | None, Stored(comment="of sales; null for all")]
    texts: dict[str, Any]
    accent: Annotated[str, Stored(comment="#rrggbb")]
    leaves_out: list[str]
    logo: dict[str, Any] | None
    created_by: UUID
    created_at: datetime
    updated_at: datetime


def look_of(one: QuoteTemplate | None, language: Language) -> Look:
    """How documents in this language look; without a template, and where it does not have the language, by our own words."""
    if one is None:
        return SAMPLE[language]
    said = one.texts.get(language, {})
    texts: dict[str, Any] = {name: said.get(name) or "" for name in ("opening", "closing", "terms", "footer")}
    names = {**SAMPLE[language].names, **said.get("names", {})}
    return Look(names, **texts, accent=one.accent, leaves_out=frozenset(map(PaperPart, one.leaves_out)))
