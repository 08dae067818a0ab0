"""Who has to decide what: the open steps of approvals, for the list that a service serves.

WAITING = waiting("contract", CONTRACT, CONTRACT.c.number, CONTRACT.c.owner_id)
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Subquery, Table, Text, Uuid, and_, bindparam, cast, exists, or_, select

from shared.approvals.record import StepState
from shared.auth.actor import Actor
from shared.db.tables import APPROVAL, APPROVAL_STEP, ROSTER

_ME = bindparam("decider", type_=Uuid)


def waiting(kind: str, record: Table, *shown: ColumnElement[Any], step: str = "step") -> Subquery:
    """The open steps of records of one kind, with the columns of the record that the list shows.

    `step`: what the list calls the name of a step.
    """
    s, a = APPROVAL_STEP.c, APPROVAL.c
    of_step = (s.id, s.approval_id, s.name.label(step), s.opened_at, s.due_at, s.escalated_at.is_not(None).label("overdue"), s.delegate_id)
    approval = (a.content_hash, a.requested_by, a.requested_at, s.roles, s.people)
    return (
        select(*of_step, *approval, *shown)
        .join_from(APPROVAL_STEP, APPROVAL, a.id == s.approval_id)
        .join(record, record.c.id == a.record_id)
        .where(s.state == StepState.OPEN.value, a.kind == kind)
        .subquery("waiting")
    )


def to_decide(steps: Subquery, owner: ColumnElement[Any]) -> ColumnElement[bool]:
    """Those of the open steps that wait for somebody: theirs as a delegate, by name or by role, and nothing keeps them from it.

    What was delegated to somebody who has left waits for the roles again.
    """
    c, other = steps.c, APPROVAL_STEP.alias("other")
    by_role = or_(c.roles.has_any(bindparam("deciders_roles", type_=ARRAY(Text))), c.people.has_key(cast(_ME, Text)))
    left = exists().where(ROSTER.c.person_id == c.delegate_id, ROSTER.c.active.is_(False))
    return and_(
        or_(c.delegate_id == _ME, and_(or_(c.delegate_id.is_(None), left), by_role)),
        c.requested_by != _ME,
        owner.is_distinct_from(_ME),
        ~exists().where(other.c.approval_id == c.approval_id, other.c.decided_by == _ME),
    )


def decider(by: Actor) -> dict[str, Any]:
    """The parameters that `to_decide` leaves open."""
    return {"decider": by.id, "deciders_roles": _values(by.roles)}


def _values(roles: Iterable[Any]) -> list[str]:
    return sorted(role.value for role in roles)
