"""Give leads without an owner to people by the rules. It follows from what happens to leads, in the same transaction, for many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from lead_svc.assignment.board import Board
from lead_svc.assignment.policy import POLICY, AssignmentPolicy, Returned
from lead_svc.assignment.queries import OF_LEADS, STRANDED, UNMANNED, WAITING, read_board, read_figures, today
from lead_svc.assignment.record import Assignment, AssignmentOutcome
from lead_svc.assignment.rules import Candidate, Decision, Figures
from lead_svc.assignment.tables import ASSIGNMENTS
from lead_svc.leads.queries import lead_of
from lead_svc.leads.record import OPEN, Lead
from lead_svc.leads.tables import LEAD, LEADS, SCORES
from shared.db.outbox import Told
from shared.db.query import Query, is_in
from shared.db.tx import Follows, Tx
from shared.events.assignment import LeadAssignmentDecided, LeadAssignmentOver, PassedOver
from shared.events.lead import (
    LeadAssigned,
    LeadBantUpdated,
    LeadCaptured,
    LeadConverted,
    LeadDisqualified,
    LeadIntentRecorded,
    LeadMqlReached,
    LeadReactivated,
    LeadRegraded,
    LeadUpdated,
)
from shared.events.score import LeadPredicted, LeadScored
from shared.history import starts_work
from shared.ids import new_id
from shared.timers import set_timer

AGAIN = "assignment.again"
"""The timer that looks again at the leads in the queue; its subject is the policy."""
BATCH = 500
BY_ITSELF = frozenset({"first_response_missed", "untouched", "over_capacity", "owner_left"})
"""What `lead.assigned` says in `rule` when a lead went back by itself."""
NOBODY: Mapping[UUID, UUID] = MappingProxyType({})
BY_RULE = "rule"
"""What `lead.assigned` says in `rule` when a rule of the policy did it."""
_TOLD = 50
"""People passed over that an event names at most."""
_KEPT = 500
"""The same for what is kept and shown."""

_TURN = "clinch.assignment"
"""Who is next, and how many leads everybody has, must not change until this is committed: assignments take turns."""
_LOCK = Query(
    select(*[LEAD.c[n] for n in LEADS.names])
    .where(
        is_in(LEAD.c.id, "ids"),
        or_(LEAD.c.owner_id.is_(None), is_in(LEAD.c.id, "stranded")),
        is_in(LEAD.c.state, [s.value for s in OPEN]),
    )
    .order_by(LEAD.c.id)
    .with_for_update(),
    Lead,
)
_KEEP_TURNS = """
INSERT INTO assignment_turn (rule, person_id, turn) SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[])
ON CONFLICT (rule, person_id) DO UPDATE SET turn = excluded.turn
"""
_KEEP = """
INSERT INTO lead_assignment (id, version, lead_id, outcome, rule, owner_id, passed, policy_version, at)
SELECT *, $8::integer, $9::timestamptz FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::jsonb[])
ON CONFLICT (lead_id) DO UPDATE SET version = excluded.version, outcome = excluded.outcome, rule = excluded.rule,
  owner_id = excluded.owner_id, passed = excluded.passed, policy_version = excluded.policy_version, at = excluded.at
"""


# -- What follows from what happens to leads -----------------------------------------------------------------------------------


async def _captured(tx: Tx, told: Sequence[Told]) -> None:
    if not tx.policy(POLICY).rules:
        return
    events = [(one, one.event) for one in told if isinstance(one.event, LeadCaptured)]
    ids = [one.subject for one, event in events if event.owner_id is None and starts_work(tx, one.time, imported=event.imported)]
    await assign(tx, ids, fresh=True)


async def _taken_up(tx: Tx, told: Sequence[Told]) -> None:
    """Leads that came a step further: those that nobody owns."""
    if tx.policy(POLICY).rules:
        ids = [one.subject for one in told if starts_work(tx, one.time, imported=getattr(one.event, "how", "") == "import")]
        await assign(tx, ids)


async def _returned(tx: Tx, told: Sequence[Told]) -> None:
    """Leads that are taken up again: those that nobody owns, or whose owner is not there to work on them."""
    policy = tx.policy(POLICY)
    if policy.rules:
        ids = [one.subject for one in told if starts_work(tx, one.time)]
        away = {"away": policy.returned_in_absence, "day": today(tx, tx.now)}
        await assign(tx, ids, stranded=await tx.all(STRANDED, ids=ids, **away) if ids else ())


async def _changed(tx: Tx, told: Sequence[Told]) -> None:
    """Another rule may be for a lead that waits: it is looked at again. One that was captured just now is looked at anyway."""
    if tx.policy(POLICY).rules:
        ids = [id for one in told if (id := lead_of(one)) and not tx.is_new(id)]
        before = await _before(tx, ids)
        await assign(tx, [id for id, one in before.items() if one.outcome is AssignmentOutcome.WAITING])


async def _given_back(tx: Tx, told: Sequence[Told]) -> None:
    """Leads that went back by themselves: to somebody else, where the policy says so. What somebody gives back by hand is for the pool."""
    policy = tx.policy(POLICY)
    if not policy.rules or policy.returned is not Returned.RULES:
        return
    lost: dict[UUID, UUID] = {}
    for one in told:
        if (
            isinstance(one.event, LeadAssigned)
            and one.event.rule in BY_ITSELF
            and one.event.owner_id is None
            and one.event.previous_owner_id
        ):
            lost[one.subject] = one.event.previous_owner_id
    await assign(tx, list(lost), lost=lost)


async def _settled(tx: Tx, told: Sequence[Told]) -> None:
    """Somebody took care of them otherwise."""
    times = {one.subject: one.time for one in told if getattr(one.event, "rule", "") != BY_RULE}
    if times:
        waiting = [one for one in (await _before(tx, list(times))).values() if one.outcome is AssignmentOutcome.WAITING]
        over = [
            (replace(one, outcome=AssignmentOutcome.OVER), [(LeadAssignmentOver(lead_id=one.lead_id), times[one.lead_id])])
            for one in waiting
        ]
        await tx.save_many(ASSIGNMENTS, over)


FOLLOWING: Follows = {
    LeadCaptured: [_captured],
    LeadMqlReached: [_taken_up],
    LeadReactivated: [_returned],
    **{event: [_changed] for event in (LeadUpdated, LeadBantUpdated, LeadRegraded, LeadIntentRecorded, LeadScored, LeadPredicted)},
    **{event: [_settled] for event in (LeadDisqualified, LeadConverted)},
    LeadAssigned: [_settled, _given_back],
}


async def _before(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Assignment]:
    """What was decided about these leads before."""
    return {one.lead_id: one for one in await tx.all(OF_LEADS, leads=list(ids))} if ids else {}


# -- Assigning ---------------------------------------------------------------------------------------------------------------


async def assign(
    tx: Tx, ids: Sequence[UUID], *, stranded: Sequence[UUID] = (), fresh: bool = False, lost: Mapping[UUID, UUID] = NOBODY
) -> None:
    """Give those of these leads to people that nobody owns, or that are `stranded` with their owner.

    `fresh`: nothing was decided about them before. `lost`: from whom which of them went back, who does not get it again.
    """
    policy = tx.policy(POLICY)
    leads = await _of_nobody(tx, ids, stranded)
    if not leads:
        return
    before = {} if fresh else await _before(tx, [lead.id for lead in leads])
    figures = _as_scored(tx, leads) or await read_figures(tx, policy, leads)
    await tx.take_turn(_TURN)
    board = await read_board(tx, policy, leads, figures, tx.now)
    board.lost = lost
    decided = []
    for lead in leads:
        decision = board.decide(lead)
        board.took(decision)
        if decision.owner or lead.owner_id is None:  # whom nobody can take over from keeps it
            decided.append((lead, decision))
    await _keep(tx, board, decided, before)
    if any(decision.by and not decision.owner for _, decision in decided):
        await _look_again(tx, policy.again_minutes)
    await _give(tx, [(lead, decision, decision.owner) for lead, decision in decided if decision.owner])


async def _of_nobody(tx: Tx, ids: Sequence[UUID], stranded: Sequence[UUID]) -> list[Lead]:
    """Those of these leads that can be given to somebody, in the order of their ids; they are locked."""
    if all(map(tx.is_new, ids)):  # nobody else can have locked or changed them
        return sorted(
            (lead for lead in await tx.held(LEADS, ids) if lead.owner_id is None and lead.state in OPEN), key=lambda x: x.id.bytes
        )
    return await tx.all(_LOCK, ids=list(ids), stranded=list(stranded))


def _as_scored(tx: Tx, leads: Sequence[Lead]) -> Figures:
    """The figures of a few new leads, if they are known from their scoring just now: nobody can have predicted anything of them."""
    scores = {score.lead_id: score.points for score in tx.written(SCORES)}
    known = all(tx.is_new(lead.id) and lead.id in scores for lead in leads)
    return {lead.id: {"score": scores[lead.id], "prediction": None} for lead in leads} if known else {}


async def _give(tx: Tx, given: Sequence[tuple[Lead, Decision, Candidate]]) -> None:
    if len(given) == 1:  # goes with its events, by one statement
        ((lead, decision, to),) = given
        await tx.save(LEADS, lead, _assigned(tx, lead, decision, to), owner_id=to.person_id, team_id=to.team_id)
    else:
        changed = [
            (replace(lead, owner_id=to.person_id, team_id=to.team_id, updated_at=tx.now), [(_assigned(tx, lead, decision, to), tx.now)])
            for lead, decision, to in given
        ]
        await tx.save_many(LEADS, changed)


def _assigned(tx: Tx, lead: Lead, decision: Decision, to: Candidate) -> LeadAssigned:
    return LeadAssigned(
        owner_id=to.person_id,
        team_id=to.team_id,
        previous_owner_id=lead.owner_id,
        rule=BY_RULE,
        rule_name=decision.rule,
        policy_version=tx.policy(POLICY).version,
    )


async def _keep(tx: Tx, board: Board, decided: Sequence[tuple[Lead, Decision]], before: Mapping[UUID, Assignment]) -> None:
    """Keep whose turn it is, what was decided and why; and tell it, unless it is what was decided before."""
    kept = []
    for lead, decision in decided:
        known = before.get(lead.id)
        if known and known.outcome is AssignmentOutcome.WAITING and not decision.owner and decision.rule == known.rule:
            continue
        id, version = (known.id, known.version + 1) if known else (new_id(), 1)
        outcome = AssignmentOutcome.ASSIGNED if decision.owner else AssignmentOutcome.WAITING
        passed = {str(one.person_id): {"why": one.why.value, "load": one.load} for one in decision.passed[:_KEPT]}
        kept.append((id, version, lead.id, outcome.value, decision.rule, decision.owner_id, passed))
        tx.tell(id, version, _decided(tx, lead, decision, outcome))
    if kept:
        ids, versions, leads, *more = [list(column) for column in zip(*kept, strict=True)]
        args = ids, versions, leads, *more, tx.policy(POLICY).version, tx.now
        await tx.insert(_KEEP, *args, into="lead_assignment", ids=leads)
    if board.turns:
        rules, people = zip(*board.turns, strict=True)
        await tx.insert(_KEEP_TURNS, rules, people, list(board.turns.values()), into="assignment_turn", ids=people)


def _decided(tx: Tx, lead: Lead, decision: Decision, outcome: AssignmentOutcome) -> LeadAssignmentDecided:
    owner: dict[str, Any] = {"owner_id": decision.owner.person_id, "team_id": decision.owner.team_id} if decision.owner else {}
    passed = [PassedOver(person_id=one.person_id, why=one.why) for one in decision.passed[:_TOLD]]
    said = {"lead_id": lead.id, "outcome": outcome, "rule": decision.rule, "passed": passed}
    return LeadAssignmentDecided.of(lead, **owner, **said, policy_version=tx.policy(POLICY).version)


# -- The queue ---------------------------------------------------------------------------------------------------------------


async def _look_again(tx: Tx, minutes: int) -> None:
    """At the next full step of the clock, so that all leads of the queue wait for one timer."""
    step = timedelta(minutes=minutes)
    due = tx.now + step - (tx.now - datetime.min.replace(tzinfo=tx.now.tzinfo)) % step
    await set_timer(tx, AGAIN, POLICY.subject, due)


async def look_again(tx: Tx, after: UUID, *, every: bool = False) -> UUID | None:
    """Look again at a batch of the leads that rules had nobody for, or at `every` one that waits; the last one of a full batch."""
    if not tx.policy(POLICY).rules:
        return None
    waiting = await tx.all(WAITING if every else UNMANNED, after=after, most=BATCH)
    await assign(tx, [one.lead_id for one in waiting])
    return waiting[-1].id if len(waiting) == BATCH else None


async def move(tx: Tx, old: AssignmentPolicy, new: AssignmentPolicy, after: UUID | None) -> UUID | None:
    """A new version looks at all leads that wait. Doing it again changes nothing."""
    return await look_again(tx, after or UUID(int=0), every=True)
