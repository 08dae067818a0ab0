"""That a rule did something with a lead, as its row holds it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from shared.stored import Stored


@dataclass(frozen=True, slots=True)
class Firing:
    id: UUID
    version: int
    lead_id: Annotated[UUID, Stored(refers="lead.id")]
    rule: Annotated[str, Stored(comment="its name")]
    trigger: Annotated[str, Stored(comment="what set it off")]
    depth: Annotated[int, Stored(comment="its place in the chain, 1 where no rule set it off")]
    done: Annotated[dict[str, str], Stored(comment="action -> done, or why it was left out")]
    policy_version: int
    at: datetime
