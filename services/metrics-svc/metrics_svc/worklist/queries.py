"""`GET /v1/tasks` as a list: whose work it is, what kind, and until when."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, and_, any_, bindparam, case, cast, exists, func, not_, or_, select

from metrics_svc.worklist import access
from metrics_svc.worklist.access import ITEM
from metrics_svc.worklist.record import Task
from shared.auth import Actor
from shared.db.tables import PARTY_ACCOUNT, ROSTER
from shared.http.filters import Compare, Operator, PersonFilter
from shared.http.listing import Listing
from shared.http.page import PageRequest

_c = ITEM.c
_ASKER = bindparam("asker", type_=Uuid)
_ASKERS_ROLES = bindparam("asker_roles", type_=ARRAY(Text))
_TEAM: Compare = "lte"
"""How the filter compares for `my_team`: the person who asks and everybody below."""


def people_of(person: ColumnElement[Any]) -> ColumnElement[Any]:
    """This person and everybody of their team and the teams below, as one array, so that an index on an owner serves it."""
    mate = ROSTER.alias("mate")
    own_team = select(ROSTER.c.team_id).where(ROSTER.c.person_id == person).scalar_subquery()
    mates = select(mate.c.person_id).where(own_team == any_(mate.c.team_path)).scalar_subquery()
    return func.array_append(func.array(mates), person)


def waits_for(person: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether an approval waits for this person: by name or by role, if they are free to decide it and nobody is named in their place.

    Who asks has the roles of their token, others the one of the roster. What was delegated to somebody who has left waits for all again.
    """
    of_roster = func.array(select(ROSTER.c.role).where(ROSTER.c.person_id == person).scalar_subquery())
    roles = case((person == _ASKER, _ASKERS_ROLES), else_=of_roster)
    left = exists().where(ROSTER.c.person_id == _c.assignee_id, ROSTER.c.active.is_(False))
    return and_(
        _c.approval_id.is_not(None),
        or_(_c.assignee_id.is_(None), left),
        or_(_c.roles.has_any(roles), _c.people.has_key(cast(person, Text))),
        not_(_c.not_by.has_key(cast(person, Text))),
        _c.owner_id.is_distinct_from(person),
    )


def work_of(person: ColumnElement[Any]) -> ColumnElement[bool]:
    """What is theirs to do, with the approvals that wait for them."""
    return or_(_c.assignee_id == person, waits_for(person))


def work_of_team(person: ColumnElement[Any]) -> ColumnElement[bool]:
    """The same for a person and everybody below; of approvals for nobody by name, those that wait for the person."""
    return or_(_c.assignee_id == any_(people_of(person)), waits_for(person))


def asker(by: Actor) -> dict[str, Any]:
    """The parameters that the conditions above leave open."""
    return {"asker": by.id, "asker_roles": sorted(role.value for role in by.roles)}


class AssigneeFilter(PersonFilter):
    """Whose work it is: one person's, `me`, or that of `my_team`."""

    def __init__(self) -> None:
        super().__init__("assignee", _c.assignee_id, None)

    def asked_by(self, person: UUID, given: list[str]) -> list[str]:
        return [f"below {person}"] if given == ["my_team"] else super().asked_by(person, given)

    def read(self, operator: Operator, given: list[str]) -> tuple[Compare, Any]:
        if given[0].startswith("below "):
            return _TEAM, UUID(given[0].removeprefix("below "))
        compare, value = super().read(operator, given)
        if compare not in ("is", "none"):
            raise self._invalid(operator, "takes one person, me, my_team or none")
        return compare, value

    def condition(self, compare: Compare) -> ColumnElement[bool]:
        person = bindparam(self.bound(compare), type_=Uuid)
        match compare:
            case "is":
                return work_of(person)
            case "lte":
                return work_of_team(person)
        return and_(_c.assignee_id.is_(None), _c.approval_id.is_(None))

    def documented(self, operator: Operator) -> dict[str, Any]:
        says = (
            "Whose work it is, with the approvals that wait for them: a person's id, `me`, or `my_team` for who asks and everybody below. "
            "`none` finds what nobody owns yet."
        )
        choices = [self.kind.schema, *({"const": name} for name in ("me", "my_team", "none"))]
        return {"name": self.name, "in": "query", "required": False, "description": says, "schema": {"anyOf": choices}}


_ACCOUNT = PARTY_ACCOUNT.c
BESIDE: dict[str, ColumnElement[Any]] = {
    "subject_id": _c.record_id,
    "subject_name": func.coalesce(_c.name, _ACCOUNT.name),
    "account_name": _ACCOUNT.name,
}
SOURCE = ITEM.outerjoin(PARTY_ACCOUNT, _ACCOUNT.id == _c.account_id)

LIST = Listing(
    ITEM,
    Task,
    filters={
        "assignee": AssigneeFilter(),
        "kind": _c.kind,
        "due": _c.due_at,
        "overdue": _c.overdue,
        "escalated": _c.escalated,
        "subject": _c.subject,
        "subject_id": _c.record_id,
        "team_id": _c.team_id,
    },
    sorts=("due_at",),
    default="due_at",
    beside=BESIDE,
    source=SOURCE,
)


def params_of(by: Actor, page: PageRequest) -> dict[str, Any]:
    asked = any(name == "assignee" and compare in ("is", _TEAM) for name, compare in page.filters)
    return {**access.params(by), **(asker(by) if asked else {})}


APPROVALS = Listing(
    ITEM,
    Task,
    filters={name: _c[name] for name in ("overdue", "escalated", "subject", "team_id", "quote_id")}
    | {"due": _c.due_at, "subject_id": _c.record_id, "step": _c.what},
    sorts=("due_at",),
    default="due_at",
    beside=BESIDE,
    source=SOURCE,
)


@lru_cache(maxsize=64)
def _waiting(seen: ColumnElement[bool], mine: bool) -> ColumnElement[bool]:
    return and_(_c.approval_id.is_not(None), seen, *([or_(_c.assignee_id == _ASKER, waits_for(_ASKER))] if mine else []))


def approvals_of(by: Actor, *, mine: bool) -> tuple[ColumnElement[bool], dict[str, Any]]:
    """The condition for the approvals that somebody sees, or for those that wait for them, with its parameters."""
    return _waiting(access.listed(by), mine), {**access.params(by), **(asker(by) if mine else {})}
