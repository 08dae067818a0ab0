"""Days on which somebody is away, as their row holds them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from shared.acts import Subject
from shared.errors import Unmet
from shared.stored import Stored


@dataclass(frozen=True, slots=True)
class Absence:
    """From the first to the last day, both included: days where the company is. Why, nobody needs to know."""

    id: UUID
    version: int
    person_id: Annotated[UUID, Stored(refers="person.id")]
    first_day: date
    last_day: date
    created_at: datetime
    updated_at: datetime


ABSENCE = Subject[Absence, bool](
    name="absence",
    label="absence",
    owner=lambda absence, _: absence.person_id,
    # What is asked besides: whether the person is in the actor's teams.
    not_owner=Unmet("not_own", "Only this person, a manager of theirs or sales operations may do this."),
)
