"""An attachment as its row holds it, and what a service declares to have attachments on a kind of record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.access.kinds import Kind
from shared.access.scoped import Scoped
from shared.acts import Act, Subject, Who
from shared.auth import Actor
from shared.db.query import Row
from shared.errors import Unmet
from shared.events.envelope import Event

R = TypeVar("R", bound=Row)

MOST = 200
"""Attachments of one record: more is a store of documents of its own."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """`record_id` is what it hangs on. `name` and `note` may name people, so they are in no event."""

    id: UUID
    record_id: UUID
    name: str
    note: str | None
    media_type: str
    size: int
    sha256: str
    by: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """An attachment and who owns its record: what decides who may remove it."""

    attachment: Attachment
    owner_id: UUID | None


def attachment_subject(record: str) -> Subject[Held, None]:
    return Subject[Held, None](
        name=f"{record}_attachment",
        label="attachment",
        owner=lambda held, _: held.attachment.by,
        not_owner=Unmet("not_owner", f"Only whoever attached it, the owner of the {record} or those above them may remove it."),
    )


def owns_record(held: Held, _: None, by: Actor) -> bool:
    """The owner of a record answers for what hangs on it."""
    return held.owner_id == by.id


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


def attachment_acts(
    of: Subject[R, Any], *, who: Who, keepers: Who, attached: type[Event], removed: type[Event]
) -> tuple[Act[R, None], Act[Held, None]]:
    """To attach a file to such a record, and to remove one: by whoever attached it, the record's owner, and the `keepers`."""
    record = of.name
    attach: Act[R, None] = Act(
        of=of,
        name="attach",
        operation=f"attach_to_{record}",
        who=who,
        tells=(attached,),
        refused="Nothing can be attached here.",
        code="cannot_attach",
        says=f"Attaches a file: whoever sees the {record} sees it.",
        asks=f"A kind and size of file that the company's policy takes, and fewer than {MOST} others.",
        sample=lambda *_: {"name": "offer.pdf"},
    )
    remove: Act[Held, None] = Act(
        of=attachment_subject(record),
        name="remove",
        operation=f"remove_{record}_attachment",
        who=keepers,
        named=owns_record,
        tells=(removed,),
        refused="The attachment cannot be removed.",
        code="cannot_remove_attachment",
        says="Removes the file: its bytes are erased.",
    )
    return attach, remove
