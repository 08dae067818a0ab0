"""What lead-svc tells of accounts and contacts, of which it is the master. Ids only, no personal data."""

from uuid import UUID

from pydantic import BaseModel

from shared.events.envelope import MemberAdded, MemberRemoved, OwnerChanged
from shared.events.lead import LeadSvcEvent


class AccountEvent(LeadSvcEvent):
    seen_as = "account"
    owned_by = "owner_id"


class ContactEvent(LeadSvcEvent):
    seen_as = "account"
    part_of = "account_id"


class AccountTold(BaseModel):
    """What an account is now. Every event that makes or changes one says it whole: the directories of parties go by it."""

    name: str
    owner_id: UUID | None = None
    region: str | None = None
    tier: str | None = None


class AccountCreated(AccountEvent, AccountTold, type="account.created"):
    creates = True

    external_id: str | None = None
    industry: str | None = None
    size: str | None = None
    imported: bool = False


class AccountUpdated(AccountEvent, AccountTold, OwnerChanged, type="account.updated"):
    changed: list[str]
    industry: str | None = None
    size: str | None = None


class AccountMemberAdded(AccountEvent, MemberAdded, type="account.member_added"):
    """Somebody is in the team of the account, and sees it and its contacts from now on."""


class AccountMemberRemoved(AccountEvent, MemberRemoved, type="account.member_removed"):
    """Somebody is no more in the team of the account."""


class ContactCreated(ContactEvent, type="contact.created"):
    account_id: UUID | None


class ContactUpdated(ContactEvent, type="contact.updated"):
    changed: list[str]
    account_id: UUID | None


class PartyMergedInto(BaseModel):
    """The party, as another one took it over, or gave it back. `merge_id` is told by both."""

    merge_id: UUID
    survivor_id: UUID


class PartyTookOver(BaseModel):
    """The survivor of a merge. `changed` names the fields that came or went with it, which an event of its own tells."""

    merge_id: UUID
    survivor_id: UUID
    absorbed: list[UUID]
    changed: list[str] = []


class AccountMerged(AccountEvent, PartyTookOver, type="account.merged"):
    """The account has taken over others that are the same company. Leads and contacts of theirs, deals and contracts name it now."""


class AccountUnmerged(AccountEvent, PartyTookOver, type="account.unmerged"):
    """It has given back what came from them. What was made since stays."""


class AccountAbsorbed(AccountEvent, PartyMergedInto, type="account.absorbed"):
    """It was the same company as `survivor_id`: what names it names that one from now on."""


class AccountRestored(AccountEvent, PartyMergedInto, type="account.restored"):
    """The merge was undone: what named it before names it again."""


class ContactMerged(ContactEvent, PartyTookOver, type="contact.merged"):
    """The contact has taken over others that are the same person. Leads and buying committees name it now."""

    account_id: UUID | None


class ContactUnmerged(ContactEvent, PartyTookOver, type="contact.unmerged"):
    """It has given back what came from them."""

    account_id: UUID | None


class ContactAbsorbed(ContactEvent, PartyMergedInto, type="contact.absorbed"):
    """It was the same person as `survivor_id`: what names it names that one from now on."""

    account_id: UUID | None


class ContactRestored(ContactEvent, PartyMergedInto, type="contact.restored"):
    """The merge was undone: what named it before names it again."""

    account_id: UUID | None
