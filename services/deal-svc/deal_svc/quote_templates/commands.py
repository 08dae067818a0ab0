"""Changes of templates. An active version never changes: a change is a new version."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert

from deal_svc.policy import POLICY
from deal_svc.quote_templates.fields import LogoIn
from deal_svc.quote_templates.images import NoImage, checked
from deal_svc.quote_templates.queries import ACTIVE, VERSIONS
from deal_svc.quote_templates.record import QuoteTemplate, TemplateState
from deal_svc.quote_templates.rules import ACTIVATE, CHANGE, DRAFT_TEMPLATE, RETIRE, REVISE, TemplateFacts
from deal_svc.quote_templates.tables import QUOTE_LOGO, QUOTE_TEMPLATES
from shared import documents
from shared.db.query import Query
from shared.db.tx import Tx
from shared.errors import Invalid, Rejected
from shared.events.quote_template import (
    QuoteTemplateActivated,
    QuoteTemplateChanged,
    QuoteTemplateDrafted,
    QuoteTemplateEvent,
    QuoteTemplateRetired,
)
from shared.ids import new_id

_CLAIM = "SELECT pg_advisory_xact_lock(hashtextextended('quote templates', 0))"
"""Templates change one after the other: which is active is decided by all of them."""
_KEEP = Query(
    insert(QUOTE_LOGO).values({c.name: bindparam(c.name) for c in QUOTE_LOGO.c}).on_conflict_do_nothing(index_elements=["sha256"]),
    type(None),
)


async def create(tx: Tx, *, name: str, said: Mapping[str, Any], logo: LogoIn | None) -> QuoteTemplate:
    """The first version of a template, as a draft. `said` are its fields as the row keeps them."""
    DRAFT_TEMPLATE.permit(tx.actor)
    await tx.execute(_CLAIM)
    if await tx.all(VERSIONS, name=name):
        raise Rejected("There is a template with this name already; revise it.", code="name_taken")
    _check_printable(said)
    first = QuoteTemplate(
        id=new_id(),
        version=0,
        name=name,
        revision=1,
        state=TemplateState.DRAFT,
        logo=await _kept(tx, logo),
        created_by=tx.actor.id,
        created_at=tx.now,
        updated_at=tx.now,
        **said,
    )
    return await tx.add(QUOTE_TEMPLATES, first, _told(QuoteTemplateDrafted, first))


async def edit(tx: Tx, template_id: UUID, *, expect: int | None, changes: Mapping[str, Any]) -> QuoteTemplate:
    """Change a draft. Texts are given all together. `logo` among the changes is the new one, or None for none any more."""
    one = await tx.load(QUOTE_TEMPLATES, template_id, expect)
    CHANGE.check(one, tx.actor, facts=TemplateFacts())
    _check_printable(changes)
    after = dict(changes)
    if "logo" in changes:
        after["logo"] = await _kept(tx, changes["logo"])
    changed = {name: value for name, value in after.items() if getattr(one, name) != value}
    if not changed:
        return one
    return await tx.save(QUOTE_TEMPLATES, one, _told(QuoteTemplateChanged, replace(one, **changed)), **changed)


async def activate(tx: Tx, template_id: UUID, *, expect: int | None) -> QuoteTemplate:
    """Quotes that are sent from now on have it. The one that was active for the same channel is retired."""
    await tx.execute(_CLAIM)
    one = await tx.load(QUOTE_TEMPLATES, template_id, expect)
    ACTIVATE.check(one, tx.actor, facts=TemplateFacts())
    for earlier in await tx.all(ACTIVE, channel=one.channel):
        await tx.save(QUOTE_TEMPLATES, earlier, _told(QuoteTemplateRetired, earlier), state=TemplateState.RETIRED)
    return await tx.save(QUOTE_TEMPLATES, one, _told(QuoteTemplateActivated, one), state=TemplateState.ACTIVE)


async def retire(tx: Tx, template_id: UUID, *, expect: int | None) -> QuoteTemplate:
    """No quote is sent with it any more."""
    one = await tx.load(QUOTE_TEMPLATES, template_id, expect)
    RETIRE.check(one, tx.actor, facts=TemplateFacts())
    return await tx.save(QUOTE_TEMPLATES, one, _told(QuoteTemplateRetired, one), state=TemplateState.RETIRED)


async def revise(tx: Tx, template_id: UUID, *, expect: int | None) -> QuoteTemplate:
    """A draft of the next version, alike in everything."""
    await tx.execute(_CLAIM)
    one = await tx.load(QUOTE_TEMPLATES, template_id, expect)
    versions = await tx.all(VERSIONS, name=one.name)
    REVISE.check(one, tx.actor, facts=TemplateFacts(newest=versions[-1].id == one.id))
    made: dict[str, Any] = {"created_by": tx.actor.id, "created_at": tx.now, "updated_at": tx.now}
    draft = replace(one, id=new_id(), version=0, revision=one.revision + 1, state=TemplateState.DRAFT, **made)
    return await tx.add(QUOTE_TEMPLATES, draft, _told(QuoteTemplateDrafted, draft))


def _check_printable(said: Mapping[str, Any]) -> None:
    """Refuse a text that the documents' fonts cannot print; an installation that makes no documents takes all."""
    try:
        documents.check_printable({"texts": said.get("texts", {})})
    except documents.NotInstalled:
        return


async def _kept(tx: Tx, logo: LogoIn | None) -> dict[str, Any] | None:
    """The image is looked at, kept once however many versions show it, and named by its hash."""
    if logo is None:
        return None
    most = tx.policy(POLICY).logo_kilobytes
    try:
        body = b64decode("".join(logo.data.split()), validate=True)
    except ValueError:
        raise Invalid("Write the file of the image in base64.", pointer="/logo/data", code="bad_image") from None
    if len(body) > most * 1024:
        raise Invalid(f"The image may have up to {most} KB.", pointer="/logo/data", code="too_large")
    try:
        image = checked(body)
    except NoImage as reason:
        raise Invalid(str(reason), pointer="/logo/data", code="bad_image") from None
    named = {"sha256": sha256(body).hexdigest(), "media_type": image.media_type}
    await tx.run(_KEEP, **named, body=body)
    return named | {"size": len(body)}


def _told(kind: type[QuoteTemplateEvent], one: QuoteTemplate) -> QuoteTemplateEvent:
    return kind.of(one, languages=sorted(one.texts), logo=one.logo and one.logo["sha256"])
