"""Who asks: OIDC access tokens, the actor that they name, and how routes get the actor."""

from shared.auth.actor import SYSTEM, Actor, ActorType, Role, person_id
from shared.auth.dependency import CurrentActor, admit, authenticate
from shared.auth.verifier import Verifier

__all__ = ["SYSTEM", "Actor", "ActorType", "CurrentActor", "Role", "Verifier", "admit", "authenticate", "person_id"]
