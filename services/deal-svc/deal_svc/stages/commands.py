"""Moving deals, winning, losing and reopening them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from deal_svc.deals import queries as deals
from deal_svc.deals.commands import change, dimensions, worth
from deal_svc.deals.rules import PROBABILITY, Deal, LossReason, Stage
from deal_svc.deals.tables import DEALS
from deal_svc.quotes.commands import withdraw_open
from deal_svc.stages import rules
from deal_svc.stages.queries import facts_of
from deal_svc.stages.rules import Facts
from shared.clock import happened
from shared.db.tx import Tx
from shared.errors import require
from shared.events.deal import DealLost, DealReopened, DealStageChanged, DealWinReversed, DealWon

CONTRACT_SIGNED = "The contract was signed."


async def move(tx: Tx, deal_id: UUID, to: Stage, *, reason: str | None, expect: int | None, at: datetime | None) -> tuple[Deal, Facts]:
    """The moved deal, and what its gates asked: no move changes that."""
    deal = await deals.SEEN.load(tx, deal_id, expect)
    facts = (await facts_of(tx, [deal_id]))[deal_id]
    step = rules.move(deal, to, facts, tx.actor, reason)
    require(step.unmet, f"The deal cannot go from {deal.stage} to {to}.", "deal_not_movable")
    when = happened(at, tx.now, since=deal.stage_since)
    event = DealStageChanged(
        **dimensions(deal),
        **worth(deal),
        from_stage=deal.stage,
        to_stage=to,
        direction=step.direction,
        cycle=deal.cycle,
        skipped_gates=step.skipped,
        reason=reason,
        seconds_in_stage=_seconds(deal, when),
        probability=PROBABILITY[to],
    )
    return await tx.save(DEALS, deal, event, at=when, **_entering(to, when)), facts


async def lose(
    tx: Tx, deal_id: UUID, *, reason: LossReason, competitor: str | None, note: str | None, expect: int | None, at: datetime | None
) -> Deal:
    """Close the deal as lost and take its open quotes back (D26)."""
    deal = await deals.SEEN.load(tx, deal_id, expect)
    require(rules.lose_unmet(deal, tx.actor), "The deal cannot be lost.", "deal_not_losable")
    when = happened(at, tx.now, since=deal.stage_since)
    await withdraw_open(tx, deal, "The deal was lost.", when)
    event = DealLost(
        **dimensions(deal),
        **worth(deal),
        reason=reason,
        competitor=competitor,
        from_stage=deal.stage,
        cycle=deal.cycle,
        opened_at=deal.opened_at,
        seconds_in_stage=_seconds(deal, when),
    )
    closed = _closing(deal, Stage.LOST, when) | {"close_reason": reason, "close_note": note, "competitor": competitor or deal.competitor}
    return await tx.save(DEALS, deal, event, at=when, **closed)


async def win(tx: Tx, deal_id: UUID, *, evidence: str, expect: int | None, at: datetime | None) -> Deal:
    """A win without a signed contract: by a director, with evidence, flagged."""
    deal = await deals.SEEN.load(tx, deal_id, expect)
    require(rules.win_unmet(deal, tx.actor), "The deal cannot be won by hand.", "deal_not_winnable")
    when = happened(at, tx.now, since=deal.stage_since)
    event = _won(deal, when, deal.quote_id, None, evidence)
    return await tx.save(DEALS, deal, event, at=when, **_closing(deal, Stage.WON, when), close_reason=evidence, manual_win=True)


async def win_by_contract(tx: Tx, deal: Deal, *, contract_id: UUID, quote_id: UUID, starts_on: date, at: datetime) -> None:
    """The contract of a locked deal was signed. A win by hand gets its proof; a lost deal comes back first."""
    signed = {"contract_id": contract_id, "contract_starts_on": starts_on, "quote_id": quote_id}
    if deal.stage is Stage.WON:
        if deal.contract_id is None:
            await change(tx, deal, at=at, **signed)
        return
    if deal.stage is Stage.LOST:
        at = max(at, deal.stage_since)
        deal = await _reopen(tx, deal, deal.closed_from or Stage.DISCOVERY, CONTRACT_SIGNED, at)
    event = _won(deal, at, quote_id, contract_id, None)
    await tx.save(DEALS, deal, event, at=at, **_closing(deal, Stage.WON, at), **signed)


async def reverse_win(tx: Tx, deal: Deal, *, reason: str, at: datetime) -> None:
    """The contract of a won and locked deal fell before it took effect: the deal is closing again."""
    event = DealWinReversed(
        **dimensions(deal),
        **worth(deal),
        contract_id=deal.contract_id,
        reason=reason,
        stage=Stage.CLOSING,
        cycle=deal.cycle,
        probability=PROBABILITY[Stage.CLOSING],
    )
    unsigned = {"contract_id": None, "contract_starts_on": None, "manual_win": False}
    await tx.save(DEALS, deal, event, at=at, **_entering(Stage.CLOSING, at), **_OPEN_AGAIN, **unsigned)


async def reopen(tx: Tx, deal_id: UUID, *, to: Stage | None, reason: str, expect: int | None, at: datetime | None) -> Deal:
    """Bring a lost deal back, to where it was lost unless `to` says otherwise, in a new cycle."""
    deal = await deals.SEEN.load(tx, deal_id, expect)
    require(rules.reopen_unmet(deal, tx.actor, to), "The deal cannot be reopened.", "deal_not_reopenable")
    when = happened(at, tx.now, since=deal.stage_since)
    return await _reopen(tx, deal, to or deal.closed_from or Stage.DISCOVERY, reason, when)


async def _reopen(tx: Tx, deal: Deal, to: Stage, reason: str, when: datetime) -> Deal:
    cycle = deal.cycle + 1
    event = DealReopened(**dimensions(deal), stage=to, cycle=cycle, reason=reason, probability=PROBABILITY[to])
    return await tx.save(DEALS, deal, event, at=when, **_entering(to, when), **_OPEN_AGAIN, cycle=cycle)


_OPEN_AGAIN: dict[str, Any] = {"closed_at": None, "closed_from": None, "close_reason": None, "close_note": None}


def _entering(stage: Stage, when: datetime) -> dict[str, Any]:
    return {"stage": stage, "stage_since": when, "probability": PROBABILITY[stage]}


def _closing(deal: Deal, stage: Stage, when: datetime) -> dict[str, Any]:
    return _entering(stage, when) | {"closed_at": when, "closed_from": deal.stage}


def _seconds(deal: Deal, until: datetime) -> float:
    """In business time. Another service's clock may be behind ours, so never below zero."""
    return max(0.0, (until - deal.stage_since).total_seconds())


def _won(deal: Deal, when: datetime, quote_id: UUID | None, contract_id: UUID | None, evidence: str | None) -> DealWon:
    return DealWon(
        **dimensions(deal),
        **worth(deal),
        lead_id=deal.lead_id,
        account_id=deal.account_id,
        quote_id=quote_id,
        contract_id=contract_id,
        manual=evidence is not None,
        reason=evidence,
        from_stage=deal.stage,
        cycle=deal.cycle,
        opened_at=deal.opened_at,
        seconds_in_stage=_seconds(deal, when),
    )
