"""`/v1/accounts` and `/v1/contacts`: the companies, and the people in them."""

from functools import partial
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from lead_svc.parties import commands, rules
from lead_svc.parties.queries import ACCOUNTS_LIST, CONTACTS_LIST, SEEN_ACCOUNTS, SEEN_CONTACTS, account_visible, contact_visible
from lead_svc.parties.rules import ACCOUNT_ACTS, CONTACT_ACTS, CREATE_ACCOUNT, CREATE_CONTACT, Account, Contact
from lead_svc.parties.tables import ACCOUNTS
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.db import scope
from shared.db.tx import Reader
from shared.fields import Email, Key, Name, Phone, Short
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.openapi import or_known
from shared.http.patch import NOT_GIVEN
from shared.http.permit import permitted

accounts = APIRouter(prefix="/v1/accounts", tags=["accounts"], route_class=ClinchRoute)
contacts = APIRouter(prefix="/v1/contacts", tags=["contacts"], route_class=ClinchRoute)


class AccountIn(Body):
    name: Name
    region: Short | None = None
    industry: Short | None = None
    size: Short | None = None
    tier: Annotated[Short | None, Field(description="Its segment.")] = None
    owner_id: UUID | None = None


class NewAccount(AccountIn):
    external_id: Key | None = None


class AccountPatch(Body):
    name: Name = NOT_GIVEN
    region: Short | None = NOT_GIVEN
    industry: Short | None = NOT_GIVEN
    size: Short | None = NOT_GIVEN
    tier: Short | None = NOT_GIVEN
    owner_id: UUID | None = NOT_GIVEN


class AccountItem(BaseModel):
    """`imported`: named by an import, and entered by nobody yet."""

    id: UUID
    external_id: str | None
    name: str
    owner_id: UUID | None
    region: str | None
    industry: str | None
    size: str | None
    tier: str | None
    imported: bool
    version: int


class AccountOut(AccountItem):
    allowed_actions: list[AllowedAction] = []

    @classmethod
    def of(cls, account: Account, actor: Actor) -> "AccountOut":
        made = cls.model_validate(account, from_attributes=True)
        made.allowed_actions = shown(ACCOUNT_ACTS, account, actor)
        return made


class ContactIn(Body):
    account_id: UUID
    name: Name
    email: Email | None = None
    phone: Phone | None = None
    job_title: Name | None = None


class NewContact(ContactIn):
    external_id: Key | None = None


class ContactPatch(Body):
    account_id: UUID = NOT_GIVEN
    name: Name = NOT_GIVEN
    email: Email | None = NOT_GIVEN
    phone: Phone | None = NOT_GIVEN
    job_title: Name | None = NOT_GIVEN


class ContactItem(BaseModel):
    """Name, email and phone are masked for auditors, support and other systems."""

    id: UUID
    external_id: str | None
    account_id: UUID
    name: str
    email: str | None
    phone: str | None
    job_title: str | None
    version: int


class ContactOut(ContactItem):
    version_says_all: ClassVar[bool] = False  # what may be done with it depends on its account

    allowed_actions: list[AllowedAction] = []

    @classmethod
    def of(cls, contact: Contact, account: Account, actor: Actor) -> "ContactOut":
        made = cls.model_validate(rules.shown(contact, actor), from_attributes=True)
        made.allowed_actions = shown(CONTACT_ACTS, contact, actor, account)
        return made


@accounts.post("", status_code=201, response_model=AccountOut, responses=or_known(AccountOut), dependencies=[permitted(CREATE_ACCOUNT)])
async def create_account(body: NewAccount, tx: InTx, by: CurrentActor, response: Response) -> AccountOut:
    """Enter an account; yours if you sell and name no owner. An `external_id` that is known already brings that account
    to these values (200), and so fills up a stub that an import has left."""
    given = body.model_dump(exclude={"external_id"})
    account, new = await commands.enter_account(tx, external_id=body.external_id, given=given)
    response.status_code = 201 if new else 200
    return AccountOut.of(account, by)


@accounts.get("", response_model=Page[AccountItem])
async def list_accounts(page: Annotated[PageRequest, Depends(ACCOUNTS_LIST.params)], db: Reading, by: CurrentActor) -> Page[Account]:
    return await ACCOUNTS_LIST.page(db, page, where=account_visible(by), params=scope.params(by))


@accounts.get("/{account_id}", response_model=AccountOut)
async def get_account(account_id: UUID, db: Reading, by: CurrentActor) -> AccountOut:
    return AccountOut.of(await SEEN_ACCOUNTS.get(db, by, account_id), by)


@accounts.patch("/{account_id}", response_model=AccountOut)
async def change_account(account_id: UUID, body: AccountPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> AccountOut:
    """Change an account: its owner, their manager, marketing, customer success and operations."""
    return AccountOut.of(await commands.change_account(tx, account_id, body.model_dump(exclude_unset=True), expect), by)


@contacts.post("", status_code=201, response_model=ContactOut, responses=or_known(ContactOut), dependencies=[permitted(CREATE_CONTACT)])
async def create_contact(body: NewContact, tx: InTx, by: CurrentActor, response: Response) -> ContactOut:
    """Enter a contact of an account that you may change. An `external_id` that is known already brings that contact to
    these values (200)."""
    given = body.model_dump(exclude={"external_id", "account_id"})
    contact, new = await commands.enter_contact(tx, external_id=body.external_id, account_id=body.account_id, given=given)
    response.status_code = 201 if new else 200
    return await _with_account(tx, contact, by)


@contacts.get("", response_model=Page[ContactItem])
async def list_contacts(page: Annotated[PageRequest, Depends(CONTACTS_LIST.params)], db: Reading, by: CurrentActor) -> Page[Contact]:
    masked = partial(rules.shown, actor=by)
    return await CONTACTS_LIST.page(db, page, where=contact_visible(by), params=scope.params(by), each=masked)


@contacts.get("/{contact_id}", response_model=ContactOut)
async def get_contact(contact_id: UUID, db: Reading, by: CurrentActor) -> ContactOut:
    return await _with_account(db, await SEEN_CONTACTS.get(db, by, contact_id), by)


@contacts.patch("/{contact_id}", response_model=ContactOut)
async def change_contact(contact_id: UUID, body: ContactPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> ContactOut:
    """Change a contact: those who may change its account."""
    return await _with_account(tx, await commands.change_contact(tx, contact_id, body.model_dump(exclude_unset=True), expect), by)


async def _with_account(db: Reader, contact: Contact, actor: Actor) -> ContactOut:
    """Its account decides what the actor may do with it."""
    return ContactOut.of(contact, await db.get(ACCOUNTS, contact.account_id), actor)
