"""Contacts with the customer, and the count of those that got no answer."""

from datetime import date, datetime

from lead_svc.interactions.fields import Direction, InteractionFields, InteractionKind, Outcome
from lead_svc.interactions.record import Interaction
from lead_svc.leads.record import LEAD, Lead, State
from lead_svc.leads.rules import NO_RESPONSE
from shared.acts import Act, who
from shared.auth.actor import LEADERS, SELLERS, Role
from shared.calendar import day_of
from shared.calendar.working import Calendar
from shared.errors import Unmet
from shared.events.lead import LeadInteractionLogged
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


def outcome_unmet(direction: Direction, outcome: Outcome) -> list[Unmet]:
    if direction is Direction.INBOUND and outcome is not Outcome.REACHED:
        return [Unmet("inbound_reached", "An inbound contact has the outcome reached: the customer came to us.")]
    return []


def responded(direction: Direction, outcome: Outcome) -> bool:
    """The customer took part; it does not matter who began."""
    return direction is Direction.INBOUND or outcome is Outcome.REACHED


def working_day(at: datetime, calendar: Calendar) -> date:
    """The company's working day that a time counts for: the day itself, or the first working day after it."""
    return calendar.add_working_days(day_of(at, calendar.zone), 0)


def counts(lead: Lead, at: datetime, day: date) -> bool:
    """An attempt without response counts once per working day, and only after the last response; one entered late does not."""
    after_response = lead.last_response_at is None or at > lead.last_response_at
    return after_response and (lead.no_response_on is None or day > lead.no_response_on)


def takes_up_again(lead: Lead, direction: Direction) -> bool:
    """A customer who comes back unasked is a new signal for a lead put aside, or given up for want of an answer."""
    dormant = lead.state is State.NURTURING or (lead.state is State.DISQUALIFIED and lead.reason == NO_RESPONSE)
    return direction is Direction.INBOUND and dormant


NOTES = [name for name in InteractionFields.model_fields if name in personal(InteractionFields)]


def all_said(interaction: Interaction) -> str | None:
    """Every note of the interaction in one text."""
    notes = (getattr(interaction, name) for name in NOTES)
    return "\n".join(note for note in notes if note) or None
