"""The tables of a kind of target: its cursors, and one delivery for each event and target."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, MetaData, Table, UniqueConstraint

from shared.outbound.channel import delivery_table, progress_columns
from shared.outbound.record import Attempts


def cursor_table(name: str, metadata: MetaData, *, paced: bool = False) -> Table:
    """Whoever changes the types or makes deliveries locks it."""
    return Table(
        f"{name}_cursor",
        metadata,
        *progress_columns(name, paced=paced),
        Column("position", BigInteger, nullable=False, comment="deliveries are made up to here"),
        Column("matched_from", BigInteger, nullable=False, comment="what lies behind this was matched with the types as they are now"),
        Column("forgotten_to", BigInteger, nullable=False, comment="up to here, deliveries may have been cleaned away"),
        CheckConstraint("matched_from >= 0 AND matched_from <= position AND forgotten_to >= 0 AND forgotten_to <= position", name="places"),
    )


def followed_table(name: str, metadata: MetaData, of: type[Attempts], **options: Any) -> Table:
    """`of` is the target, as `NAME_id`, and `Followed`."""
    return delivery_table(
        name,
        metadata,
        of,
        UniqueConstraint(f"{name}_id", "position"),
        CheckConstraint("position > 0 AND sequence > 0", name="places"),
        order="position",
        **options,
    )


def on_clean(name: str) -> str:
    """Up to the highest position that is gone, `clinch verify` cannot expect a delivery for each event."""
    return f"""
    UPDATE {name}_cursor c SET forgotten_to = greatest(c.forgotten_to, g.position)
    FROM (SELECT {name}_id, max(position) AS position FROM gone GROUP BY {name}_id) g WHERE c.{name}_id = g.{name}_id
    """
