"""Handing a lead over to deal-svc, and what deal-svc answers."""

from lead_svc.leads.record import LEAD, Lead, State
from lead_svc.leads.rules import WORKING
from lead_svc.policy import LeadPolicy
from shared.acts import Act, who
from shared.auth.actor import Actor
from shared.errors import Unmet
from shared.events.lead import LeadConversionConfirmed, LeadConversionRefused, LeadConverted


def _convert_needs(lead: Lead, policy: LeadPolicy, actor: Actor) -> list[Unmet]:
    """Account and contact are given, known, or can be made from the lead's own data."""
    unmet = []
    if not (lead.account_id or lead.company):
        unmet.append(Unmet("account", "Neither an account nor the company's name is known."))
    if not (lead.contact_id or lead.contact_name):
        unmet.append(Unmet("contact", "Neither a contact nor a contact's name is known."))
    return unmet


CONVERT = Act(
    of=LEAD,
    name="convert",
    operation="convert_lead",
    who=WORKING,
    states=(State.SQL,),
    to=(State.CONVERTING,),
    needs=_convert_needs,
    repeats=(State.CONVERTING, State.CONVERTED),
    tells=(LeadConverted,),
    refused="The lead cannot be converted yet.",
    code="cannot_convert",
    says="Hands the lead over: deal-svc opens a deal, or the lead joins an open one.",
    asks="An account and a contact, or the names to make them from.",
)
CONFIRM = Act(
    of=LEAD,
    name="confirm",
    operation=None,
    who=who(),
    states=tuple(state for state in State if state not in (State.CONVERTED, State.MERGED)),
    to=(State.CONVERTED,),
    tells=(LeadConversionConfirmed,),
    says="The deal is open, or an import of deals names the lead as where its deal came from.",
)
REFUSE = Act(
    of=LEAD,
    name="refuse",
    operation=None,
    who=who(),
    states=(State.CONVERTING,),
    to=(State.SQL,),
    tells=(LeadConversionRefused,),
    says="deal-svc could not open the deal; the reason stays with the lead.",
)
