"""Routes of the templates of quotes' documents: everybody reads them, operations keep them."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from deal_svc.quote_templates import commands, queries
from deal_svc.quote_templates.fields import Accent, LogoIn, TemplateFields, TemplateName
from deal_svc.quote_templates.look import ACCENT
from deal_svc.quote_templates.record import QuoteTemplate, TemplateState
from deal_svc.quote_templates.rules import ACTIVATE, CHANGE, DRAFT_TEMPLATE, QUOTE_TEMPLATE_ACTS, RETIRE, REVISE, TemplateFacts
from deal_svc.quote_templates.tables import QUOTE_TEMPLATES
from deal_svc.quote_templates.words import NAMES
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.db.tx import Reader
from shared.documents.record import Language
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import Patch
from shared.http.permit import permitted

router = APIRouter(prefix="/v1/quote-templates", tags=["quote templates"], route_class=ClinchRoute)


class QuoteTemplateIn(TemplateFields, Body):
    name: TemplateName
    logo: LogoIn | None = None


class QuoteTemplatePatch(TemplateFields, Patch):
    """`texts` are given all together. `logo`: null for none any more."""

    logo: LogoIn | None


class LogoOut(BaseModel):
    """The image that is shown: its bytes are in no answer."""

    sha256: str
    media_type: str
    size: Annotated[int, Field(description="In bytes")]


class QuoteTemplateOut(TemplateFields):
    id: UUID
    version: int
    name: TemplateName
    revision: int
    state: TemplateState
    logo: LogoOut | None
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]

    version_says_all: ClassVar[bool] = False

    @classmethod
    def of(cls, one: QuoteTemplate, by: Actor, facts: TemplateFacts) -> "QuoteTemplateOut":
        said: dict[str, Any] = {name: getattr(one, name) for name in QUOTE_TEMPLATES.names}
        return cls.model_validate(said | {"allowed_actions": shown(QUOTE_TEMPLATE_ACTS, one, by, facts)})


class SampleTemplateOut(BaseModel):
    """What documents are made with where no template is active: a sample, of which the company publishes its own."""

    sample: bool = True
    accent: Accent
    names: Annotated[dict[Language, dict[str, str]], Field(description="What each part is called, by language")]


async def _out(db: Reader, by: Actor, one: QuoteTemplate) -> QuoteTemplateOut:
    facts = await queries.facts_of(db, [one])
    return QuoteTemplateOut.of(one, by, facts[one.id])


def _said(body: TemplateFields, names: set[str]) -> dict[str, Any]:
    """The fields as the row keeps them."""
    return body.model_dump(mode="json", include=names)


_FIELDS = set(TemplateFields.model_fields)


@router.post("", status_code=201, dependencies=[permitted(DRAFT_TEMPLATE)])
async def create_quote_template(body: QuoteTemplateIn, tx: InTx, by: CurrentActor) -> QuoteTemplateOut:
    """Draft a template. For operations. No quote has it until it is activated.

    422 `bad_image` says what is wrong with the logo, `unprintable_character` which character no font has.
    """
    return await _out(tx, by, await commands.create(tx, name=body.name, said=_said(body, _FIELDS), logo=body.logo))


@router.get("")
async def list_quote_templates(
    page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor
) -> Page[QuoteTemplateOut]:
    """Templates, each version by itself."""
    found = await queries.LIST.page(db, page)
    facts = await queries.facts_of(db, found.items)
    found.items = [QuoteTemplateOut.of(one, by, facts[one.id]) for one in found.items]
    return found


@router.get("/sample")
async def get_sample_quote_template(by: CurrentActor) -> SampleTemplateOut:
    """What documents are made with while no template is active, with the names of all parts that a template may call otherwise."""
    return SampleTemplateOut(accent=ACCENT, names={language: dict(names) for language, names in NAMES.items()})


@router.get("/{quote_template_id}")
async def get_quote_template(quote_template_id: UUID, db: Reading, by: CurrentActor) -> QuoteTemplateOut:
    """One version of a template."""
    return await _out(db, by, await db.get(QUOTE_TEMPLATES, quote_template_id))


@router.patch("/{quote_template_id}", dependencies=[permitted(CHANGE)])
async def update_quote_template(
    quote_template_id: UUID, body: QuoteTemplatePatch, tx: InTx, by: CurrentActor, expect: IfMatch
) -> QuoteTemplateOut:
    """Change a draft. Anything later is a new version: revise it."""
    changes = _said(body, body.model_fields_set & _FIELDS)
    if "logo" in body.model_fields_set:
        changes["logo"] = body.logo
    return await _out(tx, by, await commands.edit(tx, quote_template_id, expect=expect, changes=changes))


@router.post("/{quote_template_id}/activate", dependencies=[permitted(ACTIVATE)])
async def activate_quote_template(quote_template_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> QuoteTemplateOut:
    """Let quotes that are sent from now on have it. The one that was active for the same channel is retired."""
    return await _out(tx, by, await commands.activate(tx, quote_template_id, expect=expect))


@router.post("/{quote_template_id}/retire", dependencies=[permitted(RETIRE)])
async def retire_quote_template(quote_template_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> QuoteTemplateOut:
    """No quote is sent with it any more. Quotes that were keep it."""
    return await _out(tx, by, await commands.retire(tx, quote_template_id, expect=expect))


@router.post("/{quote_template_id}/revise", status_code=201, dependencies=[permitted(REVISE)])
async def revise_quote_template(quote_template_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> QuoteTemplateOut:
    """Draft the next version. This one stands until that one is active."""
    return await _out(tx, by, await commands.revise(tx, quote_template_id, expect=expect))
