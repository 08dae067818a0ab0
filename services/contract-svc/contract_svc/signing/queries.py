"""Which parts of reviews are open, and who has to decide them."""

from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_

from contract_svc.contracts.queries import ROWS
from contract_svc.contracts.record import ReviewPart
from contract_svc.contracts.tables import CONTRACT
from shared.access import kinds
from shared.access.rows import Within
from shared.approvals.queries import decider, to_decide, waiting
from shared.auth import Actor
from shared.http.answer import Answer
from shared.http.listing import Listing


class ContractApprovalItem(Answer):
    """An open part of a review. `overdue`: it was not decided by `due_at`. `delegate_id` is who is asked in place of the roles."""

    version_says_all: ClassVar[bool] = False

    id: UUID
    approval_id: UUID
    contract_id: UUID
    number: str
    account_name: str
    owner_id: UUID | None
    part: ReviewPart
    content_hash: str
    requested_by: UUID
    requested_at: datetime
    opened_at: datetime
    due_at: datetime | None
    overdue: bool
    delegate_id: UUID | None


_SHOWN = ("number", "account_name", "owner_id")
_OPEN = waiting("contract", CONTRACT, CONTRACT.c.id.label("contract_id"), *(CONTRACT.c[name] for name in _SHOWN), step="part")
LIST = Listing(
    _OPEN,
    ContractApprovalItem,
    kind=kinds.CONTRACTS,
    filters={name: _OPEN.c[name] for name in ("contract_id", "owner_id", "part", "overdue", "delegate_id", "requested_by", "due_at")},
    sorts=("due_at", "requested_at"),
    default="due_at",
    search=(_OPEN.c.number, _OPEN.c.account_name),
)
SEEN = Within(ROWS, _OPEN.c.contract_id)


@lru_cache(maxsize=64)
def _of_decider(seen: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(seen, to_decide(_OPEN, _OPEN.c.owner_id))


def asked(by: Actor, *, mine: bool) -> tuple[ColumnElement[bool], dict[str, Any]]:
    """The condition for what somebody sees, or for what waits for them, with its parameters."""
    seen, params = SEEN.listed(by), SEEN.params(by)
    return (_of_decider(seen), {**params, **decider(by)}) if mine else (seen, params)
