"""Who is asking: OIDC access tokens, the actor they name, and the dependencies that routes use (conventions.md §3)."""

from shared.auth.actor import SYSTEM, Actor, ActorType, Role, person_id
from shared.auth.dependency import CurrentActor, admit, current_actor, require
from shared.auth.verifier import Verifier

__all__ = ["SYSTEM", "Actor", "ActorType", "CurrentActor", "Role", "Verifier", "admit", "current_actor", "person_id", "require"]
