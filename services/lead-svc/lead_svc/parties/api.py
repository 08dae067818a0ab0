"""`/v1/accounts` and `/v1/contacts`: the companies, and the people in them."""

from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from lead_svc.duplicates.account_pairs import ACCOUNT_PAIRS
from lead_svc.duplicates.answers import AccountDuplicateOut, ContactDuplicateOut, shown_to
from lead_svc.duplicates.commands import suspected
from lead_svc.duplicates.contact_pairs import CONTACT_PAIRS
from lead_svc.parties import commands
from lead_svc.parties.fields import AccountFields, ContactFields
from lead_svc.parties.merged import seen_or_merged, survivors
from lead_svc.parties.queries import (
    ACCOUNTS_LIST,
    CONTACTS_LIST,
    SEEN_ACCOUNTS,
    SEEN_CONTACTS,
    AccountItem,
    ContactItem,
    unmerged,
)
from lead_svc.parties.record import Account, Contact, PartyState
from lead_svc.parties.rules import ACCOUNT_ACTS, CONTACT_ACTS, CREATE_ACCOUNT, CREATE_CONTACT
from lead_svc.parties.tables import ACCOUNT, ACCOUNTS, CONTACT
from lead_svc.seen import ACCOUNTS_SEEN, CONTACTS_SEEN
from shared.access import kinds, members
from shared.access.kinds import unmasked
from shared.access.scoped import Scoped
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.db.tx import Reader
from shared.errors import NotFound
from shared.fields import Key, personal
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.openapi import or_known
from shared.http.patch import Patch
from shared.http.permit import permitted
from shared.masking import masked

accounts = APIRouter(prefix="/v1/accounts", tags=["accounts"], route_class=ClinchRoute)
contacts = APIRouter(prefix="/v1/contacts", tags=["contacts"], route_class=ClinchRoute)


async def merged(db: Reader, seen: Scoped[Any], party: Account | Contact, by: Actor) -> dict[str, Any]:
    """Whether it was merged, and into which one if they may see that."""
    if party.merged_into is None:
        return {"state": PartyState.ACTIVE, "merged_into": None}
    now = (await survivors(db, seen.of.table.name, [party.id]))[party.id]
    try:
        return {"state": PartyState.MERGED, "merged_into": (await seen.get(db, by, now)).id}
    except NotFound:
        return {"state": PartyState.MERGED, "merged_into": None}


class AccountIn(AccountFields, Body):
    external_id: Key | None = None
    owner_id: UUID | None = None


class AccountPatch(Patch, AccountFields):
    owner_id: UUID | None


class AccountOut(AccountItem):
    state: PartyState
    merged_into: UUID | None = Field(description="The account that it is now, where it was merged and you may see that one.")
    members: list[UUID] = Field(description="The team of the account, besides its owner.")
    allowed_actions: list[AllowedAction]

    @classmethod
    async def of(cls, db: Reader, account: Account, by: Actor) -> Self:
        known: dict[str, Any] = {name: getattr(account, name) for name in AccountItem.model_fields}
        known |= await merged(db, SEEN_ACCOUNTS, account, by)
        return cls(**known, members=await members.team(db, account.id), allowed_actions=shown(ACCOUNT_ACTS, account, by))


class EnteredAccount(AccountOut):
    """`duplicates`: accounts that may be the same company, where the policy says that records are compared."""

    duplicates: list[AccountDuplicateOut]


class MembersOut(BaseModel):
    """The team of an account, besides its owner."""

    items: list[UUID]


class ContactIn(ContactFields, Body):
    external_id: Key | None = None
    account_id: UUID


class ContactPatch(Patch, ContactFields):
    account_id: UUID


class ContactOut(ContactItem):
    version_says_all: ClassVar[bool] = False  # what may be done with it depends on its account

    allowed_actions: list[AllowedAction]

    state: PartyState
    merged_into: UUID | None = Field(description="The contact that it is now, where it was merged and you may see that one.")

    @classmethod
    async def of(cls, db: Reader, contact: Contact, account: Account, by: Actor) -> Self:
        known: dict[str, Any] = {name: getattr(contact, name) for name in ContactItem.model_fields}
        known |= {} if unmasked(kinds.ACCOUNTS, by) else masked(known, personal(ContactFields))
        known |= await merged(db, SEEN_CONTACTS, contact, by)
        return cls(**known, allowed_actions=shown(CONTACT_ACTS, contact, by, account))


class EnteredContact(ContactOut):
    """`duplicates`: contacts that may be the same person, where the policy says that records are compared."""

    duplicates: list[ContactDuplicateOut]


@accounts.post("", status_code=201, responses=or_known(EnteredAccount), dependencies=[permitted(CREATE_ACCOUNT)])
async def create_account(body: AccountIn, tx: InTx, by: CurrentActor, response: Response) -> EnteredAccount:
    """Enter an account; yours if you sell and name no owner. An `external_id` that is known already brings that account
    to these values (200), and so fills up a stub that an import has left."""
    given = body.model_dump(exclude={"external_id"})
    account, new = await commands.enter_account(tx, external_id=body.external_id, given=given)
    response.status_code = 201 if new else 200
    found = await suspected(tx, ACCOUNT_PAIRS, account.id, new=new)
    duplicates = await shown_to(tx, by, AccountDuplicateOut, found, tells_of_hidden=tx.kept)
    return EnteredAccount.model_construct(**vars(await AccountOut.of(tx, account, by)), duplicates=duplicates)


@accounts.get("", response_model=ACCOUNTS_LIST.page_of(AccountItem))
async def list_accounts(page: Annotated[PageRequest, Depends(ACCOUNTS_LIST.params)], db: Reading, by: CurrentActor) -> Page[AccountItem]:
    found = await ACCOUNTS_LIST.page(db, page, where=unmerged(ACCOUNT, ACCOUNTS_SEEN.listed(by)), params=ACCOUNTS_SEEN.params(by))
    return await ACCOUNTS_LIST.embedding(db, by, page, found)


@accounts.get("/{account_id}")
async def get_account(account_id: UUID, db: Reading, by: CurrentActor) -> AccountOut:
    return await AccountOut.of(db, await seen_or_merged(db, by, SEEN_ACCOUNTS, account_id), by)


@accounts.patch("/{account_id}")
async def change_account(account_id: UUID, body: AccountPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> AccountOut:
    """Change an account: its owner, their manager, marketing, customer success and operations."""
    return await AccountOut.of(tx, await commands.change_account(tx, account_id, body.given(), expect), by)


@accounts.get("/{account_id}/members")
async def list_account_members(account_id: UUID, db: Reading, by: CurrentActor) -> MembersOut:
    """The ids of the people in the team of the account."""
    account = await SEEN_ACCOUNTS.get(db, by, account_id)
    return MembersOut(items=await members.team(db, account.id))


@accounts.put("/{account_id}/members/{person_id}")
async def add_account_member(account_id: UUID, person_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> AccountOut:
    """Take somebody into the team of the account, who sees it and its contacts from then on: by its owner, those above the owner, or
    sales operations."""
    return await AccountOut.of(tx, await commands.add_member(tx, account_id, person_id, expect), by)


@accounts.delete("/{account_id}/members/{person_id}")
async def remove_account_member(account_id: UUID, person_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> AccountOut:
    """Take somebody out of the team of the account: by its owner, those above the owner, or sales operations."""
    return await AccountOut.of(tx, await commands.remove_member(tx, account_id, person_id, expect), by)


@contacts.post("", status_code=201, responses=or_known(EnteredContact), dependencies=[permitted(CREATE_CONTACT)])
async def create_contact(body: ContactIn, tx: InTx, by: CurrentActor, response: Response) -> EnteredContact:
    """Enter a contact of an account that you may change. An `external_id` that is known already brings that contact to
    these values (200)."""
    given = body.model_dump(exclude={"external_id", "account_id"})
    contact, new = await commands.enter_contact(tx, external_id=body.external_id, account_id=body.account_id, given=given)
    response.status_code = 201 if new else 200
    found = await suspected(tx, CONTACT_PAIRS, contact.id, new=new)
    duplicates = await shown_to(tx, by, ContactDuplicateOut, found, tells_of_hidden=tx.kept)
    return EnteredContact.model_construct(**vars(await contact_out(tx, contact, by)), duplicates=duplicates)


@contacts.get("", response_model=CONTACTS_LIST.page_of(ContactItem))
async def list_contacts(page: Annotated[PageRequest, Depends(CONTACTS_LIST.params)], db: Reading, by: CurrentActor) -> Page[ContactItem]:
    each = None if unmasked(kinds.ACCOUNTS, by) else _hidden
    where = unmerged(CONTACT, CONTACTS_SEEN.listed(by))
    found = await CONTACTS_LIST.page(db, page, where=where, params=CONTACTS_SEEN.params(by), each=each)
    return await CONTACTS_LIST.embedding(db, by, page, found)


def _hidden(contact: ContactItem) -> ContactItem:
    return contact.model_copy(update=masked(vars(contact), personal(ContactFields)))


@contacts.get("/{contact_id}")
async def get_contact(contact_id: UUID, db: Reading, by: CurrentActor) -> ContactOut:
    return await contact_out(db, await seen_or_merged(db, by, SEEN_CONTACTS, contact_id), by)


@contacts.patch("/{contact_id}")
async def change_contact(contact_id: UUID, body: ContactPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> ContactOut:
    """Change a contact: those who may change its account."""
    return await contact_out(tx, await commands.change_contact(tx, contact_id, body.given(), expect), by)


async def contact_out(db: Reader, contact: Contact, by: Actor) -> ContactOut:
    """Its account decides what the actor may do with it."""
    return await ContactOut.of(db, contact, await db.get(ACCOUNTS, contact.account_id), by)
