"""From draft to approved: who submits a quote, who is asked about it, and what they can do. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from deal_svc.deals.rules import RESPONSIBLE
from deal_svc.quotes.record import Quote
from deal_svc.quotes.rules import APPROVED, DRAFT, PENDING, QUOTE, QuoteFacts, to_submit
from deal_svc.quotes.tiers import ApprovalStep, in_words
from shared.acts import Act, who
from shared.approvals import rules as approvals
from shared.approvals.record import Decision, Plan, Step
from shared.approvals.rules import Obstacle, obstacles
from shared.auth.actor import LEADERS, Actor, Role
from shared.errors import Unmet
from shared.events import quote as events

_DECIDERS: Mapping[ApprovalStep, tuple[Role, ...]] = {
    ApprovalStep.MANAGER: (Role.manager, Role.regional_head, Role.director),  # a director stands in for a manager
    ApprovalStep.DIRECTOR: (Role.director,),
    ApprovalStep.FINANCE: (Role.finance,),
    ApprovalStep.LEGAL: (Role.legal,),
}
_IN_PLACE_OF_A_DIRECTOR = (Role.director, Role.admin, Role.finance)
_LED = frozenset({Role.manager, Role.regional_head})


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody of the roster who may be asked. `leads`: whether their team is the owner's, or above it."""

    person_id: UUID
    role: Role
    leads: bool


def plans(steps: Sequence[ApprovalStep], roster: Collection[Candidate], barred: Collection[UUID | None]) -> tuple[list[Plan], list[Unmet]]:
    """Which roles are asked for each step, and for which steps nobody is there: each is decided by another person.

    `barred` are the owner and who submits. Where they are the only directors, an admin or finance decides in place of a director.
    """
    free = [person for person in roster if person.person_id not in barred]
    asked: dict[ApprovalStep, tuple[Role, ...]] = {step: _DECIDERS[step] for step in steps}
    if ApprovalStep.DIRECTOR in asked and not any(person.role is Role.director for person in free):
        asked[ApprovalStep.DIRECTOR] = _IN_PLACE_OF_A_DIRECTOR
    planned = [Plan(step, [role.value for role in roles]) for step, roles in asked.items()]
    those = {step: {p.person_id for p in free if p.role in roles and (p.leads or p.role not in _LED)} for step, roles in asked.items()}
    if _each_another(list(those.values())):
        return planned, []
    lacking = [step for step in steps if not those[step]] or list(steps)
    says = f"Nobody on the roster can decide as {in_words(lacking)}: the owner and who submits it cannot, and one person decides one step."
    return planned, [Unmet("nobody_to_decide", f"{says} Ask those who keep the roster.")]


def _each_another(those: Sequence[Collection[UUID]], taken: frozenset[UUID] = frozenset()) -> bool:
    """Whether each step can have a person of its own; they are a handful."""
    if not those:
        return True
    first, *rest = sorted(those, key=len)
    return any(_each_another(rest, taken | {person}) for person in list(first)[: len(those) + len(taken)] if person not in taken)


# -- Submitting ----------------------------------------------------------------------------------------------------------------

SUBMIT: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="submit",
    operation="submit_quote",
    who=RESPONSIBLE,
    states=(DRAFT,),
    to=(PENDING,),
    needs=to_submit,
    refused="The quote cannot be submitted.",
    code="quote_not_submittable",
    wrong_state=Unmet("not_draft", "Only a draft can be submitted; revise the quote for a new version."),
    tells=(events.QuoteSubmitted, events.QuoteApprovalRequested),
    says="Asks for the approval that the quote needs. One that needs nobody's is approved with it.",
    asks="Lines at today's prices, a schedule of 100 percent, and somebody on the roster for each step.",
)
APPROVE: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="approve",
    states=(PENDING,),
    to=(APPROVED,),
    tells=(events.QuoteApproved,),
    says="Follows from the last step that approved, or from a submission that needs nobody.",
)
SEND_BACK: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="send_back",
    states=(PENDING,),
    to=(DRAFT,),
    tells=(events.QuoteSubmissionRejected,),
    says="Follows from a step that rejected: the quote is a draft again, with the reason.",
)


def _to_take_back(_: Quote, facts: QuoteFacts, by: Actor) -> Iterator[Unmet]:
    if facts.request and by.id != facts.request.approval.requested_by and not by.has(*LEADERS):
        yield Unmet("quote_submitted_by_other", "Somebody else submitted the quote. They or a manager can take it back.")


TAKE_BACK: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="withdraw_submission",
    operation="withdraw_quote_submission",
    who=RESPONSIBLE,
    states=(PENDING,),
    to=(DRAFT,),
    needs=_to_take_back,
    refused="The submission cannot be taken back.",
    code="submission_not_withdrawable",
    wrong_state=Unmet("not_pending", "The quote is not up for approval."),
    tells=(events.QuoteSubmissionWithdrawn, events.QuoteApprovalWithdrawn),
    says="Takes the submission back, to change the quote: it is a draft again.",
    asks="Done by who submitted it, or by a manager.",
)

# -- Deciding ------------------------------------------------------------------------------------------------------------------


def _in_the_way(obstacle: Obstacle, step: Step) -> Unmet | None:
    match obstacle:
        case Obstacle.REQUESTED:
            return Unmet("own_quote_submission", "You submitted the quote. Somebody else must decide about it.")
        case Obstacle.OWNS:
            return Unmet("own_quote", "You own the deal. Somebody else must decide about its quote.")
        case Obstacle.DECIDED_ANOTHER:
            return Unmet("one_step_each", f"You decided the step {step.name}. Somebody else must decide this one.")
        case Obstacle.DECIDED:
            return Unmet("step_decided", f"The step {step.name} is decided already.")
        case _:  # the quote's status says so
            return None


def _deciding(name: ApprovalStep) -> dict[str, Any]:
    """What deciding and delegating a step have in common. The request itself says whom it asks, by the rules of its time."""

    def step_of(facts: QuoteFacts) -> Step | None:
        return facts.request.step(name) if facts.request else None

    def needs(quote: Quote, facts: QuoteFacts, by: Actor) -> Iterable[Unmet]:
        step = step_of(facts)
        if quote.status is not PENDING or facts.request is None:
            return
        if step is None:
            yield Unmet("step_not_needed", f"This quote does not need the step {name}.")
            return
        if not approvals.entitled(step, by):
            yield Unmet("not_your_step", f"This step is for the role {' or '.join(step.roles)}.")
        found = (_in_the_way(*each) for each in obstacles(facts.request, step, by.id, facts.deal.owner_id))
        yield from (unmet for unmet in found if unmet)

    def named(_: Quote, facts: QuoteFacts, by: Actor) -> bool:
        step = step_of(facts)
        return step is not None and approvals.named(step, by.id)

    roles = _IN_PLACE_OF_A_DIRECTOR if name is ApprovalStep.DIRECTOR else _DECIDERS[name]
    wrong_state = Unmet("not_pending", "The quote is not up for approval.")
    return {"of": QUOTE, "who": who(*roles), "states": (PENDING,), "wrong_state": wrong_state, "needs": needs, "named": named}


def _decide(name: ApprovalStep) -> Act[Quote, QuoteFacts]:
    return Act(
        **_deciding(name),
        name=f"decide_{name}",
        operation="decide_quote",
        tells=(events.QuoteApprovalDecided,),
        refused="The decision cannot be recorded.",
        code="quote_not_decidable",
        says=f"Approves or rejects what was submitted, as the step {name}.",
        asks="The step is needed and open. Who decides does not own the deal, did not submit the quote and decided no other step.",
        sample=lambda quote, _: {"step": name, "decision": Decision.APPROVED, "content_hash": quote.content_hash or "0" * 64},
    )


def _delegate(name: ApprovalStep) -> Act[Quote, QuoteFacts]:
    return Act(
        **_deciding(name),
        name=f"delegate_{name}_step",
        operation="delegate_quote_decision",
        tells=(events.QuoteApprovalDelegated,),
        refused="The step cannot be delegated.",
        code="decision_not_delegable",
        says=f"Names who decides the step {name}, whatever their role.",
        asks="As for the decision. The person named could make it, and sees the deal unmasked.",
        sample=lambda _, by: {"step": name, "person_id": str(by.id)},
    )


DECISIONS: Mapping[ApprovalStep, Act[Quote, QuoteFacts]] = {step: _decide(step) for step in ApprovalStep}
DELEGATIONS: Mapping[ApprovalStep, Act[Quote, QuoteFacts]] = {step: _delegate(step) for step in ApprovalStep}
