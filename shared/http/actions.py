"""What a caller can do next with a resource, and what is still missing for the rest (conventions §1, Affordances)."""

from collections.abc import Sequence

from pydantic import BaseModel

from shared.errors import Unmet
from shared.http.problem import UnmetOut


class AllowedAction(BaseModel):
    """An action of the resource. When it is not `allowed` now, `unmet` lists every guard that stands in the way."""

    action: str
    allowed: bool
    unmet: list[UnmetOut]


def actions(**unmet: Sequence[Unmet]) -> list[AllowedAction]:
    """`actions(qualify=rules.unmet_to_qualify(lead), nurture=())`: the actions by name, each with its unmet guards."""
    # Built from checked values, some forty of them for one answer: hence not checked again.
    return [
        AllowedAction.model_construct(
            action=name, allowed=not guards, unmet=[UnmetOut.model_construct(code=u.code, message=u.message) for u in guards]
        )
        for name, guards in unmet.items()
    ]
