"""What a service declares to have attachments on a kind of record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.access.kinds import Kind
from shared.access.scoped import Scoped
from shared.acts import Act
from shared.attachments.record import Attachment, Held
from shared.db.query import Row
from shared.events.envelope import Event

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, kw_only=True)
class Attachments(Generic[R]):
    """What a service declares, once for each kind of record.

    `record` names its tables (`lead_attachment`) and its operations. `attached` and `removed` make the events of the record.
    """

    record: str
    kind: Kind
    seen: Scoped[R]
    owner: Callable[[R], UUID | None]
    attach: Act[R, None]
    remove: Act[Held, None]
    attached: Callable[[R, Attachment], Event]
    removed: Callable[[R, Attachment], Event]

    @property
    def table(self) -> str:
        return f"{self.record}_attachment"

    @property
    def column(self) -> str:
        return f"{self.record}_id"

    def row(self, found: Mapping[str, Any]) -> Attachment:
        return Attachment(**{name: found[name] for name in Attachment.__dataclass_fields__})
