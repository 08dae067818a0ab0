"""What people say of a view, once: bodies and answers follow from it."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from shared.fields import Name, Short, lines

MOST_FILTERS, MOST_COLUMNS = 30, 100
Given = Annotated[str, lines(1000)]


class ViewFields(BaseModel):
    name: Annotated[Name, Field(description="One that none of your other views of this list has.")]
    filters: Annotated[
        dict[Short, Given],
        Field(
            max_length=MOST_FILTERS,
            description="Query parameters of the list and their values, as its address has them, `q` too. "
            "A filter by `me` is about whoever uses the view.",
            examples=[{"state": "mql,sql", "captured_at[gte]": "2026-01-01T00:00:00Z", "owner_id": "me"}],
        ),
    ] = Field(default_factory=dict)
    sort: Annotated[
        Short | None, Field(description="As the list takes it; null: as the list is sorted by itself.", examples=["-score"])
    ] = None
    columns: Annotated[
        list[Short],
        Field(
            max_length=MOST_COLUMNS,
            description="Fields of the list's items, in the order in which they are shown. Empty: as the page does.",
        ),
    ] = Field(default_factory=list)
    team_id: Annotated[UUID | None, Field(description="Shared with this team: your own, or one below it. Null: it is yours alone.")] = None
