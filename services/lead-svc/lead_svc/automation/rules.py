"""Which rules something sets off, and what each does to a lead. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from lead_svc.automation.fields import ActionKind, LeftOut
from lead_svc.automation.policy import Action, Rule
from lead_svc.conditions.fields import BESIDE
from lead_svc.leads.record import HELD, OPEN, Lead, State
from shared.auth.actor import person_id
from shared.events.envelope import Event
from shared.events.form import LeadFormSubmitted
from shared.events.lead import LeadAssigned, LeadInteractionLogged, LeadMqlReached, LeadRegraded, LeadTookOver, LeadUpdated
from shared.events.signal import LeadSignalRecorded

BY_RULE = "automation"
"""What `lead.assigned` and `lead.regraded` say in `rule`."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the rules need to know besides the leads. `people`: whom they can give leads to, with the team of each."""

    people: Mapping[UUID, UUID | None]
    no_mql: frozenset[UUID] = frozenset()
    """Leads whose person has not allowed it, and those that must not be written to."""
    no_mail: frozenset[UUID] = frozenset()
    assigns: bool = False
    """Whether there are rules of assignment."""
    policy_version: int = 1


@dataclass(slots=True)
class Draft:
    """What a rule does with a lead. `lead` is as it will be."""

    lead: Lead
    events: list[Event] = field(default_factory=list)
    done: list[Action] = field(default_factory=list)
    left: dict[ActionKind, LeftOut] = field(default_factory=dict)

    def said(self) -> dict[str, str]:
        """Action -> done, or why it was left out."""
        return {action.kind.value: "done" for action in self.done} | {kind.value: why.value for kind, why in self.left.items()}


def is_of(rule: Rule, event: Event) -> bool:
    """Whether what happened is of a kind that the rule is for.

    A rule that waits for its conditions is for changes of the fields that they ask for: a lead that met them long ago is not new to it.
    """
    if not rule.on and isinstance(event, LeadUpdated | LeadTookOver):
        asked = {one.field for one in rule.conditions}
        return not asked.isdisjoint(event.changed) or not asked.isdisjoint(BESIDE)
    if not rule.of:
        return True
    match event:
        case LeadFormSubmitted():
            return event.form in rule.of
        case LeadSignalRecorded() | LeadInteractionLogged():
            return event.kind in rule.of
    return True


def people_of(rules: Sequence[Rule]) -> set[UUID]:
    return {person_id(action.person) for action in _actions(rules) if action.person}


def asks(rules: Sequence[Rule], kind: ActionKind) -> bool:
    """Whether one of the rules does something that needs the consent of the person."""
    return any(action.kind is kind and (kind is not ActionKind.TELL or action.to_person) for action in _actions(rules))


def asks_beside(rules: Sequence[Rule]) -> bool:
    """Whether a condition asks for a figure that is a row of its own."""
    return any(one.field in BESIDE for rule in rules for one in rule.conditions)


def _actions(rules: Sequence[Rule]) -> Iterator[Action]:
    return (action for rule in rules for action in rule.do)


def apply(rule: Rule, lead: Lead, given: Given) -> Draft:
    """Do with the lead what the rule says of the lead alone; tasks and the rules of assignment come after."""
    draft = Draft(lead)
    for action in rule.do:
        if why := _refused(action, draft.lead, given):
            draft.left[action.kind] = why
            continue
        draft.done.append(action)
        match action.kind:
            case ActionKind.SET_GRADE if action.grade:
                draft.events.append(LeadRegraded(old=draft.lead.grade, new=action.grade, rule=BY_RULE, policy_version=given.policy_version))
                draft.lead = replace(draft.lead, grade=action.grade)
            case ActionKind.PROMOTE:
                draft.events.append(LeadMqlReached(how="manual", rule_name=rule.name))
                draft.lead = replace(draft.lead, state=State.MQL)
            case ActionKind.ASSIGN if action.person:
                draft.lead, told = _assigned(rule, person_id(action.person), draft.lead, given)
                draft.events.append(told)
    return draft


def _assigned(rule: Rule, to: UUID, lead: Lead, given: Given) -> tuple[Lead, Event]:
    said: dict[str, Any] = {"owner_id": to, "team_id": given.people[to]}
    told = LeadAssigned(**said, previous_owner_id=lead.owner_id, rule=BY_RULE, rule_name=rule.name, policy_version=given.policy_version)
    return replace(lead, **said), told


def _refused(action: Action, lead: Lead, given: Given) -> LeftOut | None:
    match action.kind:
        case ActionKind.SET_GRADE:
            return LeftOut.WRONG_STATE if lead.state not in HELD else LeftOut.SAME_GRADE if lead.grade is action.grade else None
        case ActionKind.PROMOTE:
            return LeftOut.WRONG_STATE if lead.state is not State.CAPTURED else LeftOut.CONSENT if lead.id in given.no_mql else None
        case ActionKind.ASSIGN:
            return _not_given(action, lead, given)
        case ActionKind.SET_TASK:
            return None if lead.state in OPEN else LeftOut.WRONG_STATE
        case ActionKind.TELL:
            return LeftOut.CONSENT if action.to_person and lead.id in given.no_mail else None


def _not_given(action: Action, lead: Lead, given: Given) -> LeftOut | None:
    if lead.state not in OPEN:
        return LeftOut.WRONG_STATE
    if not action.person:
        return LeftOut.OWNED if lead.owner_id else None if given.assigns else LeftOut.NO_RULES
    to = person_id(action.person)
    return LeftOut.UNFIT_OWNER if to not in given.people else LeftOut.SAME_OWNER if lead.owner_id == to else None
