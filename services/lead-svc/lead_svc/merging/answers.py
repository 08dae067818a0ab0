"""A merge as it is answered."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from lead_svc.merging.record import Merge


class MergeOut(BaseModel):
    """A merge. `until`: how long it can be undone."""

    id: UUID
    survivor_id: UUID
    absorbed_id: UUID
    at: datetime
    by: UUID
    until: datetime
    undone_at: datetime | None
    undone_by: UUID | None
    changed: list[str] = Field(description="The fields of the survivor that the merge changed.")
    moved: dict[str, int] = Field(description="How many records of each kind came to the survivor.")

    @classmethod
    def of(cls, merge: Merge) -> Self:
        plain = {name: getattr(merge, name) for name in ("id", "survivor_id", "absorbed_id", "at", "by", "until", "undone_at", "undone_by")}
        moved: dict[str, int] = {}
        for name, ids in merge.moved.items():
            table = name.partition(".")[0]
            moved[table] = moved.get(table, 0) + len(ids)
        return cls(**plain, changed=sorted(merge.values), moved=moved)


class MergesOut(BaseModel):
    items: list[MergeOut]
