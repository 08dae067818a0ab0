"""What a row of a lead import may say. Everything but the key is optional; columns named like a field need no mapping."""

from dataclasses import fields
from operator import itemgetter

from pydantic import BaseModel, Field

from lead_svc.capture.rules import NewLead, new_lead
from lead_svc.leads.record import Reason
from shared.fields import Email, Key, Name, Short
from shared.imports.dates import When


class LeadRow(BaseModel):
    """One lead, by the key that its source system gives it."""

    external_id: Key
    captured_at: When | None = Field(None, description="the first contact; now without it")
    source: Short | None = None
    campaign: Short | None = None
    medium: Short | None = None
    first_touch: Short | None = None
    last_touch: Short | None = None
    title: Name | None = None
    company: Name | None = None
    contact_name: Name | None = None
    email: Email | None = None
    phone: Short | None = None
    job_title: Name | None = None
    region: Short | None = None
    industry: Short | None = None
    size: Short | None = None
    product: Short | None = None
    owner: Key | None = Field(None, description="the owner's key in the source system, as token subjects and the team roster know it")
    account_external_id: Key | None = None
    mql_at: When | None = None
    qualified_at: When | None = Field(None, description="when sales confirmed it: an SQL from then on")
    disqualified_at: When | None = None
    disqualified_reason: Reason = Reason.OTHER

    def said(self) -> NewLead:
        return new_lead(*_said(_UNSAID | vars(self)))


_SAID = ["owner" if f.name == "owner_external_id" else f.name for f in fields(NewLead)]
_UNSAID = dict.fromkeys(_SAID)
"""What no row can say is None."""
_said = itemgetter(*_SAID)
