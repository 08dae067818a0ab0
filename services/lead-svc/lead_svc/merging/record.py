"""A merge as its row keeps it: what was before, and what has moved, so that undoing it gives back exactly that."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from shared.stored import Stored


class MergeKind(StrEnum):
    """What was merged."""

    LEAD = "lead"
    ACCOUNT = "account"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Merge:
    """One record taken into another. `until`: from then on it cannot be undone any more."""

    id: UUID
    kind: MergeKind
    survivor_id: UUID
    absorbed_id: UUID
    from_state: Annotated[str | None, Stored(comment="the state of the absorbed one before")]
    values: Annotated[dict[str, list[Any]], Stored(comment="field of the survivor -> before, after; may be personal")]
    moved: Annotated[dict[str, list[str]], Stored(comment="table -> rows that now hang on the survivor")]
    plans: Annotated[dict[str, dict[str, Any]], Stored(comment="what was to be done about the absorbed one, and until when")]
    reason: str | None
    at: datetime
    by: UUID
    until: datetime
    undone_at: datetime | None
    undone_by: UUID | None
