"""What people say of teams and of the people in them, once: bodies, answers and filters follow from it."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, WithJsonSchema, model_validator

from shared.auth.actor import Role
from shared.fields import Email, Name, OfDay
from shared.policy.company import Weekday, WorkingTime

PersonRole = Annotated[Role, WithJsonSchema({"type": "string", "enum": [role for role in Role if role is not Role.system]})]


class TeamFields(BaseModel):
    name: Name
    parent_id: Annotated[UUID | None, Field(description="The team above.")] = None


class Hours(BaseModel):
    """A part of a working day."""

    model_config = ConfigDict(extra="forbid")

    begins: OfDay
    ends: OfDay


class Works(BaseModel):
    """When a person works. All three are said: nothing of it follows what the company changes later."""

    model_config = ConfigDict(extra="forbid")

    week: Annotated[list[Weekday], Field(description="The days of their week.", min_length=1, max_length=7)]
    hours: Annotated[list[Hours], Field(description="On a working day, in order.", min_length=1, max_length=6)]
    zone: Annotated[str, Field(description="Where they are.", examples=["Europe/Berlin"])]

    @model_validator(mode="after")
    def _as_the_company_says_it(self) -> Self:
        try:
            self.time  # noqa: B018
        except ValidationError as error:
            raise ValueError(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from None
        return self

    @property
    def time(self) -> WorkingTime:
        return WorkingTime.model_validate(self.model_dump(mode="json"))


class PersonFields(BaseModel):
    name: Name
    role: PersonRole
    email: Email | None = None
    team_id: UUID | None = None
    active: StrictBool = True
    works: Annotated[Works | None, Field(description="When they work, if not when the company does.")] = None
