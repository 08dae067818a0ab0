"""Reads of templates: their list, the one that a quote is sent with, and what a document shows of one."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, or_, select

from deal_svc.quote_templates.images import FORMATS
from deal_svc.quote_templates.record import QuoteTemplate, TemplateState
from deal_svc.quote_templates.rules import TemplateFacts
from deal_svc.quote_templates.tables import QUOTE_LOGO, QUOTE_TEMPLATE, QUOTE_TEMPLATES
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.documents import Images
from shared.http.listing import Listing

LIST = Listing(
    QUOTE_TEMPLATE,
    QuoteTemplate,
    filters={n: QUOTE_TEMPLATE.c[n] for n in ("id", "name", "revision", "state", "channel")},
    sorts=("created_at", "name"),
    default="-created_at",
    search=(QUOTE_TEMPLATE.c.name,),
)

_all = select(*[QUOTE_TEMPLATE.c[n] for n in QUOTE_TEMPLATES.names])
_active = QUOTE_TEMPLATE.c.state == TemplateState.ACTIVE.value
VERSIONS = Query(_all.where(QUOTE_TEMPLATE.c.name == bindparam("name")).order_by(QUOTE_TEMPLATE.c.revision), QuoteTemplate)
_channel = QUOTE_TEMPLATE.c.channel
ACTIVE = Query(_all.where(_active, _channel.is_not_distinct_from(bindparam("channel"))).with_for_update(), QuoteTemplate)
_FOR = Query(
    _all.where(_active, or_(_channel.is_(None), _channel == bindparam("channel"))).order_by(_channel.nulls_last()).limit(1), QuoteTemplate
)
_NAMED = Query(_all.where(is_in(QUOTE_TEMPLATE.c.name, "names")), QuoteTemplate)
_LOGO = Query(select(QUOTE_LOGO.c.body).where(QUOTE_LOGO.c.sha256 == bindparam("sha256")), bytes)


async def facts_of(db: Reader, templates: Sequence[QuoteTemplate]) -> dict[UUID, TemplateFacts]:
    """What decides besides the templates themselves, by one statement."""
    known = await db.all(_NAMED, names=[one.name for one in templates])
    return {one.id: TemplateFacts(all(o.revision <= one.revision for o in known if o.name == one.name)) for one in templates}


async def template_for(db: Reader, channel: str | None) -> QuoteTemplate | None:
    """The template that a quote of this channel is sent with today: its channel's, or the one for all; None where there is neither."""
    return await db.first(_FOR, channel=channel)


async def find(db: Reader, template_id: UUID | None) -> QuoteTemplate | None:
    return None if template_id is None else await db.get(QUOTE_TEMPLATES, template_id)


async def images_of(db: Reader, one: QuoteTemplate | None) -> Images:
    """The pictures that documents made with it show."""
    if one is None or one.logo is None:
        return {}
    body = await db.one(_LOGO, sha256=one.logo["sha256"])
    return {"logo": (FORMATS[one.logo["media_type"]], body)}
