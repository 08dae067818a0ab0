"""What the operations have in common: who may use them, which letters they list, and why one is given up."""

from enum import StrEnum
from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, Field

from shared.auth import Actor, Role, require
from shared.fields import Reason
from shared.http.body import Body

Operator = Annotated[Actor, Depends(require(Role.admin, Role.ops))]


class LetterState(StrEnum):
    open = "open"
    settled = "settled"


class DropIn(Body):
    reason: Annotated[Reason, Field(min_length=3, max_length=500)]


class RedrivenOut(BaseModel):
    settled: int = Field(description="Letters dealt with now: this one and those of its subject behind it.")
    left: int = Field(description="Letters of the subject that are still open.")
    error: str | None = Field(description="Why it stopped, if it did.")
