"""Who of the roster may be asked about a quote."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, exists, select

from deal_svc.approvals.rules import Candidate
from shared.auth.actor import Role
from shared.db.query import Query, is_in
from shared.db.tables import ROSTER
from shared.db.tx import Reader

_ASKED = (Role.manager, Role.regional_head, Role.director, Role.finance, Role.admin)
_owner = ROSTER.alias("owner")
_led = ROSTER.c.team_id == any_(_owner.c.team_path)
_leads = exists().where(_owner.c.person_id == bindparam("owner_id", type_=Uuid), _led).correlate(ROSTER)
_CANDIDATES = Query(
    select(ROSTER.c.person_id, ROSTER.c.role, _leads.label("leads"))
    .where(ROSTER.c.active, is_in(ROSTER.c.role, [role.value for role in _ASKED]))
    .order_by(ROSTER.c.person_id),
    Candidate,
)


async def candidates(db: Reader, owner_id: UUID | None) -> Collection[Candidate]:
    """Those who are there and have a role that is asked, whatever the step."""
    return [Candidate(one.person_id, Role(one.role), one.leads) for one in await db.all(_CANDIDATES, owner_id=owner_id)]
