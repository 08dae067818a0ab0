"""PATCH bodies: what is not given stays as it is, and null is only for what may be empty (RFC 7396).

class TeamPatch(Patch, TeamFields):
    '''All fields of a team, each of which may be left out.'''

changes = body.given()
"""

from typing import Any

from pydantic import Field

from shared.http.body import Body

NOT_GIVEN: Any = Field(default_factory=lambda: None)
"""A default that no document shows and no null passes for; `exclude_unset` leaves it out."""


class Patch(Body):
    """The base of PATCH bodies: every field may be left out, inherited ones too."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for field in cls.model_fields.values():
            field.default, field.default_factory = NOT_GIVEN.default, NOT_GIVEN.default_factory
        cls.model_rebuild(force=True)

    def given(self, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The fields that the caller gave, as they were read; None for what is to be emptied."""
        return {name: getattr(self, name) for name in self.model_fields_set - without}
