"""What people say of teams and of the people in them, once: bodies, answers and filters follow from it."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool, WithJsonSchema

from shared.auth.actor import Role
from shared.fields import Email, Name

PersonRole = Annotated[Role, WithJsonSchema({"type": "string", "enum": [role for role in Role if role is not Role.system]})]


class TeamFields(BaseModel):
    name: Name
    parent_id: Annotated[UUID | None, Field(description="The team above.")] = None


class PersonFields(BaseModel):
    name: Name
    role: PersonRole
    email: Email | None = None
    team_id: UUID | None = None
    active: StrictBool = True
