"""What a condition may ask of a lead, how it asks, and what makes sense together."""

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Self, TypeAlias

from pydantic import ValidationInfo, field_validator, model_validator

from lead_svc.leads.fields import LeadDetails
from lead_svc.leads.record import Grade, State
from shared.fields import personal
from shared.policy.document import Part, value

BESIDE = ("score", "prediction")
"""Figures of a lead that change by themselves, and are rows of their own."""
NUMBERS = (*BESIDE, "bant_score", "responses", "no_response_count", "reactivations")
CHOICES: dict[str, type[StrEnum] | None] = {"state": State, "grade": Grade, "intent": None}
TEXTS = tuple(name for name in LeadDetails.model_fields if name not in personal(LeadDetails))
"""Who somebody is, is no ground to treat them otherwise, and no matter for a policy that everybody reads."""

if TYPE_CHECKING:
    LeadField: TypeAlias = str
else:
    LeadField = StrEnum("LeadField", {name.upper(): name for name in (*TEXTS, *CHOICES, *NUMBERS)})


class Op(StrEnum):
    """How a field is looked at. Text is compared by what it says, whatever its case or width."""

    IS = "is"
    """One of the values."""
    IS_NOT = "is_not"
    """None of the values; also when nothing is known."""
    CONTAINS = "contains"
    """One of the values is part of it."""
    STARTS_WITH = "starts_with"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    KNOWN = "known"
    UNKNOWN = "unknown"


_OF_NUMBERS = (Op.AT_LEAST, Op.AT_MOST)
_OF_PARTS = (Op.CONTAINS, Op.STARTS_WITH)
_WITHOUT_VALUES = (Op.KNOWN, Op.UNKNOWN)


def fitting(field: str) -> tuple[Op, ...]:
    """How this field can be looked at."""
    if field in NUMBERS:
        return (*_OF_NUMBERS, *_WITHOUT_VALUES)
    return tuple(op for op in Op if op not in _OF_NUMBERS and not (field in CHOICES and op in _OF_PARTS))


class Condition(Part):
    """One thing that must be true of a lead."""

    field: LeadField = value("source", "Field", "字段", "Which field of the lead.")
    op: Op = value(Op.KNOWN, "Test", "判断方式", "How the field is looked at.")
    values: tuple[str | int, ...] = value((), "Values", "取值", "What it is compared with; one of several is enough.", max_length=200)

    @field_validator("values")
    @classmethod
    def _as_numbers(cls, values: tuple[str | int, ...], info: ValidationInfo) -> tuple[str | int, ...]:
        """Files write every value as a text."""
        if info.data.get("op") not in _OF_NUMBERS:
            return values
        return tuple(int(one) if isinstance(one, str) and re.fullmatch(r"-?\d{1,9}", one, re.ASCII) else one for one in values)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.op not in fitting(self.field):
            raise ValueError(f"{self.field} can be looked at by {', '.join(fitting(self.field))}, not by {self.op}")
        if self.op in _WITHOUT_VALUES:
            if self.values:
                raise ValueError(f"{self.op} takes no values")
        elif self.op in _OF_NUMBERS:
            if len(self.values) != 1 or not isinstance(self.values[0], int):
                raise ValueError(f"{self.op} takes one whole number")
        elif not self.values or not all(isinstance(one, str) and one.strip() for one in self.values):
            raise ValueError(f"{self.op} takes one or more texts")
        elif (choice := CHOICES.get(self.field)) and (unknown := set(self.values) - set(choice)):
            raise ValueError(f"{self.field} is one of {', '.join(choice)}; not {min(map(str, unknown))}")
        return self

    @property
    def says(self) -> str:
        """In words, for example "region is EMEA or APAC"."""
        words = " or ".join(map(str, self.values))
        return f"{self.field} {_WORDS[self.op]} {words}".rstrip()


_WORDS = {
    Op.IS: "is",
    Op.IS_NOT: "is not",
    Op.CONTAINS: "contains",
    Op.STARTS_WITH: "starts with",
    Op.AT_LEAST: "is at least",
    Op.AT_MOST: "is at most",
    Op.KNOWN: "is known",
    Op.UNKNOWN: "is not known",
}


def conditions(says: str) -> tuple[Condition, ...]:
    """A field of a document with conditions, all of which must hold; without any it always holds."""
    found: tuple[Condition, ...] = value((), "Conditions", "条件", f"{says} All must hold; without any it always does.", max_length=20)
    return found
