"""What sets a rule off, and whether rules would set each other off for ever. Pure."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Protocol

from lead_svc.automation.fields import ActionKind, Trigger
from lead_svc.conditions.fields import Condition
from lead_svc.conditions.rules import holds
from lead_svc.leads.record import Grade, State


class Does(Protocol):
    @property
    def kind(self) -> ActionKind: ...
    @property
    def grade(self) -> Grade | None: ...


class SetOff(Protocol):
    """A rule, as far as this is about."""

    @property
    def name(self) -> str: ...
    @property
    def on(self) -> tuple[Trigger, ...]: ...
    @property
    def conditions(self) -> tuple[Condition, ...]: ...
    @property
    def do(self) -> Sequence[Does]: ...


_STATES = (Trigger.MQL_REACHED, Trigger.QUALIFIED, Trigger.NURTURED, Trigger.DISQUALIFIED, Trigger.REACTIVATED)
_BY_FIELD: dict[str, tuple[Trigger, ...]] = {
    "state": _STATES,
    "grade": (Trigger.REGRADED,),
    "intent": (Trigger.INTENT_RECORDED,),
    "bant_score": (Trigger.BANT_UPDATED,),
    "responses": (Trigger.CONTACTED,),
    "no_response_count": (Trigger.CONTACTED, Trigger.REACTIVATED),
    "reactivations": (Trigger.REACTIVATED,),
    "prediction": (Trigger.PREDICTED,),
    "score": (
        Trigger.SCORED,
        Trigger.SIGNAL,
        Trigger.CHANGED,
        Trigger.BANT_UPDATED,
        Trigger.INTENT_RECORDED,
        Trigger.CONTACTED,
    ),
}
"""What changes a field. All others are changed by people."""


def triggers(rule: SetOff) -> frozenset[Trigger]:
    """What sets the rule off: what it names, or else whatever changes a field that its conditions ask for."""
    if rule.on:
        return frozenset(rule.on)
    found = {trigger for one in rule.conditions for trigger in _BY_FIELD.get(one.field, (Trigger.CHANGED,))}
    return frozenset({Trigger.CAPTURED, *found})


def circle(rules: Sequence[SetOff]) -> list[str]:
    """The names of rules each of which would set off the next one, and the last one the first; nothing where there are none."""
    after = {rule.name: [other.name for other in rules if any(_sets_off(action, other) for action in rule.do)] for rule in rules}
    done: set[str] = set()
    for name in after:
        if found := _round(name, after, [], done):
            return found
    return []


def _round(name: str, after: dict[str, list[str]], path: list[str], done: set[str]) -> list[str]:
    if name in path:
        return path[path.index(name) :]
    if name in done:
        return []
    for other in after[name]:
        if found := _round(other, after, [*path, name], done):
            return found
    done.add(name)
    return []


def _sets_off(action: Does, rule: SetOff) -> bool:
    """Whether what the action leaves can set the rule off: the event does, and no condition on the field that it sets rules it out."""
    trigger, field, value = _leaves(action)
    if trigger is None or trigger not in triggers(rule):
        return False
    about: list[Condition] = [one for one in rule.conditions if one.field == field]
    lead: Any = SimpleNamespace(**{field: value})
    return holds(about, lead)


def _leaves(action: Does) -> tuple[Trigger | None, str, Any]:
    match action.kind:
        case ActionKind.SET_GRADE:
            return Trigger.REGRADED, "grade", action.grade
        case ActionKind.PROMOTE:
            return Trigger.MQL_REACHED, "state", State.MQL
        case ActionKind.ASSIGN:
            return Trigger.ASSIGNED, "", None
        case _:
            return None, "", None
