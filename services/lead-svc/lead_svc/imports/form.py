"""What a row of a lead import may say. Everything but the key is optional; columns named like a field need no mapping."""

from typing import Annotated

from pydantic import BaseModel, Field

from lead_svc.capture.rules import NewLead, said
from lead_svc.leads.fields import LeadDetails
from lead_svc.leads.record import Reason
from shared.fields import PERSONAL, Key, Name, Short
from shared.imports.dates import When


class _Keyed(BaseModel):
    external_id: Key
    captured_at: When | None = Field(None, description="the first contact; now without it")


class LeadRow(LeadDetails, _Keyed):
    """One lead, by the key that its source system gives it."""

    phone: Annotated[Short | None, PERSONAL] = None  # other systems keep remarks beside the number
    owner: Key | None = Field(None, description="the owner's key in the source system, as token subjects and the team roster know it")
    account_external_id: Key | None = None
    mql_at: When | None = None
    qualified_at: When | None = Field(None, description="when sales confirmed it: an SQL from then on")
    nurtured_at: When | None = Field(None, description="when it was put aside")
    nurtured_reason: Name = "unknown"
    wake_at: When | None = Field(None, description="when to look at a nurtured lead again")
    disqualified_at: When | None = None
    disqualified_reason: Reason = Reason.OTHER

    def new(self) -> NewLead:
        return NewLead(
            external_id=self.external_id,
            captured_at=self.captured_at,
            owner_external_id=self.owner,
            account_external_id=self.account_external_id,
            said=said(vars(self)),
        )
