"""How often leads are followed up, how soon somebody responds first, and what happens when nobody does."""

from enum import StrEnum
from typing import Self

from pydantic import model_validator

from lead_svc.leads.record import Grade
from shared.policy.document import Document, Part, Policy, value


class Unit(StrEnum):
    """What the time between two touches is counted in."""

    HOURS = "hours"
    DAYS = "days"
    MONTHS = "months"


class Rhythm(Part):
    """How leads of one grade are followed up."""

    every: int = value(7, "Every", "间隔", "How long after the last touch the next one is due, moved into working time.", ge=1, le=1000)
    unit: Unit = value(Unit.DAYS, "Unit", "间隔单位", "Hours, days or months of the calendar.")
    hint: str = value("", "Playbook hint", "跟进要点", "What to talk about, in English.", max_length=1000)
    hint_zh: str = value("", "Playbook hint in Chinese", "跟进要点（中文）", "What to talk about, in Chinese.", max_length=1000)
    first_response_hours: int = value(
        4, "Hours to the first response", "首次响应时限", "Working hours from the assignment; 0 for no limit.", ge=0, le=1000
    )


_HOT = Rhythm(
    every=84,
    unit=Unit.HOURS,
    hint="Details of the solution, and cases of customers who succeeded with it.",
    hint_zh="方案细节与成功案例。",
)
_WARM = Rhythm(
    every=7,
    unit=Unit.DAYS,
    hint="Figures of their industry, and what the problem costs them.",
    hint_zh="行业数据与痛点分析。",
)
_COLD = Rhythm(
    every=1,
    unit=Unit.MONTHS,
    hint="Trends of their market, and light reading.",
    hint_zh="行业趋势与轻量内容。",
)


class Rhythms(Part):
    """The rhythm of each grade."""

    A: Rhythm = value(_HOT, "Grade A", "A级", "Budget, decision maker and time are clear: twice a week.")
    B: Rhythm = value(_WARM, "Grade B", "B级", "The need is clear: once a week.")
    C: Rhythm = value(_COLD, "Grade C", "C级", "First contact, or a vague need: once a month.")

    def of(self, grade: Grade) -> Rhythm:
        found: Rhythm = getattr(self, grade)
        return found


class CadencePolicy(Document):
    """How leads are followed up."""

    grades: Rhythms = value(Rhythms(), "Rhythm by grade", "各等级跟进节奏", "How often leads of each grade are touched, and with what.")
    warn_percent: int = value(
        75, "Warn at percent", "预警比例", "A first response is warned of when so much of its time is over; 0 for no warning.", ge=0, le=99
    )
    back_to_queue: bool = value(
        False, "Back to the queue", "超时退回公海", "A lead whose first response was missed loses its owner and is in the pool again."
    )
    overdue_hours: int = value(
        8, "Hours until overdue", "逾期宽限", "Working hours after its time from which a follow-up counts as overdue.", ge=1, le=1000
    )
    escalate_hours: int = value(
        24, "Hours until escalated", "上报时限", "Working hours after its time from which those above the owner are told.", ge=1, le=1000
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.escalate_hours < self.overdue_hours:
            raise ValueError("escalate_hours must not be less than overdue_hours")
        return self


POLICY = Policy("lead-svc", CadencePolicy, name="cadence")
