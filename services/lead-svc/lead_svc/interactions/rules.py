"""Contacts with the customer, and the count of those that got no answer."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from lead_svc.interactions.fields import Direction, InteractionFields, InteractionKind, Outcome
from lead_svc.interactions.record import Interaction
from lead_svc.leads.record import LEAD, Lead, State
from lead_svc.leads.rules import NO_RESPONSE, WORKING
from shared.acts import Act, who
from shared.auth.actor import LEADERS, SELLERS, Role
from shared.calendar import day_of
from shared.calendar.working import Calendar
from shared.errors import Invalid
from shared.events.lead import LeadInteractionCorrected, LeadInteractionLogged, LeadInteractionRemoved
from shared.fields import personal

LOG = Act(
    of=LEAD,
    name="interactions",
    operation="log_interaction",
    who=who(*SELLERS, *LEADERS, Role.presales, Role.product, Role.assistant, Role.marketing, Role.csm, Role.support, Role.ops),
    tells=(LeadInteractionLogged,),
    refused="You cannot log a contact with this lead.",
    code="cannot_log",
    says="Logs a contact with the customer: anybody who works with customers, in any state.",
    sample=lambda *_: {"kind": InteractionKind.MAIL, "outcome": Outcome.SENT},
)

CORRECT = Act(
    of=LEAD,
    name="correct_interaction",
    operation="correct_interaction",
    who=WORKING,
    tells=(LeadInteractionCorrected,),
    refused="You cannot correct a contact with this lead.",
    code="cannot_log",
    says="Sets right what was logged of a contact. What followed from it by itself stays.",
    sample=lambda lead, _: {"interaction_id": str(lead.id), "key_points": "Wants SSO"},
)
REMOVE = Act(
    of=LEAD,
    name="remove_interaction",
    operation="remove_interaction",
    who=WORKING,
    tells=(LeadInteractionRemoved,),
    refused="You cannot remove a contact with this lead.",
    code="cannot_log",
    says="Removes a contact that was logged by a slip. What followed from it by itself stays.",
    sample=lambda lead, _: {"interaction_id": str(lead.id)},
)


def check_outcome(direction: Direction, outcome: Outcome) -> None:
    """`Invalid` for a customer who came to us and was not reached."""
    if direction is Direction.INBOUND and outcome is not Outcome.REACHED:
        says = "An inbound contact has the outcome reached: the customer came to us."
        raise Invalid(says, pointer="/outcome", code="inbound_reached")


def responded(direction: Direction, outcome: Outcome) -> bool:
    """The customer took part; it does not matter who began."""
    return direction is Direction.INBOUND or outcome is Outcome.REACHED


def working_day(at: datetime, calendar: Calendar) -> date:
    """The company's working day that a time counts for: the day itself, or the first working day after it."""
    return calendar.add_working_days(day_of(at, calendar.zone), 0)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Attempts in a row that got no answer, as they were logged one after the other: what a lead keeps of them."""

    no_response_count: int = 0
    no_response_on: date | None = None
    last_response_at: datetime | None = None


def counts(lead: Lead | Unanswered, at: datetime, day: date) -> bool:
    """An attempt without response counts once per working day, and only after the last response; one entered late does not."""
    after_response = lead.last_response_at is None or at > lead.last_response_at
    return after_response and (lead.no_response_on is None or day > lead.no_response_on)


def unanswered(logged: Iterable[Interaction], since: datetime | None, calendar: Calendar) -> Unanswered:
    """Count the attempts again, in the order in which they were logged. `since`: when the lead was taken up again with a fresh count."""
    found = Unanswered()
    for one in sorted(logged, key=lambda one: (one.recorded_at, one.id)):
        if responded(one.direction, one.outcome):
            found = Unanswered(last_response_at=max(one.at, found.last_response_at or one.at))
        elif one.outcome is Outcome.NO_RESPONSE and (since is None or one.recorded_at > since):
            day = working_day(one.at, calendar)
            if counts(found, one.at, day):
                found = replace(found, no_response_count=found.no_response_count + 1, no_response_on=day)
    return found


def takes_up_again(lead: Lead, direction: Direction) -> bool:
    """A customer who comes back unasked is a new signal for a lead put aside, or given up for want of an answer."""
    dormant = lead.state is State.NURTURING or (lead.state is State.DISQUALIFIED and lead.reason == NO_RESPONSE)
    return direction is Direction.INBOUND and dormant


NOTES = [name for name in InteractionFields.model_fields if name in personal(InteractionFields)]


def all_said(interaction: Interaction) -> str | None:
    """Every note of the interaction in one text."""
    notes = (getattr(interaction, name) for name in NOTES)
    return "\n".join(note for note in notes if note) or None
