"""Which events an actor is not shown, whatever record they belong to: those that are for some roles only."""

from functools import lru_cache

from shared.auth.actor import Actor, Role
from shared.events.envelope import REGISTRY


@lru_cache(maxsize=4096)
def _hidden(roles: frozenset[Role]) -> frozenset[str]:
    if Role.system in roles:
        return frozenset()
    return frozenset(e.type for e in REGISTRY.values() if e.only_for is not None and roles.isdisjoint(e.only_for))


def hidden_from(actor: Actor) -> frozenset[str]:
    """The types of these events."""
    return _hidden(actor.roles)
