"""The predicate: which rows of a table an actor sees. Lists, single reads, search, timelines, streams and figures ask it.

`visible` suits one row or a few, `listed` a page of a long table: the same rows, found otherwise.

DEALS_SEEN = Rows(DEALS, id=DEAL.c.id, owner=DEAL.c.owner_id, account=DEAL.c.account_id)
QUOTES_SEEN = Within(DEALS_SEEN, QUOTE.c.deal_id)
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, Uuid, any_, bindparam, exists, func, or_, select, true, union_all

from shared.access.kinds import Kind, Reach, reach
from shared.auth.actor import Actor
from shared.db.tables import MEMBERSHIP, ROSTER

Condition = ColumnElement[bool]

_ACTOR = bindparam("seen_by", type_=Uuid)


class Seen(Protocol):
    """What lists and single reads ask of a table: the condition for an actor, and the parameters that it leaves open."""

    def key(self, actor: Actor) -> tuple[Any, ...]: ...
    def visible(self, actor: Actor) -> Condition: ...
    def listed(self, actor: Actor) -> Condition: ...
    def params(self, actor: Actor) -> dict[str, Any]: ...


def people_below() -> Any:
    """The actor and everybody of the actor's team and the teams below, as one array, computed once per statement.

    Unlike OR with a subquery, an index on the owner serves it. People who left stay in the roster, so their manager keeps seeing
    their records.
    """
    mate = ROSTER.alias("mate")
    own_team = select(ROSTER.c.team_id).where(ROSTER.c.person_id == _ACTOR).scalar_subquery()
    mates = select(mate.c.person_id).where(own_team == any_(mate.c.team_path)).scalar_subquery()
    return func.array_append(func.array(mates), _ACTOR)


def _parts() -> Any:
    """The records that the actor has a part in, as one array."""
    return func.array(select(MEMBERSHIP.c.record_id).where(MEMBERSHIP.c.person_id == _ACTOR).scalar_subquery())


class Rows:
    """The rows of one kind.

    - `members`: the columns whose record the actor may have a part in; the id unless said otherwise.
    - `account`: the column of the row's account, for roles that see the records of their accounts; `account_if` limits which.
    - `accounts`: ids and owners of accounts, in the service that has these itself. The others know their owners as members.
    - `review`: the condition for what is up for approval.
    - `through`: other rows that show this one: who sees one of them sees it.
    """

    def __init__(
        self,
        kind: Kind,
        *,
        id: ColumnElement[Any],
        owner: ColumnElement[Any],
        members: Sequence[ColumnElement[Any]] | None = None,
        account: ColumnElement[Any] | None = None,
        account_if: Condition | None = None,
        accounts: tuple[ColumnElement[Any], ColumnElement[Any]] | None = None,
        review: Condition | None = None,
        through: Sequence["Through"] = (),
    ) -> None:
        self.kind, self.id, self._owner = kind, id, owner
        self._members = (id,) if members is None else tuple(members)
        self._account, self._account_if, self._review = account, account_if, review
        self._accounts = accounts
        self._through = tuple(through)
        self._condition = lru_cache(maxsize=64)(self._compose)
        self._list = lru_cache(maxsize=64)(self._compose_list)

    def key(self, actor: Actor) -> tuple[Any, ...]:
        """What of the actor decides the text of the condition."""
        own = reach(self.kind, actor)
        return (own,) if own.everything else (own, *(each.key(actor) for each in self._through))

    def visible(self, actor: Actor) -> Condition:
        """The WHERE condition, to run with `params(actor)` among the parameters.

        The same object for every actor who sees as far, so that a compiled statement is found again by it.
        """
        return self._condition(self.key(actor), _Unkeyed(actor))

    def listed(self, actor: Actor, column: ColumnElement[Any] | None = None) -> Condition:
        """`visible` for lists, or the same of the records whose ids are in `column`.

        Who sees few rows has their ids looked up first, so that no list reads the whole table for them.
        """
        return self._list(self.key(actor), self.id if column is None else column, _Unkeyed(actor))

    def by_ids(self, actor: Actor, column: ColumnElement[Any] | None = None) -> Condition:
        """`listed`, whoever asks: the ids of all that they see are looked up first, each way to see a row by its index."""
        own = [select(self.id).where(way).correlate(None) for way in self.ways(actor)]
        ids = union_all(*own, *(found for each in self._through for found in each.found(actor)))
        return (self.id if column is None else column) == any_(func.array(ids.scalar_subquery()))

    def params(self, actor: Actor) -> dict[str, Any]:
        """The parameters that `visible(actor)` and `listed(actor)` leave open."""
        return {} if reach(self.kind, actor).everything else {"seen_by": actor.id}

    def ways(self, actor: Actor) -> list[Condition]:
        """The conditions of which one is enough, besides what other rows show. Each is served by an index."""
        how_far: Reach = reach(self.kind, actor)
        if how_far.everything:
            return [true()]
        seen = [self._owner == any_(people_below()) if how_far.tree else self._owner == _ACTOR]
        seen += [column == any_(_parts()) for column in self._members]
        if how_far.pool:
            seen.append(self._owner.is_(None))
        if how_far.accounts and self._account is not None:
            of_mine = self._account == any_(self._my_accounts())
            seen.append(of_mine if self._account_if is None else of_mine & self._account_if)
        if how_far.review and self._review is not None:
            seen.append(self._review)
        return seen

    def _my_accounts(self) -> Any:
        if self._accounts is None:
            return _parts()
        id, owner = self._accounts
        return func.array_cat(func.array(select(id).where(owner == _ACTOR).scalar_subquery()), _parts())

    def _compose(self, key: tuple[Any, ...], unkeyed: "_Unkeyed") -> Condition:
        if key[0].everything:
            return true()
        actor = unkeyed.actor
        return or_(*self.ways(actor), *(each.visible(actor) for each in self._through))

    def _compose_list(self, key: tuple[Any, ...], column: ColumnElement[Any], unkeyed: "_Unkeyed") -> Condition:
        """Who sees much meets a page of it soon, in the order of the list, so each row is asked.

        Of few rows the planner knows neither how few they are nor where. In an array it takes them for few and goes by the ids.
        """
        actor, how_far = unkeyed.actor, key[0]
        if how_far.everything:
            return true()
        if how_far.tree or how_far.pool or any(each.much(actor) for each in self._through):
            seen = or_(*self.ways(actor), *(each.listed(actor) for each in self._through))
            return seen if column is self.id else column == select(self.id).where(self.id == column, seen).scalar_subquery()
        return self.by_ids(actor, column)


class _Unkeyed:
    """An actor that does not count in a cache's key: all that matters of it is in the key already."""

    __slots__ = ("actor",)

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unkeyed)

    def __hash__(self) -> int:
        return 0


class Within:
    """Rows that are seen by whoever sees the record whose id is in their `column`; each has one."""

    def __init__(self, whole: Rows, column: ColumnElement[Any]) -> None:
        self._whole, self._column = whole, column
        self._condition = lru_cache(maxsize=64)(self._join)

    def key(self, actor: Actor) -> tuple[Any, ...]:
        return self._whole.key(actor)

    def visible(self, actor: Actor) -> Condition:
        return self._condition(self._whole.visible(actor))

    def listed(self, actor: Actor) -> Condition:
        return self._whole.listed(actor, self._column)

    def params(self, actor: Actor) -> dict[str, Any]:
        return self._whole.params(actor)

    def _join(self, seen: Condition) -> Condition:
        return seen if seen is true() else exists().where(self._whole.id == self._column, seen)


class Through:
    """Rows that show another record, whose id is in `shows`: they name it in their `column`. `only` limits which of them do."""

    def __init__(self, rows: Rows, column: ColumnElement[Any], *, shows: ColumnElement[Any], only: Condition | None = None) -> None:
        self._rows, self._column, self._shows = rows, column, shows
        self._only = true() if only is None else only

    def key(self, actor: Actor) -> tuple[Any, ...]:
        return self._rows.key(actor)

    def much(self, actor: Actor) -> bool:
        """Whether they may show more than a few thousand records."""
        how_far: Reach = reach(self._rows.kind, actor)
        return how_far.everything or how_far.tree

    def visible(self, actor: Actor) -> Condition:
        return exists().where(self._column == self._shows, self._only, self._rows.visible(actor))

    def found(self, actor: Actor) -> list[Select[Any]]:
        """What gives the ids of the records shown. One statement for each way to see a row, so that each goes by its index."""
        named = select(self._column).where(self._column.is_not(None), self._only)
        return [named.where(way) for way in self._rows.ways(actor)]

    def listed(self, actor: Actor) -> Condition:
        """By a hash of the ids, made when the first row needs it. Who sees all of the rows asks for the first one of each record."""
        if reach(self._rows.kind, actor).everything:
            return self._shows == select(self._column).where(self._column == self._shows, self._only).limit(1).scalar_subquery()
        return self._shows.in_(union_all(*self.found(actor)))


__all__ = ["Condition", "Rows", "Seen", "Through", "Within"]
