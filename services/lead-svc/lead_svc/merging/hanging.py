"""What hangs on a record: found from the tables themselves, so that none is forgotten. It moves, or it is said here why not."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Column, MetaData, UniqueConstraint

from lead_svc.merging.record import MergeKind
from shared.db.tables import PLUMBING


class Hangs(NamedTuple):
    """A column with the id of a record, in a table whose rows `key` names."""

    table: str
    column: str
    key: str


STAYS = {
    "consent.lead_id": "What somebody declared stays as they declared it. It is found by its keys, which get the survivor's.",
    "consent.contact_id": "As it is declared of a lead.",
    "campaign_drive_lead.lead_id": "Which leads a drive took up is counted as it was then.",
    "dealing.account_id": "deal-svc and contract-svc tell which account their records name now.",
    "search_entry.account_id": "As with dealings.",
    **dict.fromkeys(
        ("lead_duplicate.lead_id", "account_duplicate.account_id", "contact_duplicate.contact_id"),
        "The pair is about both records. It is not shown while one of them is merged.",
    ),
    "merge.survivor_id": "A merge into what is absorbed now is undone after this one.",
    "merge.absorbed_id": "The way from an old id to its survivor goes over each merge.",
}
"""Columns whose rows stay with the absorbed record, and why."""


def named(metadata: MetaData, kind: MergeKind) -> Iterator[Column[object]]:
    """The columns of a service's own tables that name such a record: by their name, or by what they refer to."""
    for table in metadata.sorted_tables:
        for column in table.columns if table.name not in PLUMBING.tables else ():
            refers = {key.column.table.name for key in column.foreign_keys}
            if column.name == f"{kind}_id" or column.name.endswith(f"_{kind}_id") or kind.value in refers:
                yield column


def one_each(column: Column[object]) -> bool:
    """Whether a record has one row of its own: what is counted or decided about that record, which the survivor has itself."""
    unique = [c for c in column.table.constraints if isinstance(c, UniqueConstraint) and list(c.columns.keys()) == [column.name]]
    return bool(unique or column.unique or list(column.table.primary_key.columns.keys()) == [column.name])


@lru_cache
def hanging(metadata: MetaData, kind: MergeKind) -> tuple[Hangs, ...]:
    """What moves to the survivor. To be asked when all tables are known."""
    return tuple(
        Hangs(column.table.name, column.name, column.table.primary_key.columns.keys()[0])
        for column in named(metadata, kind)
        if f"{column.table.name}.{column.name}" not in STAYS and not one_each(column)
    )
