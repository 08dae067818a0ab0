"""From draft to approved: who submits a quote, who is asked about it, and what they can do. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deal_svc.deals.rules import RESPONSIBLE
from deal_svc.quotes.deciders import DECIDERS, IN_PLACE_OF_A_DIRECTOR, plans
from deal_svc.quotes.record import Quote
from deal_svc.quotes.rules import APPROVED, DRAFT, PENDING, QUOTE, QuoteFacts, to_submit
from deal_svc.quotes.tiers import ApprovalStep
from shared.acts import Act, who
from shared.approvals import rules as approvals
from shared.approvals.record import Decision, Step
from shared.approvals.rules import Obstacle, obstacles
from shared.auth.actor import LEADERS, Actor
from shared.errors import Unmet
from shared.events import quote as events

# -- Submitting ----------------------------------------------------------------------------------------------------------------


def _to_be_decided(quote: Quote, facts: QuoteFacts, by: Actor) -> Iterator[Unmet]:
    yield from to_submit(quote, facts, by)
    if quote.status is DRAFT and (steps := facts.asked(quote)):
        yield from plans(steps, facts.roster, {facts.deal.owner_id, by.id})[1]


SUBMIT: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="submit",
    operation="submit_quote",
    who=RESPONSIBLE,
    states=(DRAFT,),
    to=(PENDING,),
    needs=_to_be_decided,
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

    roles = IN_PLACE_OF_A_DIRECTOR if name is ApprovalStep.DIRECTOR else DECIDERS[name]
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
