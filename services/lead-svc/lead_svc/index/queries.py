"""Asking the index: how common words are, and which records have them."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    all_,
    any_,
    bindparam,
    func,
    literal_column,
    select,
    union_all,
)

from lead_svc.index.record import Found
from lead_svc.index.rules import Asked, asked
from lead_svc.index.tables import ENTRY
from shared.db.query import Query
from shared.db.tx import Reader

SAMPLE, COMMON = 1000, 10
"""Words are common where so many of the newest records of a kind have them."""


def of(kind: Found) -> ColumnElement[bool]:
    """Written out, so that the index of the kind is met."""
    return ENTRY.c.kind == literal_column(f"'{kind}'")


def said(entry: FromClause, masked: bool) -> ColumnElement[str]:
    """All that is searched of a record; what is not personal of it for those who see it masked."""
    public: ColumnElement[str] = entry.c.public
    return public if masked else public.op("||")(func.chr(10)).op("||")(entry.c.personal)


def has_words(text: ColumnElement[str]) -> ColumnElement[bool]:
    return text.op("LIKE", return_type=Boolean())(all_(bindparam("words", type_=ARRAY(Text))))


def has_pieces() -> ColumnElement[bool]:
    return ENTRY.c.pieces.op("@>", return_type=Boolean())(bindparam("pieces", type_=ARRAY(Integer)))


@lru_cache(maxsize=64)
def _share(kinds: Collection[Found]) -> Query[str]:
    counted: list[Select[*tuple[Any, ...]]] = []
    for kind in kinds:
        newest = (
            select(ENTRY).where(of(kind)).order_by(ENTRY.c.created_at.desc(), ENTRY.c.id.desc()).limit(SAMPLE).subquery(f"newest_{kind}")
        )
        has = select(newest.c.id).where(has_words(said(newest, False))).subquery(f"has_{kind}")
        counted.append(select(literal_column(f"'{kind}'").label("kind"), func.count().label("n")).select_from(has))
    return Query(union_all(*counted), str)


async def common(db: Reader, question: Asked, kinds: Collection[Found]) -> set[Found]:
    """Those of these kinds in which the words are common."""
    found = await db.records(_share(tuple(kinds)), words=question.patterns)
    return {Found(kind) for kind, n in found if n >= COMMON}


class Indexed:
    """`q` of the list of a kind (`shared.http.listing.Search`).

    Rare words are looked up; where they are common, each row of the list is asked whether it has them, in the list's order.
    """

    def __init__(self, kind: Found, id: ColumnElement[Any]) -> None:
        self._kind, self._id = kind, id

    async def read(self, db: Reader, q: str) -> tuple[Literal["rare", "common"], dict[str, Any]]:
        question = asked(q)
        if await common(db, question, [self._kind]):
            return "common", {"words": question.patterns}
        return "rare", {"words": question.patterns, "pieces": question.pieces}

    def condition(self, how: Literal["rare", "common"], public: bool) -> ColumnElement[bool]:
        has = has_words(said(ENTRY, public))
        if how == "common":
            return select(has).where(ENTRY.c.id == self._id).scalar_subquery()
        found = select(ENTRY.c.id).where(of(self._kind), has_pieces(), has).correlate(None)
        return self._id == any_(func.array(found.scalar_subquery()))
