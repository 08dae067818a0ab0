"""What the operations share: who may use them, which letters they list, why one is given up."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Table

from shared.acts import Act, Subject, who
from shared.auth import Role
from shared.errors import Unmet
from shared.fields import Reason
from shared.http.body import Body

OPERATIONS: Subject[Any, None] = Subject(
    name="operations",
    label="operations",
    owner=lambda *_: None,
    not_owner=Unmet("not_owner", "Operations belong to nobody."),
)
OPERATE = Act(
    of=OPERATIONS,
    name="operate",
    operation="list_dead_letters",
    who=who(Role.admin, Role.ops),
    says="See the letters and timers that wait, deal with letters again, and give them up.",
)


class LetterState(StrEnum):
    open = "open"
    settled = "settled"


def by_state(letters: Table) -> dict[LetterState, ColumnElement[bool]]:
    """The condition for the letters of each state. The same objects each time: see `Listing.page`."""
    return {LetterState.open: letters.c.settled_at.is_(None), LetterState.settled: letters.c.settled_at.is_not(None)}


class DropIn(Body):
    reason: Annotated[Reason, Field(min_length=3, max_length=500)]


class RedrivenOut(BaseModel):
    settled: int = Field(description="Letters dealt with now: this one and those of its subject behind it.")
    left: int = Field(description="Letters of the subject that are still open.")
    error: str | None = Field(description="Why it stopped, if it did.")
