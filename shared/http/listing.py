"""Lists: filters, sort, search and signed keyset cursors.

One statement per page, page 1000 as fast as page 1.

DEALS = Listing(DEAL, Deal, filters={"stage": DEAL.c.stage, "amount": DEAL.c.amount}, sorts=("created_at", "amount"), default="-created_at")

@router.get("", response_model=Page[DealOut])
async def list_deals(page: Annotated[PageRequest, Depends(DEALS.params)], db: Reading, by: CurrentActor) -> Page[Any]:
    return await DEALS.page(db, page, where=SEEN_ROWS.listed(by), params=SEEN_ROWS.params(by))
"""

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Generic, Literal, Protocol, TypeVar, cast
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from starlette.responses import Response

from shared.access.kinds import Kind
from shared.auth import Actor
from shared.db.query import Query
from shared.db.tx import Reader
from shared.fields import personal
from shared.http import cursor
from shared.http.embed import Embeds, embedded, page_of
from shared.http.filters import Compare, Filter, PersonFilter, TeamFilter, choices_in, kind_of
from shared.http.page import Asked, Page, PageRequest
from shared.http.parameters import Parameters

__all__ = ["Listing", "Page", "PageRequest", "described"]

R = TypeVar("R")

_ALL = true()


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides the text of a statement; the values do not. `where` counts by which object it is."""

    filters: tuple[tuple[str, Compare], ...]
    searched: Literal["", "all", "public"]
    sort: str
    after: Literal["start", "value", "null"]
    condition: int
    where: ColumnElement[bool] = field(compare=False)
    how: str = ""


class Search(Protocol):
    """What `q` asks where a list has an index of texts: the columns are not read then."""

    async def read(self, db: Reader, q: str) -> tuple[str, dict[str, Any]]:
        """How to look for a text, and the parameters of that way."""

    def condition(self, how: Any, public: bool) -> ColumnElement[bool]:
        """The rows that have the text; `public`: by what is not personal of them."""


class Listing(Generic[R]):
    """A list of the rows of `table` (or of a subquery), each read into `into`: a dataclass, or the model of an item.

    `filters` are query parameters by name; the column's type decides their operators. A list that filters by `team_id` does so by
    `team` too: with the teams below. `sorts` are columns of `into`; NULLs come last in both directions, and `key` breaks ties: the id,
    or what else tells the rows apart that one answer lists. Every sort wants an index on (column, key). `search` are the columns that
    `q` looks in, whatever the form that a name is written in.
    `index`, where there is one, is asked in place of these columns.
    `people` are filters by a person's id besides the `owner_id`; they take `me` too. `stored` are filters whose texts have a stored
    form, and what gives it by the active policy. `personal` are those of all these columns that hold personal data or what customers
    said: roles that see the `kind` of records masked cannot filter or sort by them, and `q` passes them over. Without a kind that is
    who sees any kind masked.
    `embeds` are the records that a page can name beside its items: `shared.http.embed`.
    `beside` are columns of other tables that `into` names, and `source` is what joins these to the table.
    A filter of another kind stands ready-made in place of its column.
    """

    def __init__(
        self,
        table: FromClause,
        into: type[R],
        *,
        filters: Mapping[str, ColumnElement[Any] | Filter],
        sorts: Sequence[str],
        default: str,
        search: Sequence[ColumnElement[Any]] = (),
        index: Search | None = None,
        personal: Sequence[ColumnElement[Any]] = (),
        kind: Kind | None = None,
        people: Sequence[str] = (),
        stored: Mapping[str, Callable[[Reader], Callable[[str], str | None]]] = MappingProxyType({}),
        beside: Mapping[str, ColumnElement[Any]] = MappingProxyType({}),
        source: FromClause | None = None,
        key: str = "id",
        embeds: Embeds = MappingProxyType({}),
    ) -> None:
        hints = typing.get_type_hints(into)
        self.table, self.into, self.search, self._stored, self._index = table, into, tuple(search), stored, index
        self.embeds = embeds
        self._pages: dict[type[BaseModel], Any] = {}
        self._source = table if source is None else source
        self._key = table.c[key]
        self._columns: Mapping[str, ColumnElement[Any]] = {**table.c, **beside}
        self._model: Any = into if issubclass(into, BaseModel) else None
        self.names = tuple(into.model_fields) if issubclass(into, BaseModel) else tuple(f.name for f in fields(cast(Any, into)))
        self.filters: dict[str, Filter] = {}
        for name, c in filters.items():
            made = PersonFilter if name in ("owner_id", *people) else Filter
            self.filters[name] = c if isinstance(c, Filter) else made(name, c, choices_in(hints.get(getattr(c, "key", name))))
        if "team_id" in filters:
            self.filters["team"] = TeamFilter(self.filters["team_id"].column)
        self.sorts = {name: kind_of(self._columns[name]) for name in sorts}
        # A model need not show what its list is sorted by.
        self._read_too = tuple(name for name in sorts if name not in self.names) if self._model else ()
        if missing := {*sorts, default.removeprefix("-"), key} - {*self.names, *self._read_too}:
            raise TypeError(f"{into.__name__} has no {', '.join(sorted(missing))} to sort by")
        hidden = {c.key for c in personal}
        self._public = tuple(c for c in search if c.key not in hidden)
        unseen = [name for name, f in self.filters.items() if getattr(f.column, "key", name) in hidden] + [n for n in sorts if n in hidden]
        unseen += ["q"] if search and not self._public else []
        self.params = Parameters(
            self.filters,
            self.sorts,
            default,
            key=kind_of(self._key),
            searchable=bool(search),
            personal=unseen,
            records=kind,
            embeds=embeds,
        )
        self._query = lru_cache(maxsize=256)(self._compile)
        self._count = lru_cache(maxsize=256)(self._compile_count)
        self._query_ids = lru_cache(maxsize=64)(self._compile_ids)

    async def page(
        self,
        db: Reader,
        page: PageRequest,
        where: ColumnElement[bool] | None = None,
        params: Mapping[str, Any] | None = None,
        each: Callable[[R], Any] | None = None,
    ) -> Page[Any]:
        """One page, read by one statement (`count=exact` takes one more).

        `where` limits the list to what the caller may see, with `params` bound; `each` turns rows into what is answered. Give the same
        object for the same condition, as `visible` of its `Rows` does: a statement is compiled once for each.
        """
        query, records, next_cursor, count = await self._read(db, page, where, params)
        rows = [self._model.model_validate(dict(record)) if self._model else query.row(record) for record in records]
        return Page[Any].model_construct(items=[each(row) for row in rows] if each else rows, next_cursor=next_cursor, count=count)

    def page_of(self, item: type[BaseModel]) -> Any:
        """The model of a page of these items, for a route of a list with `embeds`: the same one each time."""
        if item not in self._pages:
            self._pages[item] = page_of(item, self.embeds)
        return self._pages[item]

    async def embedding(self, db: Reader, by: Actor, page: PageRequest, found: Page[Any]) -> Page[Any]:
        """The page with what it was asked to name beside its items. The route's model is `page_of` its items."""
        if not page.embed:
            return found
        model: type[Page[Any]] = page.request.scope["route"].response_model
        more: dict[str, Any] = await embedded(db, by, self.embeds, page.embed, found.items)
        return model.model_construct(**vars(found), **more)

    async def answer(
        self,
        db: Reader,
        page: PageRequest,
        where: ColumnElement[bool] | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        by: Actor,
        each: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> Response:
        """`page`, written as the columns are: neither rows nor models are made, which cost half as much CPU again (`make bench`, R1).

        For lists of ids, texts, whole numbers, yes or no, days and times. `each` gives what is answered of a row.
        """
        _, records, next_cursor, count = await self._read(db, page, where, params)
        items = [each(dict(zip(self.names, record, strict=False))) for record in records]
        counted = {} if count is None else {"count": count}
        more = await embedded(db, by, self.embeds, page.embed, items) if page.embed else {}
        body = orjson.dumps({"items": items, "next_cursor": next_cursor, **counted, **more}, default=str, option=orjson.OPT_UTC_Z)
        return Response(body, media_type="application/json", headers=page.response.headers)

    async def _read(
        self, db: Reader, page: PageRequest, where: ColumnElement[bool] | None, params: Mapping[str, Any] | None
    ) -> tuple[Query[R], Sequence[Any], str | None, int | None]:
        """The statement, what it found, the cursor of what follows, and how many there are where that was asked."""
        shape, given = await self._shape(db, page, where, params, page.sort, page.after)
        query, next_cursor, count = self._query(shape), None, None
        found = await db.records(query, limit=page.limit + 1, **given)
        kept = found[: page.limit]
        page.request.state.records = len(kept)
        if len(found) > page.limit:
            next_cursor = cursor.sign(self.params.key(page.request), page.belongs_to, _position(kept[-1], page.sort, self._key.key))
            page.link_next(next_cursor)
        if page.counted:
            count = await db.one(self._count(shape), **{k: v for k, v in given.items() if k not in ("after", "after_id")})
        return query, kept, next_cursor, count

    async def ids(
        self, db: Reader, asked: Asked, most: int, where: ColumnElement[bool] | None = None, params: Mapping[str, Any] | None = None
    ) -> tuple[list[UUID], int]:
        """The ids of the rows that somebody asks for, in their order, and how many there are: where they are more than `most`, no ids."""
        shape, given = await self._shape(db, asked, where, params, "id", "start")
        found = await db.all(self._query_ids(shape), limit=most + 1, **given)
        if len(found) <= most:
            return found, len(found)
        return [], await db.one(self._count(shape), **given)

    async def _shape(
        self,
        db: Reader,
        asked: Asked,
        where: ColumnElement[bool] | None,
        params: Mapping[str, Any] | None,
        sort: str,
        after: Literal["start", "value", "null"],
    ) -> tuple[_Shape, dict[str, Any]]:
        """What decides the text of the statement, and the values of its parameters."""
        limited = _ALL if where is None else where
        searched: Literal["", "all", "public"] = "" if asked.q is None else "public" if asked.masked else "all"
        given, how = {**asked.values, **(params or {}), **self._in_stored_form(db, asked)}, ""
        if asked.q is not None and self._index:
            how, more = await self._index.read(db, asked.q)
            given = {**{name: value for name, value in given.items() if name != "q"}, **more}
        return _Shape(asked.filters, searched, sort, after, id(limited), limited, how), given

    def _in_stored_form(self, db: Reader, asked: Asked) -> dict[str, Any]:
        """The texts of `stored` filters, each in the form that its column holds."""
        found: dict[str, Any] = {}
        for name, compare in asked.filters if self._stored else ():
            if name in self._stored and compare != "none":
                form, bound = self._stored[name](db), self.filters[name].bound(compare)
                given = asked.values[bound]
                found[bound] = form(given) or given if isinstance(given, str) else [form(text) or text for text in given]
        return found

    def _compile(self, shape: _Shape) -> Query[R]:
        name, descending = shape.sort.removeprefix("-"), shape.sort.startswith("-")
        column, key = self._columns[name], self._key
        nullable = column.table is not self.table or column.nullable
        directed: Callable[[Any], Any] = (lambda c: c.desc()) if descending else (lambda c: c.asc())
        limit = bindparam("limit", type_=Integer)
        # Sorting by the key alone leaves `(id, id)`, which Postgres reads as `id`.
        rows = select(*[self._columns[n].label(n) for n in (*self.names, *self._read_too)]).select_from(self._source)
        rows = rows.where(*self._conditions(shape)).order_by(directed(column), directed(key)).limit(limit)
        after_key = (key, bindparam("after_id", type_=self.params.key_kind.bind))
        after = _beyond(descending, (column, bindparam("after", type_=self.sorts[name].bind)), after_key)
        if not nullable:
            return Query(rows if shape.after == "start" else rows.where(after), self.into)
        # NULLs last, and still only index range scans on (column, id): what has a value, then, if that is no full page, what has none.
        without = rows.where(column.is_(None))
        if shape.after == "null":
            return Query(without.where(_beyond(descending, after_key)), self.into)
        has = rows.where(column.is_not(None))
        valued = (has if shape.after == "start" else has.where(after)).cte("valued")
        wanted = select(func.count()).select_from(valued).scalar_subquery() < limit
        both = union_all(select(*valued.c), without.where(wanted)).subquery("page")
        return Query(select(*both.c).order_by(directed(both.c[name]).nulls_last(), directed(both.c[key.key])).limit(limit), self.into)

    def _compile_count(self, shape: _Shape) -> Query[int]:
        counted: Select[Any] = select(func.count()).select_from(self._source).where(*self._conditions(shape))
        return Query(counted, int)

    def _compile_ids(self, shape: _Shape) -> Query[UUID]:
        id_ = self.table.c.id
        found = select(id_).select_from(self._source).where(*self._conditions(shape))
        return Query(found.order_by(id_).limit(bindparam("limit", type_=Integer)), UUID)

    def _conditions(self, shape: _Shape) -> list[ColumnElement[bool]]:
        conditions = [shape.where, *(self.filters[name].condition(compare) for name, compare in shape.filters)]
        if shape.searched and self._index:
            conditions.append(self._index.condition(shape.how, shape.searched == "public"))
        elif shape.searched:
            pattern = bindparam("q", type_=Text)
            columns = self._public if shape.searched == "public" else self.search
            conditions.append(or_(*[_contains(column, pattern) for column in columns]))
        return conditions


def described(table: FromClause, said: type[BaseModel]) -> dict[str, ColumnElement[Any]]:
    """Filters by everything that people say of a record, but for what is personal."""
    return {name: table.c[name] for name in said.model_fields if name not in personal(said)}


def _contains(column: ColumnElement[Any], pattern: ColumnElement[Any]) -> ColumnElement[bool]:
    """Only a text with characters beyond ASCII, which take several bytes, can be written in several forms."""
    wide = and_(func.octet_length(column) > func.char_length(column), _NFKC(column).ilike(pattern, escape="\\"))
    return or_(column.ilike(pattern, escape="\\"), wide)


def _NFKC(column: ColumnElement[Any]) -> ColumnElement[str]:
    return func.normalize(column, literal_column("NFKC"), type_=Text())


def _position(record: Mapping[str, Any], sort: str, key: str) -> list[str | None]:
    value = record[sort.removeprefix("-")]
    if isinstance(value, date):
        value = value.isoformat()
    if isinstance(value, bool):
        value = str(value).lower()
    return [None if value is None else str(value), str(record[key])]


def _beyond(descending: bool, *pairs: tuple[ColumnElement[Any], ColumnElement[Any]]) -> ColumnElement[bool]:
    """The rows after a position: a row comparison, which one index range serves."""
    columns, values = tuple_(*[c for c, _ in pairs]), tuple_(*[v for _, v in pairs])
    return columns < values if descending else columns > values
