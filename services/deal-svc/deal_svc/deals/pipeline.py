"""The stages of a deal, each declared once with its gate, which says what a deal needs to enter it.

Their order is that of `shared.events.stages`, and their probabilities are the policy's. What follows from the declarations: the moves and
what they need, the columns of an import file, and the stages that the API takes. A new stage is one member here and one line there; its
gate may ask another fact, which `DealFacts` and its statement then have.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.errors import Unmet
from shared.events.stages import ORDER
from shared.policy.parts import Stages

if TYPE_CHECKING:
    from deal_svc.deals.record import Deal


@dataclass(frozen=True, slots=True)
class DealFacts:
    """What gates ask besides the deal itself, and who is in its team.

    `spin` are the parts of the SPIN record that have an entry. `contract` is the one that was drafted last: its id, number, state and the
    quote it is of. `was_quoted`: a quote went out, whatever became of it. `pending_quotes` are up for approval: the id and number of each.
    """

    deal_id: UUID
    spin: list[str] | None
    has_contact: bool
    has_decision_maker: bool
    has_presented: bool
    has_sent_quote: bool
    has_accepted_quote: bool
    members: list[UUID] | None = None
    contract: dict[str, Any] | None = None
    was_quoted: bool = False
    pending_quotes: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """Something that a gate asks, and what the seller reads who has not done it."""

    unmet: Unmet
    met: Callable[["Deal", DealFacts], bool]


def _asks(code: str, says: str, met: Callable[["Deal", DealFacts], bool]) -> Guard:
    return Guard(Unmet(code, says), met)


def _noted(part: str) -> Callable[["Deal", DealFacts], bool]:
    return lambda _, facts: part in (facts.spin or ())


class Stage(StrEnum):
    """Where a deal is: the open stages in their order, then the two that end it.

    `gate` is what a deal needs to enter an open stage; a stage without a gate ends the deal. That the payment schedule adds up and the
    quote is valid is settled when the quote is sent and accepted, so no gate asks it again.
    """

    _value_: str
    gate: tuple[Guard, ...] | None

    def __new__(cls, value: str, gate: tuple[Guard, ...] | None = None) -> "Stage":
        stage = str.__new__(cls, value)
        stage._value_, stage.gate = value, gate
        return stage

    DISCOVERY = ("discovery", ())
    PROPOSAL = (
        "proposal",
        (
            _asks("spin_situation_missing", "The SPIN record has nothing about the situation.", _noted("situation")),
            _asks("spin_problem_missing", "The SPIN record has no problem.", _noted("problem")),
            _asks("spin_implication_missing", "The SPIN record has no implication.", _noted("implication")),
            _asks("spin_need_payoff_missing", "The SPIN record has no need-payoff.", _noted("need_payoff")),
            _asks("needs_not_confirmed", "The customer has not confirmed the needs.", lambda deal, _: deal.needs_confirmed_at is not None),
            _asks("no_contact", "Nobody is on the buying committee.", lambda _, facts: facts.has_contact),
            _asks("no_next_step", "There is no next step with a date.", lambda deal, _: deal.next_step_due_at is not None),
        ),
    )
    NEGOTIATION = (
        "negotiation",
        (
            _asks("proposal_not_presented", "No proposal was presented.", lambda _, facts: facts.has_presented),
            _asks("no_decision_maker", "The decision maker is not identified.", lambda _, facts: facts.has_decision_maker),
            _asks("quote_not_sent", "No quote was sent.", lambda _, facts: facts.has_sent_quote),
        ),
    )
    CLOSING = ("closing", (_asks("quote_not_accepted", "No quote is accepted.", lambda _, facts: facts.has_accepted_quote),))
    WON = "won"
    LOST = "lost"

    @property
    def is_open(self) -> bool:
        return self.gate is not None

    def missing(self, deal: "Deal", facts: DealFacts) -> list[Unmet]:
        """What the deal lacks to enter this stage."""
        return [guard.unmet for guard in self.gate or () if not guard.met(deal, facts)]


OPEN_STAGES = tuple(stage for stage in Stage if stage.is_open)
"""In the order that a deal goes through them."""
if list(OPEN_STAGES) != ORDER:
    raise TypeError("the stages of deals are others than those that events tell")
FIRST, LAST = OPEN_STAGES[0], OPEN_STAGES[-1]


def probability(stage: Stage, numbers: Stages) -> int:
    """How likely a deal in this stage is won, in percent: what the policy says of an open one."""
    if stage.is_open:
        return numbers.of(stage).probability
    return 100 if stage is Stage.WON else 0


def place(stage: Stage) -> int:
    """Where an open stage comes in the order, from 0."""
    return OPEN_STAGES.index(stage)


def passed(start: Stage, end: Stage) -> tuple[Stage, ...]:
    """The stages that a deal enters on its way from one open stage to a later one, that one included."""
    return OPEN_STAGES[place(start) + 1 : place(end) + 1]


def skipped_gates(deal: "Deal", to: Stage, facts: DealFacts) -> list[str]:
    """The guards, as codes, that are not met on the way of an open deal to a later open stage."""
    return [u.code for stage in passed(deal.stage, to) for u in stage.missing(deal, facts)]
