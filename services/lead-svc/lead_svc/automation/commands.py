"""Do what rules say when something happens to leads: it follows in the same transaction, for many leads by the same few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog

from lead_svc.absences.calendars import calendars_of
from lead_svc.assignment.commands import assign
from lead_svc.assignment.policy import POLICY as ASSIGNMENT_POLICY
from lead_svc.automation import rules
from lead_svc.automation.fields import ActionKind, LeftOut, Repeat, Trigger
from lead_svc.automation.policy import LONGEST_CHAIN, POLICY, Action, Rule
from lead_svc.automation.queries import FIRED
from lead_svc.automation.record import Firing
from lead_svc.automation.rules import Draft, Given
from lead_svc.automation.tables import FIRINGS
from lead_svc.automation.tasks import TO_DO
from lead_svc.conditions.rules import holds
from lead_svc.consent.fields import Use
from lead_svc.consent.queries import left_out
from lead_svc.leads.queries import beside, lead_of
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from lead_svc.team.queries import members
from lead_svc.team.rules import taker_refused
from shared.calendar import day_of
from shared.db.outbox import Told
from shared.db.tx import Follows, Tx
from shared.events.automation import LeadAutomationFired
from shared.events.cadence import LeadFirstResponseMissed
from shared.events.envelope import Event
from shared.events.form import LeadFormSubmitted
from shared.events.lead import (
    LeadAssigned,
    LeadBantUpdated,
    LeadCaptured,
    LeadDisqualified,
    LeadIntentRecorded,
    LeadInteractionLogged,
    LeadMerged,
    LeadMqlReached,
    LeadNurtured,
    LeadQualified,
    LeadReactivated,
    LeadRegraded,
    LeadUnmerged,
    LeadUpdated,
)
from shared.events.score import LeadPredicted, LeadScored
from shared.events.signal import LeadSignalRecorded
from shared.history import starts_work
from shared.ids import new_id
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY
from shared.tasks import commands as tasks
from shared.tasks.record import ToDo

log = structlog.get_logger()

EVENTS: Mapping[type[Event], Trigger] = {
    LeadCaptured: Trigger.CAPTURED,
    LeadUpdated: Trigger.CHANGED,
    LeadMerged: Trigger.CHANGED,
    LeadUnmerged: Trigger.CHANGED,
    LeadMqlReached: Trigger.MQL_REACHED,
    LeadQualified: Trigger.QUALIFIED,
    LeadBantUpdated: Trigger.BANT_UPDATED,
    LeadRegraded: Trigger.REGRADED,
    LeadIntentRecorded: Trigger.INTENT_RECORDED,
    LeadInteractionLogged: Trigger.CONTACTED,
    LeadAssigned: Trigger.ASSIGNED,
    LeadNurtured: Trigger.NURTURED,
    LeadDisqualified: Trigger.DISQUALIFIED,
    LeadReactivated: Trigger.REACTIVATED,
    LeadSignalRecorded: Trigger.SIGNAL,
    LeadFormSubmitted: Trigger.FORM_SENT,
    LeadScored: Trigger.SCORED,
    LeadPredicted: Trigger.PREDICTED,
    LeadFirstResponseMissed: Trigger.RESPONSE_MISSED,
}


@dataclass(frozen=True, slots=True)
class _SetOff:
    """A rule that something sets off for a lead."""

    rule: Rule
    lead: Lead
    trigger: Trigger
    depth: int


_CHAINS: WeakKeyDictionary[Tx, dict[UUID, tuple[int, int]]] = WeakKeyDictionary()
"""In each transaction, the leads that rules have changed: the version before, and how long the chain is by then."""


async def _happened(trigger: Trigger, tx: Tx, told: Sequence[Told]) -> None:
    policy = tx.policy(POLICY)
    listening = policy.by_trigger[trigger] if policy.rules else ()
    if not listening:
        return
    asked: dict[UUID, dict[str, tuple[Rule, int]]] = {}
    for one in told:
        id = lead_of(one) or one.subject
        for rule in listening:
            if rules.is_of(rule, one.event) and starts_work(tx, one.time, imported=_imported(tx, one.event), asked=rule.history):
                asked.setdefault(id, {}).setdefault(rule.name, (rule, _depth(tx, id, one)))
    leads = await tx.load_many(LEADS, sorted(asked)) if asked else {}
    figures = await beside(tx, list(leads)) if leads and rules.asks_beside(listening) else {}
    found = [
        _SetOff(rule, lead, trigger, depth)
        for id, lead in leads.items()
        for rule, depth in asked[id].values()
        if _is_new(tx, rule, lead) and holds(rule.conditions, lead, figures.get(id, {}))
    ]
    await _fire(tx, _in_reach(await _not_yet(tx, found)))


FOLLOWING: Follows = {event: [partial(_happened, trigger)] for event, trigger in EVENTS.items()}


def _is_new(tx: Tx, rule: Rule, lead: Lead) -> bool:
    """Whether the rule is for a lead of this age: one that waits for its conditions passes over those that are history."""
    if lead.captured_at is None:
        return False
    return bool(rule.on) or starts_work(tx, lead.captured_at, imported=lead.imported, asked=rule.history)


def _imported(tx: Tx, event: Event) -> bool:
    """What a file tells is history, also where it changes what is known."""
    return tx.context.service.endswith("-import") or bool(getattr(event, "imported", False))


def _depth(tx: Tx, lead: UUID, told: Told) -> int:
    """The place in the chain of what this sets off: 1 where no rule has caused it."""
    before, depth = _CHAINS.get(tx, {}).get(lead, (0, 0))
    return depth + 1 if told.subject != lead or told.version > before else 1


def _in_reach(found: Sequence[_SetOff]) -> list[_SetOff]:
    for one in found:
        if one.depth > LONGEST_CHAIN:
            log.warning("automation_chain_ended", lead_id=str(one.lead.id), rule=one.rule.name)
    return [one for one in found if one.depth <= LONGEST_CHAIN]


async def _not_yet(tx: Tx, found: Sequence[_SetOff]) -> list[_SetOff]:
    """Without the rules that are done once for a lead, and were."""
    once = [one for one in found if one.rule.repeat is Repeat.ONCE]
    if not once:
        return list(found)
    leads, names = {one.lead.id for one in once}, {one.rule.name for one in once}
    fired = {(one.lead_id, one.rule) for one in await tx.all(FIRED, leads=list(leads), rules=list(names))}
    return [one for one in found if one.rule.repeat is Repeat.EACH_TIME or (one.lead.id, one.rule.name) not in fired]


async def _fire(tx: Tx, found: Sequence[_SetOff]) -> None:
    """Do what the rules say, in the order of the policy."""
    if not found:
        return
    given, busy = await _given(tx, found), await _busy(tx, found)
    now: dict[UUID, Lead] = {}
    events: dict[UUID, list[Event]] = {}
    drafts: list[tuple[_SetOff, Draft]] = []
    wanted: list[tuple[Lead, Action]] = []
    for one in found:
        draft = rules.apply(one.rule, now.get(one.lead.id, one.lead), given)
        wanted += _to_do(draft, busy)
        if draft.done:
            now[one.lead.id] = draft.lead
            events.setdefault(one.lead.id, []).extend(draft.events)
            drafts.append((one, draft))
    for one, _ in drafts:
        if events[one.lead.id]:
            _CHAINS.setdefault(tx, {})[one.lead.id] = one.lead.version, one.depth
    await _keep(tx, drafts)
    await tx.save_many(LEADS, [(replace(now[id], updated_at=tx.now), [(e, tx.now) for e in told]) for id, told in events.items() if told])
    await tasks.put(tx, TO_DO, await _due(tx, wanted), asked=True)
    by_rules = [draft.lead.id for _, draft in drafts if any(a.kind is ActionKind.ASSIGN and not a.person for a in draft.done)]
    await assign(tx, by_rules)


async def _given(tx: Tx, found: Sequence[_SetOff]) -> Given:
    """What the rules need to know, each by one statement where they ask for it."""
    asked = [one.rule for one in found]
    leads = list({one.lead.id: one.lead for one in found}.values())
    people = await members(tx, rules.people_of(asked))
    no_mql = await left_out(tx, leads, Use.MQL) if rules.asks(asked, ActionKind.PROMOTE) else {}
    no_mail = await left_out(tx, leads, Use.CAMPAIGNS) if rules.asks(asked, ActionKind.TELL) else {}
    fit = {id: person.team_id for id, person in people.items() if taker_refused(person, "a lead") is None}
    assigns = bool(tx.policy(ASSIGNMENT_POLICY).rules)
    return Given(fit, frozenset(no_mql), frozenset(no_mail), assigns, tx.policy(POLICY).version)


async def _busy(tx: Tx, found: Sequence[_SetOff]) -> set[UUID]:
    """The leads that have something to do by a rule already."""
    about = {one.lead.id for one in found if any(action.kind is ActionKind.SET_TASK for action in one.rule.do)}
    return set(await tasks.open_of(tx, TO_DO, list(about))) if about else set()


def _to_do(draft: Draft, busy: set[UUID]) -> list[tuple[Lead, Action]]:
    """The task that it sets, if the lead has none by a rule already."""
    for action in draft.done:
        if action.kind is ActionKind.SET_TASK:
            if draft.lead.id in busy:
                draft.done.remove(action)
                draft.left[action.kind] = LeftOut.OPEN_TASK
                return []
            busy.add(draft.lead.id)
            return [(draft.lead, action)]
    return []


async def _due(tx: Tx, given: Sequence[tuple[Lead, Action]]) -> list[ToDo]:
    """These tasks, each after so many hours of its owner's work; in the pool, of the company's."""
    company = calendar_of(tx.policy(COMPANY_POLICY))
    works = await calendars_of(tx, {lead.owner_id for lead, _ in given if lead.owner_id}, day_of(tx.now, company.zone))
    return [
        ToDo(lead.id, (works[lead.owner_id] if lead.owner_id else company).add_working_hours(tx.now, action.hours), action.text, tx.now)
        for lead, action in given
    ]


async def _keep(tx: Tx, drafts: Sequence[tuple[_SetOff, Draft]]) -> None:
    """Keep that the rules have fired, and tell it."""
    version = tx.policy(POLICY).version
    rows = []
    for one, draft in drafts:
        row = Firing(new_id(), 1, one.lead.id, one.rule.name, one.trigger.value, one.depth, draft.said(), version, tx.now)
        told = LeadAutomationFired(
            lead_id=one.lead.id,
            rule=one.rule.name,
            trigger=one.trigger.value,
            depth=one.depth,
            actions=list(dict.fromkeys(action.kind.value for action in draft.done)),
            left_out={kind.value: why.value for kind, why in draft.left.items()},
            templates=[action.template for action in draft.done if action.kind is ActionKind.TELL],
            owner_id=draft.lead.owner_id,
            team_id=draft.lead.team_id,
            grade=draft.lead.grade,
            policy_version=version,
        )
        rows.append((row, [(told, tx.now)]))
    await tx.add_many(FIRINGS, rows)
