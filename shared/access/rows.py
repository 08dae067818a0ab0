"""The predicate: which rows of a table an actor sees. Lists, single reads, search, timelines, streams and figures ask it.

DEALS_SEEN = Rows(DEALS, id=DEAL.c.id, owner=DEAL.c.owner_id, account=DEAL.c.account_id)
QUOTES_SEEN = Within(DEALS_SEEN, lambda seen: exists().where(DEAL.c.id == QUOTE.c.deal_id, seen))
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Uuid, any_, bindparam, func, or_, select, true

from shared.access.kinds import Kind, Reach, reach
from shared.auth.actor import Actor
from shared.db.tables import MEMBERSHIP, ROSTER

Condition = ColumnElement[bool]
Join = Callable[[Condition], Condition]

_ACTOR = bindparam("seen_by", type_=Uuid)


class Seen(Protocol):
    """What lists and single reads ask of a table: the condition for an actor, and the parameters that it leaves open."""

    def key(self, actor: Actor) -> tuple[Any, ...]: ...
    def visible(self, actor: Actor) -> Condition: ...
    def params(self, actor: Actor) -> dict[str, Any]: ...


def _people_below() -> Any:
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
        review: Condition | None = None,
        through: Sequence["Within"] = (),
    ) -> None:
        self.kind, self._owner = kind, owner
        self._members = (id,) if members is None else tuple(members)
        self._account, self._account_if, self._review = account, account_if, review
        self._through = tuple(through)
        self._condition = lru_cache(maxsize=64)(self._compose)

    def key(self, actor: Actor) -> tuple[Any, ...]:
        """What of the actor decides the text of the condition."""
        own = reach(self.kind, actor)
        return (own,) if own.everything else (own, *(each.key(actor) for each in self._through))

    def visible(self, actor: Actor) -> Condition:
        """The WHERE condition, to run with `params(actor)` among the parameters.

        The same object for every actor who sees as far, so that a compiled statement is found again by it.
        """
        key = self.key(actor)
        return self._condition(key, _Unkeyed(actor))

    def params(self, actor: Actor) -> dict[str, Any]:
        """The parameters that `visible(actor)` leaves open."""
        return {} if reach(self.kind, actor).everything else {"seen_by": actor.id}

    def _compose(self, key: tuple[Any, ...], unkeyed: "_Unkeyed") -> Condition:
        how_far: Reach = key[0]
        if how_far.everything:
            return true()
        seen = [self._owner == any_(_people_below()) if how_far.tree else self._owner == _ACTOR]
        seen += [column == any_(_parts()) for column in self._members]
        if how_far.pool:
            seen.append(self._owner.is_(None))
        if how_far.accounts and self._account is not None:
            of_mine = self._account == any_(_parts())
            seen.append(of_mine if self._account_if is None else of_mine & self._account_if)
        if how_far.review and self._review is not None:
            seen.append(self._review)
        seen += [each.visible(unkeyed.actor) for each in self._through]
        return or_(*seen)


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
    """Rows that are seen by whoever sees the record they belong to. `join` makes their condition from that of the record."""

    def __init__(self, whole: Seen, join: Join) -> None:
        self._whole = whole
        self._join = lru_cache(maxsize=64)(join)

    def key(self, actor: Actor) -> tuple[Any, ...]:
        return self._whole.key(actor)

    def visible(self, actor: Actor) -> Condition:
        return self._join(self._whole.visible(actor))

    def params(self, actor: Actor) -> dict[str, Any]:
        return self._whole.params(actor)


__all__ = ["Condition", "Rows", "Seen", "Within"]
