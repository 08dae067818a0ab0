"""Why a lead that somebody could follow up is not followed up, as its row holds it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from shared.stored import Stored


class Unplanned(StrEnum):
    """Why a lead has no follow-up."""

    NO_OWNER = "no_owner"
    """It is in the pool: whoever claims it follows it up."""
    PUT_ASIDE = "put_aside"
    """It waits for its wake-up date."""
    HANDED_OVER = "handed_over"
    CLOSED = "closed"
    MERGED = "merged"
    """It was merged into another lead, which is followed up."""
    NO_CONSENT = "no_consent"
    """Its person does not want to be contacted, or has to agree first."""
    HISTORY = "history"
    """It was imported, or is older than there are follow-ups, and nobody has asked for one."""


@dataclass(frozen=True, slots=True)
class Stop:
    """An open lead with an owner has had no follow-up since `at`, for this reason. An imported one needs no row to be history."""

    lead_id: Annotated[UUID, Stored(refers="lead.id")]
    reason: Unplanned
    at: datetime
