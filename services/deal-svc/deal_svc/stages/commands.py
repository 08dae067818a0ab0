"""Moving deals, winning, losing and reopening them."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from deal_svc.deals import queries as deals
from deal_svc.deals.commands import change
from deal_svc.deals.events import told
from deal_svc.deals.pipeline import FIRST, LAST, DealFacts, Stage, probability, skipped_gates
from deal_svc.deals.record import Deal, LossReason
from deal_svc.deals.tables import DEALS
from deal_svc.policy import POLICY
from deal_svc.quotes.commands import withdraw_open
from deal_svc.quotes.facts import facts_of
from deal_svc.stages import rules
from deal_svc.stages.rules import LOSE, REOPEN, WIN
from deal_svc.stages.worth import what_was_signed
from shared.db.tx import Tx
from shared.events.contract import ContractSigned
from shared.events.deal import DealLost, DealReopened, DealStageChanged, DealWinReversed, DealWon
from shared.occurred import happened

CONTRACT_SIGNED = "The contract was signed."


async def move(tx: Tx, deal_id: UUID, to: Stage, *, reason: str | None, expect: int | None, at: datetime | None) -> tuple[Deal, DealFacts]:
    """The moved deal, and what its gates asked: no move changes that."""
    deal = await deals.SEEN.load(tx, deal_id, expect)
    facts = (await facts_of(tx, [deal_id]))[deal_id]
    step = rules.move(deal, to, facts, tx.actor, reason)
    step.act.check(deal, tx.actor, facts=facts, also=step.also)
    when = happened(tx, at, since=deal.stage_since)
    event = told(
        DealStageChanged,
        deal,
        from_stage=deal.stage,
        to_stage=to,
        direction=step.direction,
        skipped_gates=list(step.skipped),
        reason=reason,
        seconds_in_stage=_seconds(deal, when),
        **_expected(tx, to),
    )
    return await tx.save(DEALS, deal, event, at=when, **_entering(tx, to, when)), facts


async def lose(
    tx: Tx, deal_id: UUID, *, reason: LossReason, competitor: str | None, note: str | None, expect: int | None, at: datetime | None
) -> Deal:
    """Close the deal as lost and withdraw its open quotes."""
    deal = await deals.SEEN.load(tx, deal_id, expect)
    LOSE.check(deal, tx.actor)
    when = happened(tx, at, since=deal.stage_since)
    await withdraw_open(tx, deal, "The deal was lost.", when)
    event = told(
        DealLost, deal, reason=reason, competitor=competitor, from_stage=deal.stage, seconds_in_stage=_seconds(deal, when), imported=False
    )
    closed = _closing(tx, deal, Stage.LOST, when) | {
        "close_reason": reason,
        "close_note": note,
        "competitor": competitor or deal.competitor,
    }
    return await tx.save(DEALS, deal, event, at=when, **closed)


async def win(tx: Tx, deal_id: UUID, *, evidence: str, expect: int | None, at: datetime | None) -> Deal:
    """A win without a signed contract: by a director, with evidence, flagged."""
    deal = await deals.SEEN.load(tx, deal_id, expect)
    WIN.check(deal, tx.actor)
    when = happened(tx, at, since=deal.stage_since)
    event = await _won(tx, deal, when, manual=True, reason=evidence)
    return await tx.save(DEALS, deal, event, at=when, **_closing(tx, deal, Stage.WON, when), close_reason=evidence, manual_win=True)


async def win_by_contract(tx: Tx, deal: Deal, contract: ContractSigned, *, contract_id: UUID) -> None:
    """The contract of a locked deal was signed: the deal is worth what was signed, without tax.

    A win by hand gets its proof and that amount; a lost deal comes back first.
    """
    worth, tax = await what_was_signed(tx, contract)
    at = contract.signed_at
    signed = worth | {"contract_id": contract_id, "contract_starts_on": contract.starts_on, "quote_id": contract.quote_id}
    if deal.stage is Stage.WON:
        if deal.contract_id is None:
            await change(tx, deal, at=at, **signed)
        return
    if deal.stage is Stage.LOST:
        at = max(at, deal.stage_since)
        deal = await _reopen(tx, deal, deal.closed_from or FIRST, CONTRACT_SIGNED, at)
    event = await _won(tx, replace(deal, **worth), at, tax=tax, quote_id=contract.quote_id, contract_id=contract_id)
    await tx.save(DEALS, deal, event, at=at, **_closing(tx, deal, Stage.WON, at), **signed)


async def reverse_win(tx: Tx, deal: Deal, *, reason: str, at: datetime) -> None:
    """The contract fell before it took effect: the won deal is back in its last open stage."""
    event = told(DealWinReversed, deal, reason=reason, stage=LAST, **_expected(tx, LAST))
    unsigned = {"contract_id": None, "contract_starts_on": None, "manual_win": False}
    await tx.save(DEALS, deal, event, at=at, **_entering(tx, LAST, at), **_OPEN_AGAIN, **unsigned)


async def reopen(tx: Tx, deal_id: UUID, *, to: Stage | None, reason: str, expect: int | None, at: datetime | None) -> Deal:
    """Bring a lost deal back, to where it was lost unless `to` says otherwise, in a new cycle."""
    deal = await deals.SEEN.load(tx, deal_id, expect)
    REOPEN.check(deal, tx.actor, also=rules.reopening_unmet(deal, to))
    when = happened(tx, at, since=deal.stage_since)
    return await _reopen(tx, deal, to or deal.closed_from or FIRST, reason, when)


async def _reopen(tx: Tx, deal: Deal, to: Stage, reason: str, when: datetime) -> Deal:
    cycle = deal.cycle + 1
    event = told(DealReopened, deal, stage=to, cycle=cycle, reason=reason, **_expected(tx, to))
    return await tx.save(DEALS, deal, event, at=when, **_entering(tx, to, when), **_OPEN_AGAIN, cycle=cycle)


_OPEN_AGAIN: dict[str, Any] = {"closed_at": None, "closed_from": None, "close_reason": None, "close_note": None}


def _expected(tx: Tx, stage: Stage) -> dict[str, Any]:
    """What the policy says of the stage; the deal keeps it until it moves on."""
    policy = tx.policy(POLICY)
    return {"probability": probability(stage, policy.stages), "policy_version": policy.version}


def _entering(tx: Tx, stage: Stage, when: datetime) -> dict[str, Any]:
    return {"stage": stage, "stage_since": when, "probability": probability(stage, tx.policy(POLICY).stages)}


def _closing(tx: Tx, deal: Deal, stage: Stage, when: datetime) -> dict[str, Any]:
    return _entering(tx, stage, when) | {"closed_at": when, "closed_from": deal.stage}


def _seconds(deal: Deal, until: datetime) -> float:
    """In business time. Another service's clock may be behind ours, so never below zero."""
    return max(0.0, (until - deal.stage_since).total_seconds())


async def _won(tx: Tx, deal: Deal, when: datetime, **how: Any) -> DealWon:
    """The event, with the gates that the win passes over."""
    skipped = [] if deal.stage is LAST else skipped_gates(deal, LAST, (await facts_of(tx, [deal.id]))[deal.id])
    seconds = _seconds(deal, when)
    return told(DealWon, deal, **how, skipped_gates=skipped, from_stage=deal.stage, seconds_in_stage=seconds, imported=False)
