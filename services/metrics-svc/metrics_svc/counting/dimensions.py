"""What figures are broken down by, and whose a counted thing is."""

from dataclasses import dataclass, fields
from uuid import UUID

from shared.events.envelope import Dimensions

Who = tuple[UUID | None, UUID | None, str | None, str | None, str | None]
"""The values of the dimensions in the order of `Placed`."""

Holder = tuple[UUID | None, UUID | None]
"""An owner and the team that the owner was in then."""

NOBODY: Holder = (None, None)
NOWHERE: Who = (None, None, None, None, None)


@dataclass(slots=True)
class Placed:
    """A counted thing with its dimensions, as events embed them. They come first: `VisitFact(*who, deal_id=...)`."""

    owner_id: UUID | None
    team_id: UUID | None
    source: str | None
    product: str | None
    region: str | None


if [f.name for f in fields(Placed)] != list(Dimensions.model_fields):
    raise TypeError("facts and events have other dimensions")

DIMENSIONS = {name.removesuffix("_id"): name for name in Dimensions.model_fields}
"""What figures are broken down by, and the column of every fact that holds it."""

ALL = ""
"""The dimension of a measure's total, whose only value is empty. For the others an empty value means that it is not known."""


def dimensions(fact: Placed) -> Who:
    return fact.owner_id, fact.team_id, fact.source, fact.product, fact.region
