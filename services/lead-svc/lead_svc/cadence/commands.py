"""What follows for the plan of a lead from what happens to it. The leads are locked by whoever tells of it; nothing is asked per lead."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from lead_svc.absences.calendars import calendars_of
from lead_svc.cadence import rules
from lead_svc.cadence.policy import POLICY
from lead_svc.cadence.queries import FOLLOWED, leads_of_people, stops
from lead_svc.cadence.record import Unplanned
from lead_svc.cadence.rules import PLAN_FOLLOW_UP
from lead_svc.cadence.stops import forget, keep, keep_history
from lead_svc.cadence.tasks import FIRST_RESPONSE, FOLLOW_UP
from lead_svc.consent.fields import Use
from lead_svc.consent.policy import ConsentPolicy
from lead_svc.consent.queries import left_out, unmet_of
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from lead_svc.policy import POLICY as LEAD_POLICY
from shared.calendar import day_of
from shared.calendar.working import Calendar
from shared.db.outbox import Told
from shared.db.tx import Follows, Tx
from shared.deadlines import commands as deadlines
from shared.deadlines.record import Begin, Running
from shared.errors import Invalid
from shared.events.consent import ConsentEvent, ConsentGranted, ConsentWithdrawn
from shared.events.lead import (
    LeadAssigned,
    LeadCaptured,
    LeadConversionRefused,
    LeadInteractionLogged,
    LeadMerged,
    LeadReactivated,
    LeadRegraded,
    LeadUnmerged,
    LeadUpdated,
)
from shared.history import starts_work
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY
from shared.tasks import commands as tasks
from shared.tasks.record import Task, TaskState, ToDo

QUIET = ("hand_over", "import")
"""Rules of assignment by which nothing starts: what runs goes with the lead."""
BATCH = 500
_PERSON = {"contact_id", "email", "phone"}
"""What of a lead says whose consent counts."""

Times = Mapping[UUID, datetime]


async def captured(tx: Tx, told: Sequence[Told]) -> None:
    """Plan for a new lead that has an owner. Who enters a lead has had the contact; whom it is given to has to respond."""
    owned = {one.subject: one.time for one in told if not _is_quiet(one)}
    if not owned:
        return
    found = [lead for lead in await _leads(tx, owned) if rules.followed(lead)]
    await keep_history(tx, [lead.id for lead in found if not starts_work(tx, owned[lead.id])])
    leads = await _allowed(tx, [lead for lead in found if starts_work(tx, owned[lead.id])])
    calendars = await _calendars(tx, leads)
    await _plan(tx, [(lead, _next(tx, lead, owned[lead.id], calendars)) for lead in leads])
    # It is given to its owner now, however long ago the first contact was.
    await _await_response(tx, [lead for lead in leads if lead.owner_id != tx.actor.id], dict.fromkeys(owned, tx.now), calendars)


async def assigned(tx: Tx, told: Sequence[Told]) -> None:
    """Plan for the new owner, who has to respond; in the pool nobody has to."""
    times = {one.subject: one.time for one in told}
    leads = await _leads(tx, times)
    pool = {lead.id: times[lead.id] for lead in leads if lead.owner_id is None}
    await tasks.close(tx, FOLLOW_UP, pool, TaskState.OVER)
    await deadlines.stop_many(tx, FIRST_RESPONSE, pool)
    starting = {one.subject for one in told if not _is_quiet(one) and starts_work(tx, one.time)}
    held = [lead for lead in leads if rules.followed(lead)]
    await keep_history(tx, [lead.id for lead in held if lead.id not in starting])
    given = await _allowed(tx, [lead for lead in held if lead.id in starting])
    calendars = await _calendars(tx, given)
    if all(_is_first(tx, one) for one in told):  # a lead that was captured just now: nothing was planned, and nothing kept
        await _plan(tx, [(lead, _counted(tx, lead, times, calendars)) for lead in given], {})
        await _await_response(tx, given, times, calendars, fresh=True)
    else:
        await _take_up(tx, given, times, calendars)
        await _await_response(tx, given, times, calendars)


def _is_first(tx: Tx, one: Told) -> bool:
    """Whether the lead gets its first owner in the same transaction, by what is told right after its capture."""
    assert isinstance(one.event, LeadAssigned)
    return tx.is_new(one.subject) and one.version == 2 and one.event.previous_owner_id is None


def _is_quiet(one: Told) -> bool:
    event = one.event
    assert isinstance(event, LeadCaptured | LeadAssigned)
    return event.owner_id is None or (event.imported if isinstance(event, LeadCaptured) else event.rule in QUIET)


async def contacted(tx: Tx, told: Sequence[Told]) -> None:
    """A touch does what was planned, and plans the next one. One that is entered late, after a later one, changes nothing."""
    times = {one.subject: one.time for one in told}
    leads = [lead for lead in await _leads(tx, times) if lead.last_contact_at == times[lead.id]]
    planned = await tasks.open_of(tx, FOLLOW_UP, [lead.id for lead in leads])
    worked = [lead for lead in leads if rules.followed(lead) and (lead.id in planned or starts_work(tx, times[lead.id]))]
    going_on = await _allowed(tx, worked)
    goes_on = {lead.id for lead in going_on}
    ended = {lead.id: times[lead.id] for lead in leads if lead.id in planned and lead.id not in goes_on}
    await tasks.close(tx, FOLLOW_UP, ended, TaskState.DONE)
    calendars = await _calendars(tx, going_on)
    await _plan(tx, [(lead, _next(tx, lead, times[lead.id], calendars)._replace(fresh=True)) for lead in going_on], planned)
    await forget(tx, [lead.id for lead in going_on if lead.id not in planned])


async def regraded(tx: Tx, told: Sequence[Told]) -> None:
    """Another grade has another rhythm: what is planned moves, counted from the last touch."""
    times = {one.subject: one.time for one in told}
    planned = await tasks.open_of(tx, FOLLOW_UP, list(times))
    leads = [lead for lead in await _leads(tx, planned) if rules.followed(lead)] if planned else []
    calendars = await _calendars(tx, leads)
    since = {lead.id: lead.last_contact_at or planned[lead.id].created_at for lead in leads}
    await _plan(tx, [(lead, _next(tx, lead, since[lead.id], calendars)._replace(at=times[lead.id])) for lead in leads], planned)


async def taken_up(tx: Tx, told: Sequence[Told]) -> None:
    """A lead that is taken up again is touched at once."""
    times = {one.subject: one.time for one in told}
    leads = await _starting(tx, times)
    planned = await tasks.open_of(tx, FOLLOW_UP, [lead.id for lead in leads])
    calendars = await _calendars(tx, leads)
    new = [lead for lead in leads if lead.id not in planned]
    await _plan(tx, [(lead, ToDo(lead.id, _of(calendars, lead).next_working_time(tx.now), None, times[lead.id])) for lead in new], {})
    await forget(tx, [lead.id for lead in new])


async def refused(tx: Tx, told: Sequence[Told]) -> None:
    """A lead that no deal was opened for goes on where it was."""
    times = {one.subject: one.time for one in told}
    leads = await _starting(tx, times)
    await _take_up(tx, leads, times, await _calendars(tx, leads))


async def declared(tx: Tx, told: Sequence[Told]) -> None:
    """Somebody takes back that we may contact them, or allows it again: all their leads stop, or go on."""
    events = [one.event for one in told if isinstance(one.event, ConsentEvent)]
    leads = {event.lead_id for event in events if event.lead_id}
    contacts = {event.contact_id for event in events if event.contact_id}
    await _settle(tx, await leads_of_people(tx, list(leads), list(contacts)), max(one.time for one in told))


async def changed(tx: Tx, told: Sequence[Told]) -> None:
    """Another address or contact may be of somebody who allows something else."""
    times = {one.subject: one.time for one in told if isinstance(one.event, LeadUpdated) and _PERSON & set(one.event.changed)}
    if times:
        await _settle(tx, [lead for lead in await _leads(tx, times) if rules.followed(lead)], tx.now)


async def _settle(tx: Tx, leads: Sequence[Lead], at: datetime) -> None:
    """Stop following up those of these leads whose person does not want it, and go on with those that had been stopped for that."""
    ids = [lead.id for lead in leads]
    planned = await tasks.open_of(tx, FOLLOW_UP, ids) if ids else {}
    stopped = {id for id, reason in (await stops(tx, ids)).items() if reason is Unplanned.NO_CONSENT}
    concerned = [lead for lead in leads if lead.id in planned or lead.id in stopped]
    out = await left_out(tx, concerned, Use.CADENCE)
    over = [lead.id for lead in concerned if lead.id in planned and lead.id in out]
    if over:
        await tasks.close(tx, FOLLOW_UP, dict.fromkeys(over, at), TaskState.OVER)
        await deadlines.stop_many(tx, FIRST_RESPONSE, dict.fromkeys(over, at))
        await keep(tx, over, Unplanned.NO_CONSENT)
    again = [lead for lead in concerned if lead.id in stopped and lead.id not in out]
    await _take_up(tx, again, dict.fromkeys(ids, at), await _calendars(tx, again))


async def merged(tx: Tx, told: Sequence[Told]) -> None:
    """What the person said under either of two leads that are one counts, and no longer when that was undone."""
    times = {one.subject: one.time for one in told}
    await _settle(tx, [lead for lead in await _leads(tx, times) if rules.followed(lead)], tx.now)


async def plan_again(tx: Tx, lead: Lead, due_at: datetime) -> bool:
    """Touch the lead at the time that was planned before; whether its person may be contacted."""
    if not await _allowed(tx, [lead]):
        return False
    await _plan(tx, [(lead, ToDo(lead.id, due_at, None, tx.now))])
    await forget(tx, [lead.id])
    return True


async def move(tx: Tx, old: ConsentPolicy, new: ConsentPolicy, after: UUID | None) -> UUID | None:
    """Another version says who may be contacted: a batch of leads stops, or goes on. Doing it again changes nothing."""
    leads = await tx.all(FOLLOWED, after=after or UUID(int=0), most=BATCH)
    await _settle(tx, leads, tx.now)
    return leads[-1].id if len(leads) == BATCH else None


FOLLOWS: Follows = {
    LeadCaptured: [captured],
    LeadAssigned: [assigned],
    LeadInteractionLogged: [contacted],
    LeadRegraded: [regraded],
    LeadReactivated: [taken_up],
    LeadConversionRefused: [refused],
    LeadUpdated: [changed],
    LeadMerged: [merged],
    LeadUnmerged: [merged],
    ConsentWithdrawn: [declared],
    ConsentGranted: [declared],
}


async def _starting(tx: Tx, times: Times) -> list[Lead]:
    """Those of these leads that somebody follows up from now on; of the others the reason is kept."""
    leads = [lead for lead in await _leads(tx, times) if rules.followed(lead)]
    await keep_history(tx, [lead.id for lead in leads if not starts_work(tx, times[lead.id])])
    return await _allowed(tx, [lead for lead in leads if starts_work(tx, times[lead.id])])


async def _allowed(tx: Tx, leads: Sequence[Lead]) -> list[Lead]:
    """Those whose person may be contacted; of the others that is kept as the reason."""
    out = await left_out(tx, leads, Use.CADENCE)
    await keep(tx, list(out), Unplanned.NO_CONSENT)
    return [lead for lead in leads if lead.id not in out]


async def _take_up(tx: Tx, leads: Sequence[Lead], times: Times, calendars: Mapping[UUID, Calendar]) -> None:
    """Plan for leads that have no plan, counted from the last touch."""
    planned: Mapping[UUID, Task] = await tasks.open_of(tx, FOLLOW_UP, [lead.id for lead in leads]) if leads else {}
    new = [lead for lead in leads if lead.id not in planned]
    await _plan(tx, [(lead, _counted(tx, lead, times, calendars)) for lead in new], {})
    await forget(tx, [lead.id for lead in new])


def _counted(tx: Tx, lead: Lead, times: Times, calendars: Mapping[UUID, Calendar]) -> ToDo:
    """What is to be done next, counted from the last touch."""
    return _next(tx, lead, lead.last_contact_at or times[lead.id], calendars)._replace(at=times[lead.id])


async def _leads(tx: Tx, ids: Mapping[UUID, object]) -> list[Lead]:
    return await tx.held(LEADS, list(ids))


async def _calendars(tx: Tx, leads: Sequence[Lead]) -> Mapping[UUID, Calendar]:
    """When the owners of these leads work, from now on."""
    zone = calendar_of(tx.policy(COMPANY_POLICY)).zone
    return await calendars_of(tx, {lead.owner_id for lead in leads if lead.owner_id}, day_of(tx.now, zone))


def _of(calendars: Mapping[UUID, Calendar], lead: Lead) -> Calendar:
    assert lead.owner_id is not None
    return calendars[lead.owner_id]


def _next(tx: Tx, lead: Lead, touched_at: datetime, calendars: Mapping[UUID, Calendar]) -> ToDo:
    rhythm = tx.policy(POLICY).grades.of(lead.grade)
    return ToDo(lead.id, rules.next_touch(touched_at, rhythm, _of(calendars, lead), tx.now), None, touched_at)


async def _plan(tx: Tx, wanted: Sequence[tuple[Lead, ToDo]], before: Mapping[UUID, Task] | None = None) -> None:
    """`before`: what is planned for them, where that is known."""
    records = {lead.id: lead for lead, _ in wanted}
    await tasks.put(tx, FOLLOW_UP, [to_do for _, to_do in wanted], asked=True, records=records, before=before)


async def _await_response(tx: Tx, leads: Sequence[Lead], times: Times, calendars: Mapping[UUID, Calendar], *, fresh: bool = False) -> None:
    """Let the clock of the first response run from the assignment, in the working time of the owner. `fresh`: it never ran before."""
    policy, begun = tx.policy(POLICY), []
    for lead in leads:
        if hours := policy.grades.of(lead.grade).first_response_hours:
            since, calendar = times[lead.id], _of(calendars, lead)
            due_at = calendar.add_working_hours(since, hours)
            begun.append(Begin(lead.id, since, due_at, rules.warning(since, due_at, policy.warn_percent, calendar)))
    await deadlines.start_many(tx, FIRST_RESPONSE, begun, {lead.id: lead for lead in leads}, fresh=fresh)


# -- What people do, and what time does --------------------------------------------------------------------------------------


async def plan_follow_up(tx: Tx, id: UUID, *, due_at: datetime) -> Lead:
    """Touch the lead at this time, whatever its rhythm says and however old it is."""
    lead = await SEEN.load(tx, id)
    PLAN_FOLLOW_UP.check(lead, tx.actor, facts=tx.policy(LEAD_POLICY), also=await unmet_of(tx, lead, Use.CADENCE))
    if due_at <= tx.now:
        raise Invalid("The next touch must lie ahead.", pointer="/due_at", code="past")
    await _plan(tx, [(lead, ToDo(lead.id, due_at, None, tx.now))])
    await forget(tx, [lead.id])
    return lead


async def response_missed(tx: Tx, found: Running) -> None:
    """Take a lead away from an owner who has not responded in time, if the policy says so."""
    if not tx.policy(POLICY).back_to_queue:
        return
    lead = await tx.load(LEADS, found.record_id)
    if rules.followed(lead):
        told = LeadAssigned(owner_id=None, team_id=None, previous_owner_id=lead.owner_id, rule=rules.MISSED)
        await tx.save(LEADS, lead, told, at=found.due_at, owner_id=None, team_id=None)
