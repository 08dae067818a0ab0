"""The people that a page of a list names, beside its items: `embed=owner`. One statement for the page, and only when it is asked for."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID

from fastapi import Query as Parameter
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy import select

from lead_svc.team.tables import PERSON
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.http.page import Page

T = TypeVar("T")


@dataclass(frozen=True)
class OwnerName:
    """Who owns some of the items. `name` is null for somebody whom only an import has named so far."""

    id: UUID
    name: str | None
    team_id: UUID | None
    active: bool


class PageOfOwned(Page[T], Generic[T]):
    """A page of a list of records that somebody owns."""

    owners: list[OwnerName] | SkipJsonSchema[None] = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="The people who own the items, each once; only with `embed=owner`.",
    )


Embed = Annotated[Literal["owner"] | None, Parameter(description="`owner` adds the names of the items' owners, as `owners`.")]

_NAMES = Query(select(PERSON.c.id, PERSON.c.name, PERSON.c.team_id, PERSON.c.active).where(is_in(PERSON.c.id, "ids")), OwnerName)


async def owners_of(db: Reader, embed: str | None, owners: Collection[UUID | None]) -> list[OwnerName] | None:
    """Those of these people whom the roster knows, by their names; None unless they are asked for."""
    if embed is None:
        return None
    ids = {id for id in owners if id is not None}
    found = await db.all(_NAMES, ids=list(ids)) if ids else []
    return sorted(found, key=lambda one: (one.name or "", one.id))
