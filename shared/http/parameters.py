"""The query parameters of a list, read and checked here.

As a query-parameter model of FastAPI they take 390 µs more of each request for the leads, 30 % of its CPU (`make bench`, R1).
"""

from collections.abc import Collection, Mapping
from typing import Any, Literal

from fastapi import Request, Response

from shared.access.kinds import Kind as Records
from shared.access.kinds import masked_somewhere, unmasked
from shared.auth.actor import Actor
from shared.errors import Forbidden, Invalid
from shared.http import cursor
from shared.http.filters import Compare, Filter, Kind, PersonFilter
from shared.http.page import Asked, PageRequest, want_fields
from shared.spelling import searched

LIMIT, MOST = 50, 200


class Parameters:
    """An async dependency that gives a `PageRequest`.

    `openapi_parameters` is what the OpenAPI document shows of it.
    """

    def __init__(
        self,
        filters: Mapping[str, Filter],
        sorts: Mapping[str, Kind],
        default: str,
        *,
        key: Kind,
        searchable: bool,
        personal: Collection[str] = (),
        records: Records | None = None,
        embeds: Collection[str] = (),
    ) -> None:
        """`key` breaks ties, `embeds` are what a page can name beside its items.

        `personal` are the parameters for those who see the `records` unmasked; `q` where it finds nothing else.
        """
        self.sorts, self.default, self.key_kind = sorts, default, key
        self.searchable = searchable
        self.filters, self.personal, self._records = filters, frozenset(personal), records
        self.embeds = sorted(embeds)
        self._filters = {f.parameter(operator): (f, operator) for f in filters.values() for operator in f.operators()}
        self._directions = [d + name for name in sorts for d in ("", "-")]
        self.openapi_parameters = [f.documented(operator) for f, operator in self._filters.values()] + self._common()

    async def __call__(self, request: Request, response: Response) -> PageRequest:
        given: dict[str, list[str]] = {}
        for name, text in request.query_params.multi_items():
            given.setdefault(name, []).append(text)
        asked = self.asked(request.state.actor, given)
        sort = _one_of(given, "sort", self._directions) or self.default
        belongs_to = cursor.about(
            request.scope["path"], sort, sorted((n, t) for n, t in given.items() if n in self._filters), given.get("q")
        )
        if "fields" in given:
            want_fields(request, ",".join(given["fields"]))
        return PageRequest(
            request=request,
            response=response,
            limit=_limit(given),
            sort=sort,
            after=self._read_cursor(request, given, belongs_to, sort, asked.values),
            counted=_one_of(given, "count", ["exact"]) is not None,
            embed=self._embed(given) if self.embeds else (),
            belongs_to=belongs_to,
            filters=asked.filters,
            q=asked.q,
            masked=asked.masked,
            values=asked.values,
        )

    def asked(self, by: Actor, given: Mapping[str, list[str]]) -> Asked:
        """Which rows somebody asks for by these parameters, each with its texts; those of other kinds are passed over."""
        masked = masked_somewhere(by) if self._records is None else not unmasked(self._records, by)
        if masked:
            self._refuse_personal(given)
        values: dict[str, Any] = {}
        filters: list[tuple[str, Compare]] = []
        for name in given.keys() & self._filters.keys():
            filter_, operator = self._filters[name]
            texts = filter_.asked_by(by.id, given[name]) if isinstance(filter_, PersonFilter) else given[name]
            compare, value = filter_.read(operator, texts)
            filters.append((filter_.name, compare))
            if compare != "none":
                values[filter_.bound(compare)] = value
        return Asked(filters=tuple(sorted(filters)), q=self._read_q(given, values), masked=masked, values=values)

    @property
    def narrowing(self) -> list[str]:
        """The parameters that say which rows are asked for."""
        return [*self._filters, *(["q"] if self.searchable else [])]

    @staticmethod
    def key(request: Request) -> bytes:
        secret: str = request.app.state.settings.cursor_key.get_secret_value()
        return secret.encode()

    def _read_cursor(
        self, request: Request, given: Mapping[str, list[str]], belongs_to: bytes, sort: str, values: dict[str, Any]
    ) -> Literal["start", "value", "null"]:
        text = _single(given, "cursor")
        if text is None:
            return "start"
        value, row_id = cursor.read(self.key(request), belongs_to, text)
        values["after_id"] = self.key_kind.stored(str(row_id))
        if value is None:
            return "null"
        values["after"] = self.sorts[sort.removeprefix("-")].stored(value)
        return "value"

    def _embed(self, given: Mapping[str, list[str]]) -> tuple[str, ...]:
        asked = tuple(sorted({name for text in given.get("embed", ()) for name in text.split(",")}))
        if not set(asked) <= set(self.embeds):
            raise Invalid(f"embed takes a comma list of {', '.join(self.embeds)}.", pointer="embed", code="bad_parameter")
        return asked

    def _read_q(self, given: Mapping[str, list[str]], values: dict[str, Any]) -> str | None:
        text = _single(given, "q")
        if text is None:
            return None
        if not 0 < len(text) <= 200 or "\0" in text:
            raise Invalid("q takes a text of up to 200 characters.", pointer="q", code="bad_parameter")
        literal = (searched(text) or text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values["q"] = f"%{literal}%"
        return text

    def _refuse_personal(self, given: Mapping[str, list[str]]) -> None:
        """Refuse to filter or sort by what the caller sees masked: it would be found letter by letter."""
        asked = [name.partition("[")[0] for name in given] + [text.removeprefix("-") for text in given.get("sort", ())]
        if names := sorted(self.personal.intersection(asked)):
            raise Forbidden(f"{names[0]} looks at personal data, which your role does not see; leave it out.", code="masked")

    def _common(self) -> list[dict[str, Any]]:
        def parameter(name: str, says: str, schema: dict[str, Any]) -> dict[str, Any]:
            return {"name": name, "in": "query", "required": False, "description": says, "schema": schema}

        text = {"type": "string", "minLength": 1, "maxLength": 200}
        embeds = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": self.embeds}}
        says = "What the page names beside its items: of each record its name, once, as far as you see it."
        embed = {**parameter("embed", says, embeds), "style": "form", "explode": False}
        return [
            *(
                [parameter("q", "Finds this text in the names and titles, in any case and however its characters are composed.", text)]
                if self.searchable
                else []
            ),
            parameter("sort", "`-` sorts downwards; rows without a value come last.", {"enum": self._directions, "default": self.default}),
            parameter("limit", "Items per page.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT}),
            parameter("cursor", "The `next_cursor` of the page before.", {"type": "string", "minLength": 1}),
            parameter("count", "`exact` adds how many there are in all.", {"type": "string", "enum": ["exact"]}),
            parameter("fields", "A comma list of the items' fields to send; all when left out.", {"type": "string"}),
            *([embed] if self.embeds else []),
        ]


def _limit(given: Mapping[str, list[str]]) -> int:
    text = _single(given, "limit")
    if text is None:
        return LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST):
        raise Invalid(f"limit takes a whole number from 1 to {MOST}.", pointer="limit", code="bad_parameter")
    return int(text)


def _one_of(given: Mapping[str, list[str]], name: str, allowed: list[str]) -> str | None:
    text = _single(given, name)
    if text is not None and text not in allowed:
        raise Invalid(f"{name} takes one of {', '.join(allowed)}.", pointer=name, code="bad_parameter")
    return text


def _single(given: Mapping[str, list[str]], name: str) -> str | None:
    texts = given.get(name)
    if texts is not None and len(texts) > 1:
        raise Invalid(f"{name} is given more than once.", pointer=name, code="bad_parameter")
    return texts[0] if texts else None
