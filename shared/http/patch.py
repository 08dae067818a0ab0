"""PATCH bodies: what is not given stays as it is, and null is only for what may be empty (RFC 7396).

class TeamPatch(BaseModel):
    name: str = NOT_GIVEN
    parent_id: UUID | None = NOT_GIVEN

changes = body.model_dump(exclude_unset=True)
"""

from typing import Any

from pydantic import Field

NOT_GIVEN: Any = Field(default_factory=lambda: None)
"""A default that no document shows and no null passes for; `exclude_unset` leaves it out."""
