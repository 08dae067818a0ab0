"""Who acts: plain values that rules may import (`from shared.auth.actor import Role`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, auto
from functools import lru_cache
from typing import Literal
from uuid import UUID

from shared.ids import external_id

ActorType = Literal["person", "service", "system"]


class Role(StrEnum):
    """What somebody may do.

    Declared from the strongest to the weakest; an actor with several is shown by the first.
    """

    system = auto()  # the worker's own acts; never taken from a token
    admin = auto()
    director = auto()
    regional_head = auto()  # a manager of a higher team
    manager = auto()
    sales_ops = auto()  # policies, assignment, the roster, merges
    finance = auto()
    legal = auto()
    ops = auto()
    kam = auto()
    rep = auto()
    csm = auto()
    presales = auto()
    product = auto()  # helps the deals of a team with what the product can do
    marketing = auto()
    assistant = auto()
    support = auto()
    service = auto()  # another internal system
    auditor = auto()  # reads everything, changes nothing


SELLERS = (Role.rep, Role.kam)
LEADERS = (Role.manager, Role.regional_head, Role.director, Role.admin)
"""They act on everything that they see: a manager and a regional head on what their teams own."""
OWNERS = (*SELLERS, Role.manager, Role.csm)
"""Who can own leads, accounts, deals and contracts."""

_STRENGTH = {role: place for place, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a request or a change.

    Decide with `has`; `role` is only the strongest one, for display and for the event. `scopes` are what another system (the role
    service) may do, such as `leads:write`; nobody else has any.
    """

    id: UUID
    type: ActorType
    role: Role
    roles: frozenset[Role]
    scopes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, id: UUID, roles: Iterable[Role], scopes: Iterable[str] = ()) -> "Actor":
        """The actor with these roles, of which there must be at least one."""
        held = frozenset(roles)
        type_: ActorType = "system" if Role.system in held else "service" if Role.service in held else "person"
        return cls(id, type_, min(held, key=_STRENGTH.__getitem__), held, frozenset(scopes) if Role.service in held else frozenset())

    def has(self, *roles: Role) -> bool:
        """Whether one of `roles` is among the actor's."""
        return not self.roles.isdisjoint(roles)


@lru_cache(maxsize=8192)
def person_id(subject: str) -> UUID:
    """The person a token's subject, or the owner key of an import, stands for.

    A UUID in its usual form is taken as it is. Anything else is an external key and gives the id that every service derives
    from it, so that a person imported as an owner and the same person signing in meet.
    """
    try:
        given = UUID(subject)
    except ValueError:
        return external_id("person", subject)
    # UUID() also reads 32 bare hex digits, braces and urn:uuid:, which are somebody's keys and not our ids.
    return given if str(given) == subject.lower() else external_id("person", subject)


SYSTEM = Actor.of(external_id("actor", "system"), {Role.system})
"""Timers, reactions and other acts that no person asked for."""
