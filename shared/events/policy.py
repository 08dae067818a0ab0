"""What every service tells of its policy documents. The subject is the document, under the same id in every installation."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from shared.events.envelope import EVERY_SERVICE, Event


class PolicyEvent(Event):
    """`service` owns the document `name`; `version` is its number."""

    publisher = EVERY_SERVICE
    audience = "everybody"

    service: str
    name: str
    version: int


class PolicyDrafted(PolicyEvent, type="policy.drafted"):
    """Somebody has drafted a version. `changed` names what it says otherwise than the version that it is based on."""

    based_on: int
    changed: list[str]
    running: Literal["keep", "move"] = "keep"
    note: str | None = None


class PolicyDraftChanged(PolicyEvent, type="policy.draft_changed"):
    """A draft says something else now."""

    based_on: int
    changed: list[str]
    running: Literal["keep", "move"] = "keep"
    note: str | None = None


class PolicyApproved(PolicyEvent, type="policy.approved"):
    """A director has approved the draft of somebody else."""

    author_id: UUID


class PolicyScheduled(PolicyEvent, type="policy.scheduled"):
    """An approved version will become active at this moment."""

    active_from: datetime


class PolicyActivated(PolicyEvent, type="policy.activated"):
    """A version is active now, in place of `replaces`; `document` is all that it says.

    The system stores the defaults as version 1 when a database has none.
    """

    document: dict[str, Any]
    active_from: datetime
    replaces: int | None = None
    running: Literal["keep", "move"] = "keep"
    author_id: UUID | None = None
    approved_by: UUID | None = None
    activated_by: UUID | None = None


class PolicyWithdrawn(PolicyEvent, type="policy.withdrawn"):
    """A draft, or an approved version, will not become active."""

    reason: str
