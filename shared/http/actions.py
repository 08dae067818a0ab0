"""What a caller can do next with a resource, and what is still missing for the rest (conventions §1, Affordances)."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import Unmet


@dataclass(frozen=True, slots=True)
class AllowedAction:
    """An action of the resource.

    When it is not `allowed` now, `unmet` lists every guard that stands in the way.
    """

    # A dataclass: an answer holds a dozen of them, and models take three times as long to make.
    action: str
    allowed: bool
    unmet: list[Unmet]


def actions(**unmet: Sequence[Unmet]) -> list[AllowedAction]:
    """`actions(qualify=rules.unmet_to_qualify(lead), nurture=())`: the actions by name, each with its unmet guards."""
    return [AllowedAction(name, not guards, list(guards)) for name, guards in unmet.items()]
