"""A channel: one kind of message, who gets it, and the three tables that sending needs.

The tables belong to the feature, under its own name (`webhook_secret`, `webhook_delivery`, ...), and not to all channels together. So
they point at its targets with foreign keys, hold what its messages are written from, and grow with no other channel's traffic.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, ForeignKey, Index, MetaData, Table, Text, Uuid, text
from sqlalchemy.schema import SchemaItem

from shared.db.record import table
from shared.db.tables import At
from shared.db.tx import Reader
from shared.outbound.numbers import Sending
from shared.outbound.record import Attempts


class Message(Protocol):
    """What is sent, written from columns of the delivery: a dataclass of them."""

    @property
    def message_id(self) -> UUID:
        """The same at every attempt, so that the receiver knows it again."""

    @property
    def body(self) -> bytes:
        """The same bytes at every attempt."""


@dataclass(frozen=True)
class Channel:
    """`targets` is SQL that gives `id` and `url` of those that may be sent to now, `removed` gives the `id` of those that are gone.

    A channel that is `paced` sends no more in any minute than the `per_minute` that its `targets` give as well: its progress has `recent`.

    `message` is a dataclass of the columns that a delivery's message is written from, and a `Message`. Of what is due together, `order`
    is the column that says what goes first. `on_clean` is SQL that notes which deliveries are deleted: they are its table `gone`.
    """

    name: str
    progress: Table
    secret: Table
    delivery: Table
    message: type[Any]
    targets: str
    removed: str
    numbers: Callable[[Reader], Sending]
    order: str = "id"
    on_clean: str = "SELECT"
    paced: bool = False

    @property
    def key(self) -> str:
        """The column that names the target."""
        return f"{self.name}_id"

    @property
    def carried(self) -> str:
        """The columns of the message."""
        return ", ".join(f"d.{f.name}" for f in fields(self.message))


def secret_table(name: str, metadata: MetaData) -> Table:
    """The secrets that sign for a target: one in force, and older ones that are still good for a while."""
    return Table(
        f"{name}_secret",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column(f"{name}_id", Uuid, ForeignKey(f"{name}.id"), nullable=False),
        Column("sealed", Text, nullable=False, comment="encrypted with CLINCH_SECRET_KEY"),
        Column("created_at", At, nullable=False),
        Column("ends_at", At, comment="when it stops signing; NULL for the one in force"),
        Index(None, f"{name}_id"),
    )


def progress_columns(name: str, *, paced: bool = False) -> Sequence[Column[Any]]:
    """How a target does. Apart from the target itself: it moves with every attempt, without an event."""
    recent: Column[Any] = Column("recent", ARRAY(At), nullable=False, comment="when something was claimed in the last minute")
    return (
        *([recent] if paced else ()),
        Column(f"{name}_id", Uuid, ForeignKey(f"{name}.id"), primary_key=True),
        Column("failing_since", At, comment="the first failure since something was taken"),
        Column("delivered_at", At, comment="when something was taken last"),
    )


def _newest(name: str) -> str | None:
    """A name of its own where the usual one is longer than Postgres takes (63 characters)."""
    return None if len(name) <= 16 else f"ix_{name}_delivery_newest"


def delivery_table(name: str, metadata: MetaData, of: type[Attempts], *items: SchemaItem, order: str = "id", **options: Any) -> Table:
    """The deliveries. `of` adds to `Attempts` the target, as `NAME_id`, and what the message is written from."""
    return table(
        f"{name}_delivery",
        metadata,
        of,
        Column("claimed_until", At, comment="a worker is sending it; after this, another may"),
        CheckConstraint("tries >= 0", name="tries"),
        Index(_newest(name), f"{name}_id", "created_at", "id"),
        Index(f"ix_{name}_delivery_due", f"{name}_id", "due_at", order, postgresql_where=text("state = 'pending'")),
        Index(f"ix_{name}_delivery_claimed", f"{name}_id", postgresql_where=text("claimed_until IS NOT NULL")),
        Index(f"ix_{name}_delivery_finished", "state", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
        *items,
        **options,
    )
