"""Leads that joined a deal after its primary one, and conversions that were refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from shared.stored import Stored


@dataclass(frozen=True, slots=True)
class JoinedLead:
    deal_id: Annotated[UUID, Stored(refers="deal.id")]
    lead_id: UUID
    conversion_id: UUID
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    id: Annotated[UUID, Stored(comment="the conversion's id")]
    version: int
    lead_id: UUID
    deal_id: UUID
    reason: str
    refused_at: datetime
