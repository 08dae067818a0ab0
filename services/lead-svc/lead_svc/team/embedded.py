"""The people who own the items of a list, beside them: `embed=owner`."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from lead_svc.team.tables import PERSON
from shared.db.query import Query, is_in
from shared.http.embed import Embedded, all_of


@dataclass(frozen=True, slots=True)
class OwnerName:
    """Who owns some of the items. `name` is null for somebody whom only an import has named so far."""

    id: UUID
    name: str | None
    team_id: UUID | None
    active: bool


_NAMES = Query(
    select(PERSON.c.id, PERSON.c.name, PERSON.c.team_id, PERSON.c.active)
    .where(is_in(PERSON.c.id, "ids"))
    .order_by(PERSON.c.name.nulls_first(), PERSON.c.id),
    OwnerName,
)
OWNER = Embedded("owner_id", "owners", OwnerName, all_of(_NAMES))
"""Everybody may read the roster."""
