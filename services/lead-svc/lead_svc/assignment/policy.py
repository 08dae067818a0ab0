"""The rules by which leads without an owner are given to people, and how many leads somebody may have."""

from enum import StrEnum
from itertools import combinations
from typing import Self

from pydantic import model_validator

from lead_svc.assignment.overlap import covers
from lead_svc.conditions.fields import Condition, conditions
from lead_svc.leads.record import OPEN, State
from shared.policy.document import Document, Part, Policy, value


class Strategy(StrEnum):
    """Which of the people of a rule gets the next lead."""

    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"
    WEIGHTED = "weighted"
    ACCOUNT_OWNER = "account_owner"


class Otherwise(StrEnum):
    """What happens when nobody of a rule can take the lead."""

    QUEUE = "queue"
    NEXT = "next"


class Returned(StrEnum):
    """Who is next for a lead that went back by itself."""

    POOL = "pool"
    RULES = "rules"


class Seat(Part):
    """A person of a rule."""

    person: str = value("", "Person", "人员", "Their key, as other systems name them, or their id.", min_length=1, max_length=200)
    weight: int = value(
        1, "Weight", "权重", "With the strategy `weighted`: how many leads they get for one of somebody with 1.", ge=1, le=100
    )


class Rule(Part):
    """Leads that meet the conditions go to these people."""

    name: str = value(
        "", "Name", "名称", "What people see as the reason of an assignment; each rule has its own.", min_length=1, max_length=80
    )
    conditions: tuple[Condition, ...] = conditions("Which leads the rule is for.")
    people: tuple[Seat, ...] = value((), "People", "人员", "Who gets these leads.", max_length=500)
    team: str = value("", "Team", "团队", "The sellers of this team, and of those below it: its key or id.", max_length=200)
    strategy: Strategy = value(Strategy.ROUND_ROBIN, "Strategy", "分配方式", "Which of them gets the next one.")
    working_hours_only: bool = value(False, "Working hours only", "仅工作时间", "Whoever is not at work at that moment is passed over.")
    otherwise: Otherwise = value(
        Otherwise.QUEUE, "Otherwise", "无人可分配时", "When nobody can take it: it waits in the queue, or the next rule is asked."
    )

    @model_validator(mode="after")
    def _for_somebody(self) -> Self:
        by_account = self.strategy is Strategy.ACCOUNT_OWNER
        if by_account and (self.people or self.team):
            raise ValueError(f"the rule {self.name} goes to the owner of the account: leave out people and team")
        if not by_account and bool(self.people) == bool(self.team):
            raise ValueError(f"the rule {self.name} needs either people or a team")
        named = [seat.person for seat in self.people]
        if len(set(named)) < len(named):
            raise ValueError(f"the rule {self.name} names somebody twice")
        return self


class AssignmentPolicy(Document):
    """Who gets the leads that nobody owns. Without rules they stay in the pool."""

    rules: tuple[Rule, ...] = value(
        (), "Rules", "分配规则", "In their order: the first one whose conditions a lead meets decides.", max_length=200
    )
    capacity: int = value(
        0, "Open leads of a person", "人均线索上限", "Rules give nobody more open leads than this; 0 for no limit.", ge=0, le=100_000
    )
    capacities: dict[str, int] = value(
        {}, "Other limits", "个人线索上限", "Of people with another limit, by their key or id; 0 gives them none.", max_length=5000
    )
    counted: tuple[State, ...] = value(
        OPEN, "States that count", "计入上限的状态", "Leads of these states count as open.", min_length=1, max_length=10
    )
    returned_in_absence: bool = value(
        False,
        "Returned while its owner is away",
        "负责人休假时重新激活",
        "A lead that is taken up again while its owner is away goes by the rules, as one does whose owner has left.",
    )
    returned: Returned = value(
        Returned.POOL,
        "Leads that went back",
        "退回线索去向",
        "A lead that went back by itself (nobody responded or touched it, too many, its owner left) stays in the pool, or goes to "
        "somebody else by the rules.",
    )
    again_minutes: int = value(
        30,
        "Minutes until again",
        "重试间隔分钟",
        "Leads in the queue that a rule had nobody for are looked at again after this.",
        ge=1,
        le=10_080,
    )

    @model_validator(mode="after")
    def _each_can_decide(self) -> Self:
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names):
            raise ValueError("each rule needs a name of its own")
        for earlier, later in combinations(self.rules, 2):
            if (
                earlier.otherwise is Otherwise.QUEUE
                and earlier.strategy is not Strategy.ACCOUNT_OWNER
                and covers(earlier.conditions, later.conditions)
            ):
                raise ValueError(
                    f"the rule {later.name} never decides: every lead that it is for meets {earlier.name} before; put it first"
                )
        if any(limit < 0 for limit in self.capacities.values()):
            raise ValueError("a limit is 0 or more")
        return self


POLICY = Policy("lead-svc", AssignmentPolicy, name="assignment", of_teams=True)
