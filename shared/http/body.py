"""The base of every request body."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A field that we do not know is refused: it may be misspelt, or one that the caller counts on."""

    model_config = ConfigDict(extra="forbid")
