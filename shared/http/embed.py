"""What a page of a list names beside its items, when it is asked to: `embed=owner,account`. One statement for each, never one for an item.

LIST = Listing(LEAD, LeadItem, embeds={"owner": Embedded("owner_id", "owners", OwnerName, read_owners)}, ...)

@router.get("", response_model=LIST.page_of(LeadItem))
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import GenericAlias
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import SkipJsonSchema

from shared.auth import Actor
from shared.db.query import Query
from shared.db.tx import Reader
from shared.http.page import Page

Read = Callable[[Reader, Actor, list[UUID]], Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Embedded:
    """Records that items name by the id in their `field`; they stand `beside` the items, each once, as `shows` has them.

    `read` gives those of these ids that the actor may see, masked as they see them.
    """

    field: str
    beside: str
    shows: type[Any]
    read: Read


Embeds = Mapping[str, Embedded]


def all_of(query: Query[Any]) -> Read:
    """Read those with these `ids`, where whoever sees an item may see what it names."""

    async def read(db: Reader, _: Actor, ids: list[UUID]) -> Sequence[Any]:
        return await db.all(query, ids=ids)

    return read


def page_of(item: type[BaseModel], embeds: Embeds) -> Any:
    """The model of a page of these items, with a field for whatever it can embed."""
    fields: dict[str, Any] = {
        one.beside: (
            GenericAlias(list, (one.shows,)) | SkipJsonSchema[None],  # type: ignore[misc]
            Field(
                default=None,
                exclude_if=lambda value: value is None,
                description=f"Those that the items name in `{one.field}`, each once; only with `embed={name}`.",
            ),
        )
        for name, one in embeds.items()
    }
    return create_model(f"PageOf{item.__name__}", __base__=Page[item], __doc__=Page.__doc__, **fields)  # type: ignore[valid-type]


async def embedded(db: Reader, by: Actor, embeds: Embeds, asked: Collection[str], items: Iterable[Any]) -> dict[str, Sequence[Any]]:
    """What was asked for, of what these items name: rows, models or dicts."""
    found = {}
    for one in (embeds[name] for name in asked):
        named = {item[one.field] if isinstance(item, dict) else getattr(item, one.field) for item in items} - {None}
        found[one.beside] = await one.read(db, by, sorted(named)) if named else []
    return found
