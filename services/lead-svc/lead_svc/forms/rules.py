"""What is done with forms and submissions, and how a submission is read. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_type_hints

from pydantic import TypeAdapter, ValidationError

from lead_svc.forms.fields import CONSENT, FILLED, SUBMISSION_ID, TOUCHES, VISITOR_ID, ConsentText, Definition, FormField
from lead_svc.forms.record import FORM, SUBMISSION, FormState, Submission, SubmissionState
from lead_svc.leads.fields import LeadDetails
from shared.acts import ANYBODY, Act, who
from shared.auth.actor import Actor, Role
from shared.errors import Invalid, Problem, Unmet
from shared.events.form import FormChanged, FormDefined, FormSubmissionAccepted, FormSwitchedOff, FormSwitchedOn, LeadFormSubmitted
from shared.fields import Key, Short, Text
from shared.sentences import sentence

KEEPERS = who(Role.marketing, Role.sales_ops, Role.admin)
READERS = who(*KEEPERS.every, Role.director, Role.ops, Role.auditor)
"""Who sees all leads also sees by which forms they came."""

DEFINE = Act(
    of=FORM,
    name="define",
    operation="define_form",
    who=KEEPERS,
    makes=True,
    to=(FormState.ON,),
    tells=(FormDefined,),
    says="Defines a web form: its inputs, what they fill of a lead, and what the person is asked to agree to.",
    asks="A key that no form has. An e-mail or phone that is required.",
)
CHANGE = Act(
    of=FORM,
    name="change",
    operation="change_form",
    who=KEEPERS,
    tells=(FormChanged,),
    says="Changes the definition, as a new version; the key stays, and so do the texts of earlier versions.",
    asks="Another version of a consent for another text.",
    sample=lambda form, _: {"key": form.key, "name": "Talk to us"},
)
SWITCH_OFF = Act(
    of=FORM,
    name="switch_off",
    operation="switch_form_off",
    who=KEEPERS,
    states=(FormState.ON,),
    to=(FormState.OFF,),
    tells=(FormSwitchedOff,),
    refused="The form cannot be switched off.",
    code="cannot_switch_off",
    says="Takes no submissions any more.",
    sample=lambda form, _: {"key": form.key},
)
SWITCH_ON = Act(
    of=FORM,
    name="switch_on",
    operation="switch_form_on",
    who=KEEPERS,
    states=(FormState.OFF,),
    to=(FormState.ON,),
    tells=(FormSwitchedOn,),
    refused="The form cannot be switched on.",
    code="cannot_switch_on",
    says="Takes submissions again.",
    sample=lambda form, _: {"key": form.key},
)
SUBMIT = Act(
    of=SUBMISSION,
    name="submit",
    operation="submit_form",
    who=ANYBODY,
    makes=True,
    to=(SubmissionState.RECEIVED, SubmissionState.HELD),
    refused="The form is closed: it takes nothing any more.",
    code="form_off",
    says="Sends a form, without a token.",
    asks="A form that is on, a site that it allows, and what it asks for.",
)
TAKE = Act(
    of=SUBMISSION,
    name="take",
    who=who(),
    states=(SubmissionState.RECEIVED,),
    to=(SubmissionState.TAKEN, SubmissionState.REFUSED),
    tells=(LeadFormSubmitted,),
    says="Makes a signal of what was sent, finds or makes the lead, and keeps the consents.",
)


def _accept_needs(one: Submission, _facts: None, _by: Actor) -> list[Unmet]:
    return [Unmet("erased", "What was sent is erased: it was kept as long as the policy says.")] if one.erased_at else []


ACCEPT = Act(
    of=SUBMISSION,
    name="accept",
    operation="accept_submission",
    who=KEEPERS,
    states=(SubmissionState.HELD,),
    to=(SubmissionState.RECEIVED,),
    needs=_accept_needs,
    tells=(FormSubmissionAccepted,),
    refused="The submission cannot be accepted.",
    code="cannot_accept",
    says="Says that a person has sent it, after all; then it is taken like others.",
)
FORM_ACTS = (CHANGE, SWITCH_OFF, SWITCH_ON)
SUBMISSION_ACTS = (ACCEPT,)


def may_read(by: Actor) -> bool:
    return READERS.may_ever(by)


def text_changed(definition: Definition, before: Collection[Definition]) -> Invalid | None:
    """Whether a version of a consent text would stand for another text than it once did: then nobody knows what was agreed to."""
    known = {(one.purpose, one.text_version): (one.text, one.text_zh) for earlier in before for one in earlier.consents}
    for n, one in enumerate(definition.consents):
        if known.get((one.purpose, one.text_version), (one.text, one.text_zh)) != (one.text, one.text_zh):
            says = "This version stood for another text; give the new text a new version."
            return Invalid(says, pointer=f"/consents/{n}/text_version", code="text_changed")
    return None


# -- What somebody sends -----------------------------------------------------------------------------------------------------


class Wrong(NamedTuple):
    """An input that is not as the form asks for."""

    name: str
    code: str
    says: str


_HINTS = get_type_hints(LeadDetails, include_extras=True)
_READS: Mapping[str | None, TypeAdapter[Any]] = {
    None: TypeAdapter(Text),
    **{name: TypeAdapter(_HINTS[name]) for name in FILLED},
}
"""What an answer must look like: as the field of the lead that it fills, or any text."""
_SHORT, _KEY = TypeAdapter[str](Short), TypeAdapter[str](Key)


@dataclass(frozen=True, slots=True)
class Sent:
    """A submission as it was read."""

    submission_id: str | None
    visitor_id: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    consents: Mapping[str, str] = field(default_factory=dict)
    touch: Mapping[str, str] = field(default_factory=dict)
    trapped: bool = False


class NotAsAsked(Problem):
    """What was sent is not what the form asks for (422), with everything that is wrong."""

    status = 422
    code = "invalid"
    title = "The request is not valid"

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        listed = [{"pointer": f"/{name}" if name else "", "code": code, "message": says} for name, code, says in wrong]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        super().__init__(f"{listed[0]['pointer'] or 'body'}: {wrong[0].says}{more}", errors=listed)


def read(definition: Definition, given: Mapping[str, Any], texts: Mapping[str, Collection[str]]) -> Sent:
    """What was sent, by the definition. `texts`: the versions of consent texts, by purpose, that this form has ever shown.

    Blank inputs count as not given. What people cannot see on the page, such as what the address said, is left out where it does not
    fit: nobody could set it right.
    """
    wrong: list[Wrong] = []
    left = {name: value for name, value in given.items() if value not in (None, "") and not (isinstance(value, str) and not value.strip())}
    trapped = definition.trap is not None and left.pop(definition.trap, None) is not None
    touch = {name: text for name in TOUCHES if (text := _fitting(_SHORT, left.pop(f"utm_{name}", None)))}
    visitor = _fitting(_KEY, left.pop(VISITOR_ID, None))
    id = left.pop(SUBMISSION_ID, None)
    if id is not None and (id := _fitting(_KEY, id)) is None:
        wrong.append(Wrong(SUBMISSION_ID, "bad_id", "Write 1 to 200 characters that can be read."))
    consents: dict[str, str] = {}
    for asked in definition.consents:
        found, problem = _agreed(asked, left.pop(f"{CONSENT}{asked.purpose}", None), texts)
        consents |= found
        wrong += problem
    answers: dict[str, str] = {}
    for one in definition.fields:
        value, refused = _answer(one, left.pop(one.name, None))
        answers |= {one.name: value} if value is not None else {}
        wrong += refused
    wrong += [Wrong(name[:100], "not_in_form", "The form has no input of this name.") for name in left]
    if wrong:
        raise NotAsAsked(wrong)
    return Sent(id, visitor, answers, consents, touch, trapped)


def _agreed(text: ConsentText, value: Any, texts: Mapping[str, Collection[str]]) -> tuple[dict[str, str], list[Wrong]]:
    name = f"{CONSENT}{text.purpose}"
    if value is None:
        return {}, [Wrong(name, "consent_needed", "The form is not sent without this consent.")] if text.required else []
    if not isinstance(value, str) or value not in texts.get(text.purpose, ()):
        return {}, [Wrong(name, "unknown_text_version", "Send the version of the text that the page showed.")]
    return {text.purpose.value: value}, []


def _answer(asked: FormField, value: Any) -> tuple[str | None, list[Wrong]]:
    if value is None:
        return None, [Wrong(asked.name, "missing", "This is needed.")] if asked.required else []
    try:
        text: str = _READS[asked.lead_field].validate_python(value, strict=True)
    except ValidationError as error:
        return None, [Wrong(asked.name, one["type"], sentence(one)) for one in error.errors()[:1]]
    if len(text) > asked.longest:
        return None, [Wrong(asked.name, "string_too_long", f"Write at most {asked.longest} characters.")]
    if asked.options and text not in asked.options:
        return None, [Wrong(asked.name, "not_an_option", "Choose one of those that the form offers.")]
    return text, []


def _fitting(kind: TypeAdapter[str], value: Any) -> str | None:
    try:
        return kind.validate_python(value, strict=True) if value is not None else None
    except ValidationError:
        return None


def of_lead(definition: Definition, answers: Mapping[str, str]) -> dict[str, str]:
    """What the answers say of the lead's own fields."""
    return {one.lead_field: answers[one.name] for one in definition.fields if one.lead_field and one.name in answers}
