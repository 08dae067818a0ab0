"""How a deal moves: through gates, back or past them by exception, to won or lost, and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from deal_svc.deals.pipeline import FIRST, LAST, OPEN_STAGES, DealFacts, Stage, passed, place, skipped_gates
from deal_svc.deals.record import Deal
from deal_svc.deals.rules import CHANGE, DEAL, NO_REASON, NOT_MANAGER, RESPONSIBLE
from shared.acts import Act, who
from shared.auth.actor import LEADERS, Actor, Role
from shared.errors import Rejected, Unmet
from shared.events.deal import DealLost, DealReopened, DealStageChanged, DealWinReversed, DealWon

SAME_STAGE = Unmet("same_stage", "The deal is in this stage already.")
NOT_MOVABLE, REFUSED = "deal_not_movable", "The deal cannot be moved there now."

# -- Between the open stages -----------------------------------------------------------------------------------------------------


def _next_gate(deal: Deal, facts: DealFacts, _: Actor) -> Sequence[Unmet]:
    return OPEN_STAGES[place(deal.stage) + 1].missing(deal, facts) if deal.stage in OPEN_STAGES[:-1] else ()


def _by(deal: Deal, steps: int, reason: str | None = "The customer is in a hurry") -> dict[str, Any] | None:
    """The body of a move by this number of stages; None where there is no such move."""
    there = place(deal.stage) + steps if deal.is_open else -1
    return {"to": OPEN_STAGES[there].value, "reason": reason} if 0 <= there < len(OPEN_STAGES) else None


def _to_the_last(deal: Deal, by: Actor) -> dict[str, Any] | None:
    """From the stage before the last, only the move of somebody who leads passes the gate."""
    steps = place(LAST) - place(deal.stage) if deal.is_open else 0
    return _by(deal, steps) if steps > 1 or (steps == 1 and by.has(*LEADERS)) else None


ADVANCE: Act[Deal, DealFacts] = Act(
    of=DEAL,
    name="advance",
    operation="move_deal",
    who=RESPONSIBLE,
    states=OPEN_STAGES[:-1],
    moves=tuple(pairwise(OPEN_STAGES)),
    needs=_next_gate,
    refused=REFUSED,
    code=NOT_MOVABLE,
    tells=(DealStageChanged,),
    says="Moves the deal one stage forward, through the gate.",
    asks="What the gate of the next stage asks.",
    sample=lambda deal, _: _by(deal, 1, None) if deal.is_open else {"to": LAST.value},
)
SKIP: Act[Deal, DealFacts] = Act(
    of=DEAL,
    name="skip",
    operation="move_deal",
    who=who(*LEADERS),
    states=OPEN_STAGES[:-1],
    moves=tuple((a, b) for a in OPEN_STAGES for b in passed(a, LAST)),
    refused=REFUSED,
    code=NOT_MOVABLE,
    not_owner=NOT_MANAGER,
    tells=(DealStageChanged,),
    says="Moves the deal past gates or whole stages; the event lists what was passed over.",
    asks="A reason.",
    sample=_to_the_last,
)
MOVE_BACK: Act[Deal, DealFacts] = Act(
    of=DEAL,
    name="move_back",
    operation="move_deal",
    who=RESPONSIBLE,
    states=OPEN_STAGES[1:],
    moves=tuple((b, a) for a in OPEN_STAGES for b in passed(a, LAST)),
    refused=REFUSED,
    code=NOT_MOVABLE,
    tells=(DealStageChanged,),
    says="Moves the deal back to an earlier stage.",
    asks="A reason; a manager for more than one stage.",
    sample=lambda deal, _: _by(deal, -1),
)


@dataclass(frozen=True, slots=True)
class Move:
    """A way to another stage: its act, the gates that it passes over, and what the request lacks."""

    act: Act[Deal, DealFacts]
    direction: Literal["advance", "skip", "back"]
    skipped: Sequence[str] = ()
    also: Sequence[Unmet] = ()


def move(deal: Deal, to: Stage, facts: DealFacts, by: Actor, reason: str | None) -> Move:
    """Tell which act leads to this stage.

    One stage forward is to advance, unless a gate is closed and a leader gives a reason to pass it.

    Raises `Rejected` for the stage that the deal is in.
    """
    if not deal.is_open:
        return Move(ADVANCE, "advance")
    no_reason = [] if reason else [NO_REASON]
    steps = place(to) - place(deal.stage)
    if steps == 0:
        ADVANCE.permit(by)
        raise Rejected(REFUSED, code=NOT_MOVABLE, unmet=[*CHANGE.unmet(deal, None, by), SAME_STAGE])
    if steps < 0:
        return Move(MOVE_BACK, "back", (), [*no_reason, *([NOT_MANAGER] if steps < -1 and not by.has(*LEADERS) else [])])
    missing = skipped_gates(deal, to, facts)
    if steps == 1 and not (missing and reason and by.has(*LEADERS)):
        return Move(ADVANCE, "advance")
    return Move(SKIP, "skip", missing, no_reason)


# -- Won, lost, and back ---------------------------------------------------------------------------------------------------------

LOSE: Act[Deal, None] = Act(
    of=DEAL,
    name="lose",
    operation="lose_deal",
    bulk=True,
    who=RESPONSIBLE,
    states=OPEN_STAGES,
    to=(Stage.LOST,),
    refused="The deal cannot be lost.",
    code="deal_not_losable",
    tells=(DealLost,),
    says="Closes the deal as lost and withdraws its drafts and sent quotes.",
    asks="A reason; the competitor or a note where the reason wants one.",
    sample=lambda *_: {"reason": "price"},
)
WIN: Act[Deal, None] = Act(
    of=DEAL,
    name="win",
    operation="win_deal",
    who=who(Role.director),
    states=OPEN_STAGES,
    to=(Stage.WON,),
    refused="The deal cannot be won by hand.",
    code="deal_not_winnable",
    tells=(DealWon,),
    says="Wins the deal without a contract that was signed here; the win is flagged, and the event lists the gates that it passed over.",
    asks="Evidence.",
    sample=lambda *_: {"evidence": "Order 4711 of the customer"},
)
REOPEN: Act[Deal, None] = Act(
    of=DEAL,
    name="reopen",
    operation="reopen_deal",
    who=who(*LEADERS),
    states=(Stage.LOST,),
    to=OPEN_STAGES,
    refused="The deal cannot be reopened.",
    code="deal_not_reopenable",
    wrong_state=Unmet("not_lost", "Only a lost deal can be reopened."),
    tells=(DealReopened,),
    says="Brings a lost deal back in a new cycle, to the first stage or to the one that it was lost in.",
    asks="A reason.",
    sample=lambda *_: {"reason": "The budget came"},
)
WIN_BY_CONTRACT: Act[Deal, None] = Act(
    of=DEAL,
    name="win_by_contract",
    operation=None,
    who=who(),
    states=OPEN_STAGES,
    to=(Stage.WON,),
    tells=(DealWon,),
    says="The contract was signed: the deal is won. A lost deal is reopened first.",
)
REVERSE_WIN: Act[Deal, None] = Act(
    of=DEAL,
    name="reverse_win",
    operation=None,
    who=who(),
    states=(Stage.WON,),
    to=(LAST,),
    tells=(DealWinReversed,),
    says="The contract fell before it took effect: the deal is back in its last open stage.",
)


def reopening_unmet(deal: Deal, to: Stage | None) -> list[Unmet]:
    if to in (None, FIRST, deal.closed_from):
        return []
    return [Unmet("wrong_stage", f"It can go to {FIRST}, or to the stage that it was lost in.")]
