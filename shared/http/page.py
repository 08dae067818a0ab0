"""What a list answers with, and the part of a request that asks for it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, cast, get_args
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from shared.errors import Invalid
from shared.http.filters import Compare

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page of a list.

    `next_cursor` is null on the last one; the same address stands in the `Link` header, rel="next".
    """

    items: list[T] = Field(description="Each with all of its fields; where the list was asked for some (`fields`), with those alone.")
    next_cursor: str | None = Field(description="Send it as `cursor`, with everything else as before, for the next page.")
    count: int | SkipJsonSchema[None] = Field(
        default=None, exclude_if=lambda value: value is None, description="How many there are in all; only with `count=exact`."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which rows of a list the caller asked for, read and checked: its filters, and the text that is searched.

    `values` are the bind parameters of `filters` and `q`.
    """

    filters: tuple[tuple[str, Compare], ...]
    q: str | None
    masked: bool
    """The reader sees these records masked, so nothing is searched that holds personal data."""
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest(Asked):
    """What the caller asked of a list, read and checked. `values` are also the bind parameters of the cursor."""

    request: Request
    response: Response
    limit: int
    sort: str
    after: Literal["start", "value", "null"]
    counted: bool
    embed: tuple[str, ...]
    """What is named beside the items."""
    belongs_to: bytes

    def link_next(self, cursor: str) -> None:
        """RFC 8288, relative to this address: which host the caller sees is the gateway's business."""
        others = [(name, value) for name, value in self.request.query_params.multi_items() if name != "cursor"]
        self.response.headers["Link"] = f'<{self.request.scope["path"]}?{urlencode([*others, ("cursor", cursor)])}>; rel="next"'


def item_of(page: type[BaseModel]) -> type[BaseModel]:
    """The model of the items of a page."""
    (item,) = get_args(page.model_fields["items"].annotation)
    return cast(type[BaseModel], item)


def want_fields(request: Request, given: str) -> None:
    """Remember which fields of the items the caller wants (`fields=id,amount`), for `only_wanted`."""
    model = item_of(request.scope["route"].response_model)
    wanted = frozenset(given.split(","))
    if not wanted <= model.model_fields.keys():
        raise Invalid(f"fields takes a comma list of {', '.join(model.model_fields)}.", pointer="fields", code="unknown_field")
    request.state.fields = wanted


def only_wanted(response: Response, fields: Collection[str]) -> None:
    page = orjson.loads(response.body)
    page["items"] = [{name: value for name, value in item.items() if name in fields} for item in page["items"]]
    response.body = orjson.dumps(page)
    response.headers["content-length"] = str(len(response.body))
