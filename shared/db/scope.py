"""Row access: whose rows an actor may see. One predicate, used by every read.

| Roles                                              | See                                          | Pool rows |
|----------------------------------------------------|----------------------------------------------|-----------|
| rep, kam                                           | own                                          | yes       |
| manager                                            | own, and all of the team and the teams below | yes       |
| presales, assistant (they work for a team)         | own, and all of the team and the teams below | no        |
| admin, director, ops, finance, legal, auditor,     | all                                          | yes       |
| marketing, csm, support, service, system           |                                              |           |

Pool rows have no owner yet; those who may claim or hand them out see them. csm and support see every row because customers are
handed to them from all teams; which *kinds* of row they reach is decided by the acts of the routes. With several roles the widest
counts. A manager whom the roster does not know, or who has no team, sees only the rows that the manager owns, and nobody sees more
rows by the owner being unknown to the roster. People who left stay in the roster, so their manager keeps seeing their rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, bindparam, func, select, true

from shared.auth.actor import Actor, Role
from shared.db.tables import ROSTER

_TEAM = (Role.manager, Role.regional_head, Role.presales, Role.assistant, Role.product)
_SELLING = (Role.rep, Role.kam, Role.manager, Role.regional_head)
_EVERYTHING = tuple(role for role in Role if role not in {*_TEAM, *_SELLING})


@dataclass(frozen=True, slots=True)
class Reach:
    """How far an actor sees. Also the part of a compiled list statement's cache key that depends on who asks."""

    everything: bool
    team: bool
    pool: bool


def reach(actor: Actor) -> Reach:
    everything = actor.has(*_EVERYTHING)
    return Reach(everything, team=not everything and actor.has(*_TEAM), pool=everything or actor.has(*_SELLING))


def visible(actor: Actor, owner: ColumnElement[UUID] | ColumnElement[UUID | None]) -> ColumnElement[bool]:
    """The WHERE condition for rows whose owner is in this column; run it with `params(actor)` among the parameters.

    The same object for every actor of the same reach, so that a compiled statement is found again by it.
    """
    return _visible(reach(actor), owner)


@lru_cache(maxsize=256)
def _visible(how_far: Reach, owner: ColumnElement[Any]) -> ColumnElement[bool]:
    if how_far.everything:
        return true()
    actor_id = bindparam("scope_actor", type_=Uuid)
    seen: ColumnElement[bool] = owner == actor_id
    if how_far.team:
        mate = ROSTER.alias("mate")
        own_team = select(ROSTER.c.team_id).where(ROSTER.c.person_id == actor_id).scalar_subquery()
        mates = select(mate.c.person_id).where(own_team == any_(mate.c.team_path)).scalar_subquery()
        # One array, computed once per statement: unlike OR with a subquery, an index on the owner serves it.
        seen = owner == any_(func.array_append(func.array(mates), actor_id))
    return seen | owner.is_(None) if how_far.pool else seen


def params(actor: Actor) -> dict[str, Any]:
    """The parameters that `visible(actor, ...)` left open."""
    return {} if reach(actor).everything else {"scope_actor": actor.id}


def may_see(actor: Actor, owner: UUID | None, owner_path: Sequence[UUID], roster: Mapping[UUID, UUID | None]) -> bool:
    """`visible` for one row in memory, for streams: the owner's team path (root to own team) and the team of each person."""
    how_far = reach(actor)
    if owner is None:
        return how_far.pool
    if how_far.everything or owner == actor.id:
        return True
    own_team = roster.get(actor.id)
    return how_far.team and own_team is not None and own_team in owner_path
