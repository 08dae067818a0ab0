"""An attachment as its row holds it, and what is done with it: the acts that each kind of record has. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from shared.acts import Act, Subject, Who
from shared.auth.actor import Actor
from shared.errors import Unmet
from shared.events.envelope import Event

R = TypeVar("R")

MOST = 200
"""Attachments of one record: more is a store of documents of its own."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """`record_id` is what it hangs on. `name` and `note` may name people, so they are in no event.

    `object`: where its bytes are in the store of files, as `bucket/key`; None where they are in the database.
    """

    id: UUID
    record_id: UUID
    name: str
    note: str | None
    media_type: str
    size: int
    sha256: str
    by: UUID
    at: datetime
    object: str | None = None


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
