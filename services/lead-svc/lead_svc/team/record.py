"""Teams and the people in them, as their rows hold them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from shared.acts import Subject
from shared.auth.actor import Role
from shared.errors import Unmet
from shared.stored import Stored


@dataclass(frozen=True, slots=True)
class Team:
    id: UUID
    external_id: Annotated[str | None, Stored(unique=True)]
    name: str
    parent_id: Annotated[UUID | None, Stored(refers="team.id")]
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can own records. A stub (`imported`, without a name) until their own data comes."""

    id: UUID
    external_id: Annotated[str | None, Stored(unique=True)]
    name: str | None
    email: str | None
    role: Role
    team_id: Annotated[UUID | None, Stored(refers="team.id")]
    active: Annotated[bool, Stored(default="true")]
    works: Annotated[dict[str, Any] | None, Stored(comment="week, hours, zone; empty: as the company does")]
    imported: Annotated[bool, Stored(default="false", comment="named by an import before anybody entered it")]
    created_at: datetime
    updated_at: datetime
    version: int


_NOT_KEEPER = Unmet("role", "Only an admin or sales operations keeps the roster.")
TEAM = Subject[Team, None](
    name="team",
    label="team",
    owner=lambda *_: None,
    not_owner=_NOT_KEEPER,
)
PERSON = Subject[Person, None](
    name="person",
    label="person",
    owner=lambda *_: None,
    not_owner=_NOT_KEEPER,
)
