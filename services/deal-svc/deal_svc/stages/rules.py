"""How a deal moves: forward through gates, back or past them by exception, to won or lost, and back from there (domain-model §3, D33)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from uuid import UUID

from deal_svc.deals.rules import CLOSED, LEADING, NOT_MANAGER, OPEN_STAGES, Deal, Stage, change_unmet
from shared.auth.actor import Actor, Role
from shared.errors import Unmet

Direction = Literal["advance", "skip", "back"]


class OpenStage(StrEnum):
    """Where a deal can be moved to; it is won and lost by other acts."""

    DISCOVERY = Stage.DISCOVERY.value
    PROPOSAL = Stage.PROPOSAL.value
    NEGOTIATION = Stage.NEGOTIATION.value
    CLOSING = Stage.CLOSING.value


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards ask besides the deal itself. `spin` are the parts that have an entry."""

    deal_id: UUID
    spin: list[str] | None
    has_contact: bool
    has_decision_maker: bool
    has_presented: bool
    has_sent_quote: bool
    has_accepted_quote: bool


NO_REASON = Unmet("reason_missing", "A reason is needed.")
_SPIN = {
    "situation": "The SPIN record has nothing about the situation.",
    "problem": "The SPIN record has no problem.",
    "implication": "The SPIN record has no implication.",
    "need_payoff": "The SPIN record has no need-payoff.",
}


def _gate(stage: Stage, deal: Deal, facts: Facts) -> list[Unmet]:
    """What is missing to enter a stage.

    That the payment schedule adds up and that the quote was valid is settled when the quote is sent and accepted.
    """
    asked: list[tuple[bool, str, str]] = []
    if stage is Stage.PROPOSAL:
        recorded = facts.spin or []
        asked = [
            *((part in recorded, f"spin_{part}_missing", says) for part, says in _SPIN.items()),
            (deal.needs_confirmed_at is not None, "needs_not_confirmed", "The customer has not confirmed the needs."),
            (facts.has_contact, "no_contact", "Nobody is on the buying committee."),
            (deal.next_step_due_at is not None, "no_next_step", "There is no next step with a date."),
        ]
    elif stage is Stage.NEGOTIATION:
        asked = [
            (facts.has_presented, "proposal_not_presented", "No proposal was presented."),
            (facts.has_decision_maker, "no_decision_maker", "The decision maker is not identified."),
            (facts.has_sent_quote, "quote_not_sent", "No quote was sent."),
        ]
    elif stage is Stage.CLOSING:
        asked = [(facts.has_accepted_quote, "quote_not_accepted", "No quote is accepted.")]
    return [Unmet(code, says) for met, code, says in asked if not met]


@dataclass(frozen=True, slots=True)
class Move:
    """A way to another stage. `skipped` are the gates passed over; `unmet` is what stands in the way."""

    direction: Direction
    skipped: list[str]
    unmet: list[Unmet]


def move(deal: Deal, to: Stage, facts: Facts, by: Actor, reason: str | None) -> Move:
    """Judge a move. A manager with a reason passes gates and whole stages; going back needs a reason, and a manager beyond one stage."""
    unmet = change_unmet(deal, by)
    if not deal.is_open:
        return Move("advance", [], unmet)
    leads = by.has(*LEADING)
    steps = OPEN_STAGES.index(to) - OPEN_STAGES.index(deal.stage)
    if steps == 0:
        return Move("advance", [], [*unmet, Unmet("same_stage", "The deal is in this stage already.")])
    if steps < 0:
        needs_manager = [NOT_MANAGER] if steps < -1 and not leads else []
        return Move("back", [], [*unmet, *([] if reason else [NO_REASON]), *needs_manager])
    here = OPEN_STAGES.index(deal.stage)
    missing = [u for stage in OPEN_STAGES[here + 1 : here + steps + 1] for u in _gate(stage, deal, facts)]
    if steps == 1 and not (missing and leads and reason):
        return Move("advance", [], [*unmet, *missing])
    return Move("skip", [u.code for u in missing], [*unmet, *([] if reason else [NO_REASON]), *([] if leads else [NOT_MANAGER])])


def win_unmet(deal: Deal, by: Actor) -> list[Unmet]:
    """A signed contract wins a deal. Without one a director says so, with evidence, and the win is flagged."""
    may = [] if by.has(Role.director) else [Unmet("not_director", "Without a signed contract only a director may do this.")]
    return [*([] if deal.is_open else [CLOSED]), *may]


def lose_unmet(deal: Deal, by: Actor) -> list[Unmet]:
    return change_unmet(deal, by)


def reopen_unmet(deal: Deal, by: Actor, to: Stage | None = None) -> list[Unmet]:
    """A manager brings a lost deal back, to the start or to where it was lost."""
    unmet = [] if deal.stage is Stage.LOST else [Unmet("not_lost", "Only a lost deal can be reopened.")]
    if not by.has(*LEADING):
        unmet.append(NOT_MANAGER)
    if to not in (None, Stage.DISCOVERY, deal.closed_from):
        unmet.append(Unmet("wrong_stage", "It can go to discovery, or to the stage that it was lost in."))
    return unmet


def actions_unmet(deal: Deal, facts: Facts, by: Actor) -> dict[str, list[Unmet]]:
    """Every movement of the deal with what stands in its way, a reason taken as given."""
    moves = _moves_unmet(deal, facts, by) if deal.is_open else {name: [CLOSED] for name in ("advance", "skip", "move_back")}
    return {**moves, "lose": lose_unmet(deal, by), "win": win_unmet(deal, by), "reopen": reopen_unmet(deal, by)}


def _moves_unmet(deal: Deal, facts: Facts, by: Actor) -> dict[str, list[Unmet]]:
    here = OPEN_STAGES.index(deal.stage)
    earlier, later = OPEN_STAGES[:here], OPEN_STAGES[here + 1 :]
    last = [Unmet("last_stage", "There is no further stage; a signed contract wins the deal.")]
    first = [Unmet("first_stage", "There is no earlier stage.")]
    may_skip = [*change_unmet(deal, by), *([] if by.has(*LEADING) else [NOT_MANAGER])]
    return {
        "advance": move(deal, later[0], facts, by, None).unmet if later else last,
        "skip": may_skip if later else last,
        "move_back": move(deal, earlier[-1], facts, by, "given").unmet if earlier else first,
    }
