"""The rules that do something when something happens to a lead."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Self

from pydantic import model_validator

from lead_svc.automation.circles import circle, triggers
from lead_svc.automation.fields import ActionKind, Repeat, Trigger
from lead_svc.conditions.fields import Condition, conditions
from lead_svc.leads.record import Grade
from shared.policy.document import Document, Part, Policy, value

LONGEST_CHAIN = 5
"""Rules that one thing sets off one after the other."""
_TEMPLATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", re.ASCII)


class Action(Part):
    """One thing that a rule does."""

    kind: ActionKind = value(ActionKind.TELL, "Kind", "动作", "What is done; each kind takes the values that are for it.")
    person: str = value(
        "", "Person", "人员", "`assign`: who gets the lead, by key or id. Empty: whom the rules of assignment say, where nobody owns it.",
        max_length=200,
    )  # fmt: skip
    grade: Grade | None = value(None, "Grade", "等级", "`set_grade`: the grade, until BANT gives another one.")
    text: str = value("", "Task", "任务内容", "`set_task`: what the owner is to do.", max_length=200)
    hours: int = value(8, "Working hours", "工作小时", "`set_task`: until it is due.", ge=1, le=2000)
    template: str = value("", "Template", "模板", "`tell`: what another system does, by its own key, such as a mail.", max_length=100)
    to_person: bool = value(True, "To the person", "发给本人", "`tell`: it writes to the person, so their consent is asked.")

    @model_validator(mode="after")
    def _says_what_it_needs(self) -> Self:
        if self.kind is ActionKind.SET_GRADE and self.grade is None:
            raise ValueError("say which grade is set")
        if self.kind is ActionKind.SET_TASK and not self.text.strip():
            raise ValueError("say what is to be done")
        if self.kind is ActionKind.TELL and not _TEMPLATE.fullmatch(self.template):
            raise ValueError("name a template: letters, digits, dots, dashes and slashes")
        for name, kind in (("person", ActionKind.ASSIGN), ("grade", ActionKind.SET_GRADE), ("text", ActionKind.SET_TASK)):
            if getattr(self, name) and self.kind is not kind:
                raise ValueError(f"{name} is for {kind}, not for {self.kind}")
        if self.template and self.kind is not ActionKind.TELL:
            raise ValueError(f"template is for {ActionKind.TELL}, not for {self.kind}")
        return self


class Rule(Part):
    """When something happens to a lead that meets the conditions, this is done."""

    name: str = value("", "Name", "名称", "What people see as the reason; each rule has its own.", min_length=1, max_length=80)
    on: tuple[Trigger, ...] = value(
        (), "When", "触发事件", "What sets it off. Empty: as soon as the lead meets the conditions.", max_length=len(Trigger)
    )
    of: tuple[str, ...] = value(
        (), "Of", "限定种类", "Signals of these kinds, forms of these keys, contacts of these kinds. Empty: of any.", max_length=100
    )
    conditions: tuple[Condition, ...] = conditions("Which leads the rule is for.")
    do: tuple[Action, ...] = value((), "Do", "执行动作", "What is done, in this order.", min_length=1, max_length=10)
    repeat: Repeat = value(Repeat.ONCE, "Repeat", "重复方式", "Once for each lead, or each time that it is set off.")
    history: bool = value(
        False, "History too", "包括历史数据", "Also for what was imported, or happened long ago. By default nothing is done for history."
    )

    @model_validator(mode="after")
    def _can_be_set_off(self) -> Self:
        if not self.on and not self.conditions:
            raise ValueError(f"the rule {self.name} needs something that sets it off, or conditions")
        if not self.on and self.repeat is Repeat.EACH_TIME:
            raise ValueError(f"the rule {self.name} is done once for each lead; say what sets it off for more")
        kinds = {action.kind for action in self.do}
        if len(kinds) < len([a for a in self.do if a.kind is not ActionKind.TELL]) + (ActionKind.TELL in kinds):
            raise ValueError(f"the rule {self.name} does the same twice")
        return self


class AutomationPolicy(Document):
    """What is done by itself when something happens to a lead. Without rules nothing is."""

    rules: tuple[Rule, ...] = value((), "Rules", "自动化规则", "All that a lead meets are done, in their order.", max_length=100)

    @cached_property
    def by_trigger(self) -> Mapping[Trigger, Sequence[Rule]]:
        """The rules that each thing sets off, in their order."""
        return {trigger: [rule for rule in self.rules if trigger in triggers(rule)] for trigger in Trigger}

    @model_validator(mode="after")
    def _apart(self) -> Self:
        names = [rule.name for rule in self.rules]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two rules have the name {min(twice)}")
        if found := circle(self.rules):
            raise ValueError(f"these rules would set each other off in a circle: {', '.join([*found, found[0]])}")
        return self


POLICY = Policy("lead-svc", AutomationPolicy, name="automation")
