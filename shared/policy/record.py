"""A version of a policy document as its row holds it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.db.query import Aggregate
from shared.db.tables import POLICY_VERSION


class PolicyState(StrEnum):
    """How far a version of a policy document is."""

    DRAFT = "draft"
    APPROVED = "approved"
    ACTIVE = "active"
    RETIRED = "retired"
    WITHDRAWN = "withdrawn"


class Running(StrEnum):
    """What runs when a version becomes active: it keeps the version that it began with, or moves to the new one."""

    KEEP = "keep"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Version:
    """`active_from` of an approved version is when it will become active, if that is settled."""

    id: UUID
    name: str
    number: int
    state: PolicyState
    document: dict[str, Any]
    based_on: int
    running: Running
    note: str | None
    reason: str | None
    author_id: UUID
    approved_by: UUID | None
    approved_at: datetime | None
    activated_by: UUID | None
    active_from: datetime | None
    retired_at: datetime | None
    move_after: UUID | None
    moved_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


VERSIONS = Aggregate(POLICY_VERSION, Version, "version of a policy")
