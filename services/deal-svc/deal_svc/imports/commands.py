"""Taking many imported rows at once: new deals with their history, known ones brought up to date.

No statement per row.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from deal_svc.deals.commands import updated
from deal_svc.deals.events import told
from deal_svc.deals.fields import DealFields
from deal_svc.deals.pipeline import FIRST, Stage, passed, place, probability
from deal_svc.deals.record import Deal, new_deal
from deal_svc.deals.tables import DEAL, DEALS
from deal_svc.discovery.tasks import NEXT_STEP
from deal_svc.imports import rules
from deal_svc.imports.form import Row
from deal_svc.imports.parties import Parties, named_by
from deal_svc.imports.past import Past, agreed_of, corrected, past_of
from deal_svc.imports.rules import Told, Visit
from deal_svc.policy import POLICY, DealPolicy
from shared.calendar import day_of
from shared.db.query import Query, is_in
from shared.db.tx import Tx
from shared.errors import Unmet
from shared.events.deal import DealLost, DealNextStepSet, DealOpened, DealStageChanged, DealWon
from shared.events.envelope import Event
from shared.imports.outcome import Outcome, Problem
from shared.parties.references import made_id
from shared.process.settings import Settings
from shared.rates import Frozen, Wanted, frozen, no_rate, rates_on
from shared.tasks import commands as tasks
from shared.tasks.record import ToDo

_FLAG_SAYS = {rules.OPENED_UNKNOWN: "is not in the file; the first known moment of the deal counts"}
_AGREED_SAYS = "is not taken: the deal is worth what its quote says that was accepted, or what was signed"
_CODES = {"currency": "no_fx_rate"}
"""Of a problem by its field; all others contradict themselves, or what is known."""

Events = list[tuple[Event, datetime]]

_KNOWN = Query(
    select(*[DEAL.c[n] for n in DEALS.names]).where(is_in(DEAL.c.external_id, "keys")).order_by(DEAL.c.id).with_for_update(), Deal
)


async def take(tx: Tx, rows: Sequence[tuple[int, Row]], settings: Settings, *, correct: bool = False, work: bool = False) -> Outcome:
    """Create or update a deal per row; rows that contradict themselves or what is known are refused.

    With `correct` a row replaces what is known of the deal's history, as long as no person has touched the deal. With `work` the next
    steps of open deals become tasks.
    """
    outcome, policy = Outcome(), tx.policy(POLICY)
    known = {deal.external_id: deal for deal in await tx.all(_KNOWN, keys=[row.external_id for _, row in rows])}
    parties = await named_by(tx, [row for _, row in rows])
    past = await past_of(tx, [deal.id for deal in known.values()]) if correct and known else None
    settled = await agreed_of(tx, list(known.values()))
    new: list[tuple[Deal, Events]] = []
    changed: list[tuple[Deal, Events]] = []
    planned: list[ToDo] = []
    read = [(line, row, *rules.told(row, tx.now)) for line, row in rows]
    wanted = [_day(row, history, tx.now, settings) for _, row, history, _ in read]
    rates = await rates_on(tx, settings, wanted)
    for (line, row, history, wrong), day in zip(read, wanted, strict=True):
        currency, fx = day[0], frozen(rates, day)
        wrong += rules.plan_unmet(row)
        if fx is None:
            wrong.append(Unmet("currency", no_rate(currency)))
        deal = known.get(row.external_id)
        again = None
        if past is not None and deal is not None and history is not None and fx is not None and not wrong:
            again, wrong = _corrected(deal, row, history, currency, fx, parties, past, tx.now, policy)
        if again is None and not wrong and deal is not None and history is not None:
            wrong += rules.contradictions(deal, history)
        owner = parties.owner(row)[0]
        given = history is not None and history.closed is None and (deal is None or deal.owner_id != owner)
        unfit = parties.unfit.get(owner) if given and owner else None
        if unfit is not None:
            outcome.problems.append(Problem(line, "owner", *unfit))
        if wrong or history is None or fx is None:
            outcome.problems += [Problem(line, w.code, _CODES.get(w.code, "wrong_history"), w.message) for w in wrong]
        elif unfit is not None:
            continue
        elif deal is None:
            made = _created(tx, row, history, currency, fx, parties, policy)
            new.append(made)
            planned += _plan(*made, row, tx.now) if work else []
            outcome.problems += [Problem(line, "opened_at", flag, _FLAG_SAYS.get(flag, flag), "flagged") for flag in history.flags]
        else:
            agreed = deal.id in settled
            if agreed and _names_another_amount(deal, row, currency):
                outcome.problems.append(Problem(line, "amount", "amount_agreed", _AGREED_SAYS, "flagged"))
            step = again or _brought_up_to_date(deal, row, history, currency, fx, parties, tx.now, policy, agreed=agreed)
            if step is None:
                outcome.unchanged += 1
                planned += _plan(deal, [], row, tx.now) if work else []
            else:
                changed.append(step)
                planned += _plan(*step, row, tx.now)
    await tx.add_many(DEALS, new)
    await tx.save_many(DEALS, changed)
    await tasks.put(tx, NEXT_STEP, planned, imported=True, asked=work)
    outcome.created, outcome.updated = len(new), len(changed)
    return outcome


def _day(row: Row, history: Told | None, now: datetime, settings: Settings) -> Wanted:
    """The currency of a row, and the company's day on which its deal was opened."""
    return row.currency or settings.reporting_currency, day_of(history.opened_at if history else now, settings.zone)


_SAID = ("name", *(name for name in DealFields.model_fields if name != "kind"))
"""What a known deal takes from a row; its kind it keeps."""


def _names_another_amount(deal: Deal, row: Row, currency: str) -> bool:
    return "amount" in row.model_fields_set and (row.amount, currency) != (deal.amount, deal.currency)


def _described(row: Row, currency: str, fx: Frozen, parties: Parties, *, agreed: bool = False) -> dict[str, Any]:
    """The fields that a row fills. What it leaves empty is not among them: no file blanks what is known, or changes what was `agreed`."""
    owner_id, team_id = parties.owner(row)
    account_id, account_name = parties.account(row)
    given = {
        **{name: getattr(row, name) for name in _SAID},
        "source": parties.source(row),
        "account_id": account_id,
        "account_name": account_name,
        "owner_id": owner_id,
        "team_id": team_id,
        "lead_id": parties.lead(row),
    }
    money = {"amount": row.amount, "currency": currency, **fx} if "amount" in row.model_fields_set and not agreed else {}
    return {name: value for name, value in given.items() if value is not None} | money


def _created(tx: Tx, row: Row, history: Told, currency: str, fx: Frozen, parties: Parties, policy: DealPolicy) -> tuple[Deal, Events]:
    described = {"amount": row.amount, "currency": currency, **fx} | _described(row, currency, fx, parties)
    described.setdefault("name", described.get("account_name") or row.external_id)
    deal = new_deal(
        tx.now,
        id=made_id("deal", row.external_id),
        opened_at=history.opened_at,
        external_id=row.external_id,
        kind=row.kind,
        imported=True,
        flags=dict.fromkeys(history.flags, True),
        probability=probability(FIRST, policy.stages),
        **described,
    )
    named = {"lead_external_id": row.lead_external_id, "account_external_id": row.account_key, "owner_external_id": row.owner}
    first = told(DealOpened, deal, **named, policy_version=policy.version)
    moved, events = _moved(deal, history, row, policy)
    return _planned(moved, row, [(first, history.opened_at), *events], moved.stage_since)


def _planned(deal: Deal, row: Row, events: Events, at: datetime) -> tuple[Deal, Events]:
    """An open deal with the next step that its row names, if that is another one."""
    plan: dict[str, Any] = {"next_step": row.next_step, "next_step_due_at": row.next_step_due_at}
    if not deal.is_open or row.next_step_due_at is None or all(getattr(deal, name) == value for name, value in plan.items()):
        return deal, events
    return replace(deal, **plan), [*events, (DealNextStepSet(due_at=row.next_step_due_at), at)]


def _plan(deal: Deal, events: Events, row: Row, now: datetime) -> list[ToDo]:
    """What there is to do for an open deal whose next step the row names.

    Without `work` nothing starts, but the task that somebody has asked for follows.
    """
    if not deal.is_open or row.next_step_due_at is None:
        return []
    said = next((at for event, at in events if isinstance(event, DealNextStepSet)), now)
    return [ToDo(deal.id, row.next_step_due_at, row.next_step, said)]


def _moved(deal: Deal, history: Told, row: Row, policy: DealPolicy) -> tuple[Deal, Events]:
    """The deal after the moves and the end that it has not been through yet, with their events."""
    events: Events = []
    for visit in history.moves:
        if place(visit.stage) > place(deal.stage):
            deal, event = _stage_changed(deal, visit, policy)
            events.append((event, visit.at))
    if history.closed is not None:
        deal, end = _closed(deal, history.closed, row, policy)
        events.append((end, history.closed.at))
    return deal, events


def _stage_changed(deal: Deal, visit: Visit, policy: DealPolicy) -> tuple[Deal, Event]:
    over = passed(deal.stage, visit.stage)[:-1]
    moved = replace(deal, stage=visit.stage, stage_since=visit.at, probability=probability(visit.stage, policy.stages))
    event = told(
        DealStageChanged,
        moved,
        from_stage=deal.stage,
        to_stage=visit.stage,
        direction="skip" if over else "advance",
        skipped_gates=[s.value for s in over],
        reason="import",
        seconds_in_stage=(visit.at - deal.stage_since).total_seconds(),
        policy_version=policy.version,
    )
    return moved, event


def _closed(deal: Deal, end: Visit, row: Row, policy: DealPolicy) -> tuple[Deal, Event]:
    common: dict[str, Any] = {"from_stage": deal.stage, "seconds_in_stage": (end.at - deal.stage_since).total_seconds(), "imported": True}
    reason = row.lost_reason or UNKNOWN_REASON
    event = told(DealWon, deal, **common) if end.stage is Stage.WON else told(DealLost, deal, **common, reason=reason)
    closed = replace(
        deal,
        stage=end.stage,
        stage_since=end.at,
        probability=probability(end.stage, policy.stages),
        closed_at=end.at,
        closed_from=deal.stage,
        close_reason=None if end.stage is Stage.WON else reason,
    )
    return closed, event


def _corrected(
    deal: Deal, row: Row, history: Told, currency: str, fx: Frozen, parties: Parties, past: Past, now: datetime, policy: DealPolicy
) -> tuple[tuple[Deal, Events] | None, list[Unmet]]:
    """The deal with the row's history in place of the known one, or what stands against it.

    Neither when the two are the same.
    """
    described = _described(row, currency, fx, parties)
    if described.get("currency") == deal.currency:
        described |= {"fx": deal.fx, "fx_day": deal.fx_day}
    touched = deal.id in past.touched
    plan = {"next_step": row.next_step, "next_step_due_at": row.next_step_due_at} if deal.is_open and row.next_step else {}
    same = past.told.get(deal.id) == history and (deal.stage is not Stage.LOST or deal.close_reason == (row.lost_reason or UNKNOWN_REASON))
    if same and (touched or all(getattr(deal, n) == v for n, v in (described | plan).items())):
        return None, []
    if unmet := rules.correction_unmet(deal, touched, described.get("lead_id")):
        return None, unmet
    flags = {f: True for f in deal.flags if f != rules.OPENED_UNKNOWN} | dict.fromkeys(history.flags, True)
    says = {n: getattr(deal, n) for n in _KEPT} | described | {"flags": flags, "probability": probability(FIRST, policy.stages)}
    start = new_deal(deal.created_at, id=deal.id, opened_at=history.opened_at, **says)
    after, _ = _moved(replace(start, updated_at=now), history, row, policy)
    return _planned(after, row, [(corrected(after, history, row, policy), now)], now), []


_KEPT = (
    "version", "external_id", "imported", "name", "amount", "currency", "fx", "fx_day", "owner_id", "team_id", "account_id", "account_name",
    "lead_id", "next_step", "next_step_due_at", *DealFields.model_fields,
)  # fmt: skip
"""What a correction leaves as it is, unless the row describes it."""
UNKNOWN_REASON = "unknown"


def _brought_up_to_date(
    deal: Deal,
    row: Row,
    history: Told,
    currency: str,
    fx: Frozen,
    parties: Parties,
    now: datetime,
    policy: DealPolicy,
    *,
    agreed: bool,
) -> tuple[Deal, Events] | None:
    """What the row adds to a known deal: described fields that differ, moves not made yet, the end.

    None when it adds nothing.
    """
    described = _described(row, currency, fx, parties, agreed=agreed)
    if described.get("currency") == deal.currency:
        described |= {"fx": deal.fx, "fx_day": deal.fx_day}
    differs = sorted(n for n, v in described.items() if getattr(deal, n) != v)
    events: Events = []
    after = replace(deal, **{n: described[n] for n in differs})
    if differs:
        events.append((updated(after, differs, deal.owner_id), now))
    if deal.is_open:
        after, more = _moved(after, history, row, policy)
        events += more
    after, events = _planned(after, row, events, now)
    return (replace(after, updated_at=now), events) if events else None
