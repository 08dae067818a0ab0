"""What operations do with templates of quotes' documents. Pure.

For one channel, and for all others together, at most one version of one template is active.
"""

from dataclasses import dataclass

from deal_svc.catalog.rules import KEEPERS
from deal_svc.quote_templates.record import QuoteTemplate, TemplateState
from shared.acts import Act, Subject
from shared.auth.actor import Actor
from shared.errors import Unmet
from shared.events.quote_template import QuoteTemplateActivated, QuoteTemplateChanged, QuoteTemplateDrafted, QuoteTemplateRetired


@dataclass(frozen=True, slots=True)
class TemplateFacts:
    """`newest`: whether no later version is there."""

    newest: bool = True


TEMPLATE: Subject[QuoteTemplate, TemplateFacts] = Subject(
    name="quote_template",
    label="quote template",
    states=TemplateState,
    state=lambda one: one.state,
    owner=lambda *_: None,
    not_owner=Unmet("not_operations", "Only operations keep templates."),
)


def _to_revise(_one: QuoteTemplate, facts: TemplateFacts, _by: Actor) -> list[Unmet]:
    return [] if facts.newest else [Unmet("newer_version", "There is a newer version; revise that one.")]


DRAFT_TEMPLATE = Act(
    of=TEMPLATE,
    name="create",
    operation="create_quote_template",
    who=KEEPERS,
    makes=True,
    to=(TemplateState.DRAFT,),
    tells=(QuoteTemplateDrafted,),
    says="Drafts a template, or its next version.",
    asks="A name that no template has.",
)
CHANGE = Act(
    of=TEMPLATE,
    name="change",
    operation="update_quote_template",
    who=KEEPERS,
    states=(TemplateState.DRAFT,),
    refused="The template cannot be changed.",
    code="quote_template_not_changeable",
    wrong_state=Unmet("not_draft", "Only a draft can be changed; revise the template for a new version."),
    tells=(QuoteTemplateChanged,),
    says="Changes a draft; texts are given all together.",
    sample=lambda *_: {"accent": "#333333"},
)
ACTIVATE = Act(
    of=TEMPLATE,
    name="activate",
    operation="activate_quote_template",
    who=KEEPERS,
    states=(TemplateState.DRAFT,),
    to=(TemplateState.ACTIVE,),
    refused="The template cannot be activated.",
    code="quote_template_not_activatable",
    tells=(QuoteTemplateActivated,),
    says="Quotes that are sent from now on have documents made with it; the one before it for the same channel is retired.",
)
RETIRE = Act(
    of=TEMPLATE,
    name="retire",
    operation="retire_quote_template",
    who=KEEPERS,
    states=(TemplateState.ACTIVE, TemplateState.DRAFT),
    to=(TemplateState.RETIRED,),
    refused="The template cannot be retired.",
    code="quote_template_not_retirable",
    tells=(QuoteTemplateRetired,),
    says="No quote is sent with it any more; those that were keep it.",
)
REVISE = Act(
    of=TEMPLATE,
    name="revise",
    operation="revise_quote_template",
    who=KEEPERS,
    states=(TemplateState.ACTIVE, TemplateState.RETIRED),
    needs=_to_revise,
    refused="There can be no new version.",
    code="quote_template_not_revisable",
    tells=(QuoteTemplateDrafted,),
    says="Drafts the next version of the template; this one stands until that one is active.",
    asks="The newest version.",
)
QUOTE_TEMPLATE_ACTS = (DRAFT_TEMPLATE, CHANGE, ACTIVATE, RETIRE, REVISE)
