"""What follows for the plan of a lead from what happens to it. The leads are locked by whoever tells of it; nothing is asked per lead."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from lead_svc.cadence import rules
from lead_svc.cadence.policy import POLICY
from lead_svc.cadence.rules import PLAN_FOLLOW_UP
from lead_svc.cadence.tasks import FIRST_RESPONSE, FOLLOW_UP, calendar
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from lead_svc.policy import POLICY as LEAD_POLICY
from shared.db.outbox import Told
from shared.db.tx import Follows, Tx
from shared.deadlines import commands as deadlines
from shared.deadlines.record import Begin, Running
from shared.errors import Invalid
from shared.events.lead import (
    LeadAssigned,
    LeadCaptured,
    LeadConversionRefused,
    LeadInteractionLogged,
    LeadReactivated,
    LeadRegraded,
)
from shared.history import starts_work
from shared.tasks import commands as tasks
from shared.tasks.record import TaskState, ToDo

QUIET = ("hand_over", "import")
"""Rules of assignment by which nothing starts: what runs goes with the lead."""
MISSED = "first_response_missed"
"""The rule by which a lead goes back to the pool."""


async def captured(tx: Tx, told: Sequence[Told]) -> None:
    """Plan for a new lead that has an owner. Who enters a lead has had the contact; whom it is given to has to respond."""
    times = {one.subject: one.time for one in told if _begins(tx, one)}
    if not times:
        return
    leads = [lead for lead in await _leads(tx, times) if rules.followed(lead)]
    await _put(tx, [_next(tx, lead, times[lead.id]) for lead in leads])
    # It is given to its owner now, however long ago the first contact was.
    await _await_response(tx, [lead for lead in leads if lead.owner_id != tx.actor.id], dict.fromkeys(times, tx.now))


async def assigned(tx: Tx, told: Sequence[Told]) -> None:
    """Plan for the new owner, who has to respond; in the pool nobody has to."""
    times = {one.subject: one.time for one in told}
    leads = await _leads(tx, times)
    pool = {lead.id: times[lead.id] for lead in leads if lead.owner_id is None}
    await tasks.close(tx, FOLLOW_UP, pool, TaskState.OVER)
    await deadlines.stop_many(tx, FIRST_RESPONSE, pool)
    starting = {one.subject for one in told if _begins(tx, one)}
    given = [lead for lead in leads if lead.id in starting and rules.followed(lead)]
    await _take_up(tx, given, times)
    await _await_response(tx, given, times)


def _begins(tx: Tx, one: Told) -> bool:
    event = one.event
    assert isinstance(event, LeadCaptured | LeadAssigned)
    silent = event.imported if isinstance(event, LeadCaptured) else event.rule in QUIET
    return event.owner_id is not None and starts_work(tx, one.time, imported=silent)


async def contacted(tx: Tx, told: Sequence[Told]) -> None:
    """A touch does what was planned, and plans the next one. One that is entered late, after a later one, changes nothing."""
    times = {one.subject: one.time for one in told}
    leads = [lead for lead in await _leads(tx, times) if lead.last_contact_at == times[lead.id]]
    planned = await tasks.open_of(tx, FOLLOW_UP, [lead.id for lead in leads])
    going_on = [lead for lead in leads if rules.followed(lead) and (lead.id in planned or starts_work(tx, times[lead.id]))]
    ended = {lead.id: times[lead.id] for lead in leads if lead.id in planned and not rules.followed(lead)}
    await tasks.close(tx, FOLLOW_UP, ended, TaskState.DONE)
    await _put(tx, [_next(tx, lead, times[lead.id])._replace(fresh=True) for lead in going_on])


async def regraded(tx: Tx, told: Sequence[Told]) -> None:
    """Another grade has another rhythm: what is planned moves, counted from the last touch."""
    times = {one.subject: one.time for one in told}
    planned = await tasks.open_of(tx, FOLLOW_UP, list(times))
    leads = [lead for lead in await _leads(tx, planned) if rules.followed(lead)] if planned else []
    since = {lead.id: lead.last_contact_at or planned[lead.id].created_at for lead in leads}
    await _put(tx, [_next(tx, lead, since[lead.id])._replace(at=times[lead.id]) for lead in leads])


async def taken_up(tx: Tx, told: Sequence[Told]) -> None:
    """A lead that is taken up again is touched at once."""
    times = {one.subject: one.time for one in told if starts_work(tx, one.time)}
    leads = [lead for lead in await _leads(tx, times) if rules.followed(lead)] if times else []
    planned = await tasks.open_of(tx, FOLLOW_UP, [lead.id for lead in leads])
    now = calendar(tx).next_working_time(tx.now)
    await _put(tx, [ToDo(lead.id, now, None, times[lead.id]) for lead in leads if lead.id not in planned])


async def refused(tx: Tx, told: Sequence[Told]) -> None:
    """A lead that no deal was opened for goes on where it was."""
    times = {one.subject: one.time for one in told if starts_work(tx, one.time)}
    await _take_up(tx, [lead for lead in await _leads(tx, times) if rules.followed(lead)] if times else [], times)


FOLLOWS: Follows = {
    LeadCaptured: [captured],
    LeadAssigned: [assigned],
    LeadInteractionLogged: [contacted],
    LeadRegraded: [regraded],
    LeadReactivated: [taken_up],
    LeadConversionRefused: [refused],
}


async def _take_up(tx: Tx, leads: Sequence[Lead], times: Mapping[UUID, datetime]) -> None:
    """Plan for leads that have no plan, counted from the last touch."""
    planned = await tasks.open_of(tx, FOLLOW_UP, [lead.id for lead in leads]) if leads else {}
    new = [lead for lead in leads if lead.id not in planned]
    await _put(tx, [_next(tx, lead, lead.last_contact_at or times[lead.id])._replace(at=times[lead.id]) for lead in new])


async def _leads(tx: Tx, ids: Mapping[UUID, object]) -> list[Lead]:
    return await tx.all(LEADS.get_many, ids=list(ids))


def _next(tx: Tx, lead: Lead, touched_at: datetime) -> ToDo:
    rhythm = tx.policy(POLICY).grades.of(lead.grade)
    return ToDo(lead.id, rules.next_touch(touched_at, rhythm, calendar(tx), tx.now), None, touched_at)


async def _put(tx: Tx, wanted: Sequence[ToDo]) -> None:
    await tasks.put(tx, FOLLOW_UP, wanted, asked=True)


async def _await_response(tx: Tx, leads: Sequence[Lead], times: Mapping[UUID, datetime]) -> None:
    """Let the clock of the first response run from the assignment, in working time."""
    begun = []
    for lead in leads:
        if hours := tx.policy(POLICY).grades.of(lead.grade).first_response_hours:
            begun.append(Begin(lead.id, times[lead.id], calendar(tx).add_working_hours(times[lead.id], hours)))
    await deadlines.start_many(tx, FIRST_RESPONSE, begun)


# -- What people do, and what time does --------------------------------------------------------------------------------------


async def plan_follow_up(tx: Tx, id: UUID, *, due_at: datetime) -> Lead:
    """Touch the lead at this time, whatever its rhythm says and however old it is."""
    lead = await SEEN.load(tx, id)
    PLAN_FOLLOW_UP.check(lead, tx.actor, facts=tx.policy(LEAD_POLICY))
    if due_at <= tx.now:
        raise Invalid("The next touch must lie ahead.", pointer="/due_at", code="past")
    await _put(tx, [ToDo(lead.id, due_at, None, tx.now)])
    return lead


async def response_missed(tx: Tx, found: Running) -> None:
    """Take a lead away from an owner who has not responded in time, if the policy says so."""
    if not tx.policy(POLICY).back_to_queue:
        return
    lead = await tx.load(LEADS, found.record_id)
    if rules.followed(lead):
        told = LeadAssigned(owner_id=None, team_id=None, previous_owner_id=lead.owner_id, rule=MISSED)
        await tx.save(LEADS, lead, told, at=found.due_at, owner_id=None, team_id=None)
