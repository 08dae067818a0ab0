"""The base of every request body."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from shared.fields import Text, When

Work = Annotated[
    StrictBool,
    Field(description="Start tasks and deadlines also for what happened long ago. By default nothing starts for history."),
]


class Body(BaseModel):
    """A field that we do not know is refused: it may be misspelt, or one that the caller counts on."""

    model_config = ConfigDict(extra="forbid")

    def only(self, of: type[BaseModel]) -> dict[str, Any]:
        """The values of the fields that `of` declares, as they were read."""
        return {name: getattr(self, name) for name in of.model_fields}


class Dated(Body):
    """Something that happened in the business, now or at the time that the caller names."""

    at: When = None


NOW = Dated()


class Reasoned(Dated):
    reason: Text
