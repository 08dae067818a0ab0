"""What a service declares to have acts done with many records of a kind at once."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement

from shared.access.rows import Rows
from shared.access.scoped import Scoped
from shared.acts import Act
from shared.bulk.record import BulkJob
from shared.db.query import Row
from shared.db.tables import BULK_JOB
from shared.http.body import Body
from shared.http.listing import Listing
from shared.policy.document import Policy
from shared.policy.parts import InBulk

R = TypeVar("R", bound=Row)


def _as_seen(seen: ColumnElement[bool]) -> ColumnElement[bool]:
    return seen


@dataclass(frozen=True, kw_only=True)
class BulkAct(Generic[R]):
    """An act, the body that its own route takes, and the command that this route calls.

    The command is given `(tx, id, *, expect)` and the fields of the body.
    """

    act: Act[R, Any]
    body: type[Body]
    command: Callable[..., Awaitable[Any]]

    def __post_init__(self) -> None:
        if not self.act.bulk:
            raise TypeError(f"{self.act.name} is not declared as an act for many records")
        if self.act.who.scope is not None:  # a job does not keep what a token of another system allows
            raise TypeError(f"{self.act.name} is for other systems too, which have no jobs")


@dataclass(frozen=True, kw_only=True)
class BulkActs(Generic[R]):
    """What a service declares, once for each kind of record.

    `listing` is the list whose filters choose records; `among` leaves out rows that it never shows. `rows` say who sees which.
    """

    record: str
    seen: Scoped[R]
    rows: Rows
    listing: Listing[Any]
    policy: Policy[Any]
    acts: Sequence[BulkAct[R]]
    cancel: Act[BulkJob, None]
    among: Callable[[ColumnElement[bool]], ColumnElement[bool]] = _as_seen
    jobs: Rows = field(init=False)
    """Who sees which jobs: who asked, and those who see that person's records."""

    def __post_init__(self) -> None:
        jobs = Rows(self.rows.kind, id=BULK_JOB.c.id, owner=BULK_JOB.c.asked_by, members=())
        object.__setattr__(self, "jobs", jobs)
        if not issubclass(self.policy.model, InBulk):
            raise TypeError(f"the policy of {self.record}s says nothing of jobs")

    def of(self, act: str) -> BulkAct[R]:
        return next(one for one in self.acts if one.act.name == act)

    @property
    def path(self) -> str:
        return f"/v1/{self.record}s/bulk-jobs"
