"""What people do with a version of a policy document, and what each step needs. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from shared.acts import Act, Subject, who
from shared.auth.actor import Actor, Role
from shared.errors import Invalid, Problem, Unmet
from shared.events.policy import PolicyActivated, PolicyApproved, PolicyDraftChanged, PolicyDrafted, PolicyScheduled, PolicyWithdrawn
from shared.policy.document import LABEL_ZH, Document, Part
from shared.policy.record import PolicyState, Version
from shared.sentences import sentence

DRAFT, APPROVED, ACTIVE, RETIRED, WITHDRAWN = PolicyState
DRAFTERS = (Role.sales_ops, Role.admin)
LEADING = (Role.manager, Role.regional_head)
"""They draft the documents that are about their teams."""
DECIDERS = (Role.director, *DRAFTERS)


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides besides the version itself: the active one, another that waits for its time, and what the document can do."""

    active: int
    waiting: int | None = None
    simulates: bool = True


POLICY = Subject[Version, Facts](
    name="policy_version",
    label="version of a policy",
    states=PolicyState,
    state=lambda version: version.state,
    owner=lambda version, _: version.author_id,
    not_owner=Unmet("not_author", "Only its author or an admin may do this."),
    wrong_state=lambda version, needed: Unmet("wrong_state", f"The version is {version.state}; this needs {' or '.join(needed)}."),
)


def _is_newest(version: Version, facts: Facts, _: Actor) -> Iterator[Unmet]:
    if version.based_on != facts.active:
        says = f"Version {facts.active} has become active since; this is based on version {version.based_on}. Look at `diff`"
        yield Unmet("outdated", f"{says} and change the draft." if version.state is DRAFT else f"{says}, withdraw this and draft again.")


def _approve_needs(version: Version, facts: Facts, by: Actor) -> Iterator[Unmet]:
    if version.author_id == by.id:
        yield Unmet("own_draft", "You drafted it. Another director must approve it.")
    yield from _is_newest(version, facts, by)


def _activate_needs(version: Version, facts: Facts, by: Actor) -> Iterator[Unmet]:
    yield from _is_newest(version, facts, by)
    if facts.waiting not in (None, version.number):
        yield Unmet("other_waits", f"Version {facts.waiting} waits for its time; activate or withdraw that one first.")


def _simulate_needs(_: Version, facts: Facts, by: Actor) -> Iterator[Unmet]:
    if not facts.simulates:
        yield Unmet("no_simulation", "There is no simulation for this document.")


def _path(version: Version, _: Actor, **body: Any) -> dict[str, Any]:
    return {"policy": version.name, "number": version.number, **body}


DRAW_UP = Act(
    of=POLICY,
    name="draft",
    operation="draft_policy",
    who=who(*DRAFTERS, *LEADING),
    makes=True,
    to=(DRAFT,),
    tells=(PolicyDrafted,),
    says="Drafts a version: the active document, and what it says otherwise.",
    asks="Something that differs, within the limits of each field.",
)
CHANGE = Act(
    of=POLICY,
    name="change",
    operation="change_policy_draft",
    who=who(Role.admin, own=(*DRAFTERS, *LEADING)),
    states=(DRAFT,),
    tells=(PolicyDraftChanged,),
    refused="The draft cannot be changed.",
    code="policy_not_changeable",
    says="Changes a draft, which is then based on the version that is active now.",
    sample=lambda version, by: _path(version, by, note="As agreed"),
)
APPROVE = Act(
    of=POLICY,
    name="approve",
    operation="approve_policy",
    who=who(Role.director),
    states=(DRAFT,),
    to=(APPROVED,),
    needs=_approve_needs,
    tells=(PolicyApproved,),
    refused="The draft cannot be approved.",
    code="policy_not_approvable",
    says="A director says yes to the draft of somebody else.",
    asks="Another author, and no other version that became active since.",
    sample=_path,
)
ACTIVATE = Act(
    of=POLICY,
    name="activate",
    operation="activate_policy",
    who=who(*DECIDERS),
    states=(APPROVED,),
    moves=((APPROVED, ACTIVE),),
    needs=_activate_needs,
    tells=(PolicyActivated, PolicyScheduled),
    refused="The version cannot become active.",
    code="policy_not_activatable",
    says="Makes an approved version active, at once or from a moment on.",
    asks="No other version that waits, or that became active since.",
    sample=_path,
)
WITHDRAW = Act(
    of=POLICY,
    name="withdraw",
    operation="withdraw_policy",
    who=who(Role.director, Role.admin, own=(*DRAFTERS, *LEADING)),
    states=(DRAFT, APPROVED),
    to=(WITHDRAWN,),
    tells=(PolicyWithdrawn,),
    refused="The version cannot be withdrawn.",
    code="policy_not_withdrawable",
    says="Gives up a draft, or an approved version before its time.",
    asks="A reason.",
    sample=lambda version, by: _path(version, by, reason="Not needed any more"),
)
SIMULATE = Act(
    of=POLICY,
    name="simulate",
    operation="simulate_policy",
    who=who(*DECIDERS),
    states=(DRAFT, APPROVED),
    needs=_simulate_needs,
    refused="The version cannot be simulated.",
    code="policy_not_simulatable",
    says="Looks at the real records of the last days: for which would it decide otherwise?",
    asks="A document that has a simulation.",
    sample=_path,
)
START = Act(
    of=POLICY,
    name="start",
    states=(APPROVED,),
    to=(ACTIVE,),
    tells=(PolicyActivated,),
    says="Its time has come: it is active. The defaults of a new database, and a company's new zone, are so at once.",
)
RETIRE = Act(
    of=POLICY,
    name="retire",
    states=(ACTIVE,),
    to=(RETIRED,),
    says="Another version has become active.",
)
POLICY_ACTS = (DRAW_UP, CHANGE, APPROVE, ACTIVATE, WITHDRAW, SIMULATE, START, RETIRE)


# -- What a document says ------------------------------------------------------------------------------------------------------


class InvalidDocument(Problem):
    """A document that does not fit its fields (422). `errors` point into the body."""

    status, code, title = Invalid.status, Invalid.code, Invalid.title


def checked(model: type[Document], document: Mapping[str, Any]) -> Document:
    """The document if every field is as it may be. Raises `InvalidDocument` with all that is wrong."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        errors = [_told(model, problem) for problem in error.errors()]
    raise InvalidDocument(f"{errors[0]['pointer']}: {errors[0]['message']}", errors=errors)


def _told(model: type[Document], problem: Any) -> dict[str, str]:
    steps = [str(step) for step in problem["loc"]]
    says = sentence(problem)
    if problem["type"] == "extra_forbidden":
        names = [path[-1] for path, _ in fields_of(model)]
        near = get_close_matches(steps[-1], names, 1)
        says = f"{says} Did you mean {near[0]}?" if near else says
    pointer = "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in ["document", *steps])
    return {"pointer": pointer, "code": problem["type"], "message": says}


def merged(model: type[BaseModel], base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with what is given. A part keeps the fields that are not given; a list or a table of days is given whole."""
    result = dict(base)
    for name, new in given.items():
        part = part_of(model.model_fields.get(name))
        inside = isinstance(new, Mapping) and isinstance(base.get(name), Mapping)
        result[name] = merged(part, base[name], new) if part and inside else new
    return result


def part_of(field: FieldInfo | None) -> type[Part] | None:
    """The part that a field is; None for a value, and for a list of parts."""
    kind = field.annotation if field else None
    return kind if isinstance(kind, type) and issubclass(kind, Part) else None


def fields_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """The values of a document, with the way to each; parts are looked into."""
    for name, field in model.model_fields.items():
        part = part_of(field)
        if part:
            yield from fields_of(part, (*path, name))
        else:
            yield (*path, name), field


def labels(model: type[BaseModel], path: Sequence[str]) -> tuple[str, str]:
    """The names of a value in English and Chinese, with those of the parts around it."""
    english, chinese = [], []
    for name in path:
        field = model.model_fields[name]
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        english.append(field.title or name)
        chinese.append(str(extra.get(LABEL_ZH, name)))
        model = part_of(field) or model
    return ", ".join(english), "，".join(chinese)


@dataclass(frozen=True, slots=True)
class Changed:
    """A value that two versions of a document say otherwise. `pointer` leads to it in the document."""

    pointer: str
    title: str
    title_zh: str
    before: Any
    after: Any


def differences(model: type[BaseModel], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Changed]:
    """What `after` says otherwise, in the order of the document. Both must be documents of this release."""
    found = []
    for path, _ in fields_of(model):
        old, new = _at(before, path), _at(after, path)
        if old != new:
            found.append(Changed("/" + "/".join(path), *labels(model, path), old, new))
    return found


def _at(document: Mapping[str, Any], path: Sequence[str]) -> Any:
    inside: Any = document
    for name in path:
        inside = inside[name]
    return inside
