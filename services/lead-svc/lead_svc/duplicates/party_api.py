"""`/v1/accounts/{id}/duplicates` and `/v1/contacts/{id}/duplicates`, and the lists of all: accounts and contacts that may be the same."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from lead_svc.duplicates import commands
from lead_svc.duplicates.account_pairs import ACCOUNT_PAIRS
from lead_svc.duplicates.answers import (
    AccountDuplicateOut,
    AccountDuplicatesOut,
    ContactDuplicateOut,
    ContactDuplicatesOut,
    shown_to,
)
from lead_svc.duplicates.api import WITHOUT_A_REASON, Dismiss
from lead_svc.duplicates.contact_pairs import CONTACT_PAIRS
from lead_svc.duplicates.kinds import PairItem
from lead_svc.duplicates.queries import alike
from lead_svc.parties.queries import SEEN_ACCOUNTS, SEEN_CONTACTS
from shared.auth import CurrentActor
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest

accounts = APIRouter(prefix="/v1/accounts", tags=["accounts"], route_class=ClinchRoute)
contacts = APIRouter(prefix="/v1/contacts", tags=["contacts"], route_class=ClinchRoute)


class AccountDuplicateItem(PairItem):
    """A pair of accounts. `state`: suspected, dismissed (they are not the same) or cleared (they were changed)."""

    account_id: UUID


class ContactDuplicateItem(PairItem):
    """A pair of contacts. `state`: suspected, dismissed (they are not the same) or cleared (they were changed)."""

    contact_id: UUID


ACCOUNTS_LIST = ACCOUNT_PAIRS.listing(AccountDuplicateItem)
CONTACTS_LIST = CONTACT_PAIRS.listing(ContactDuplicateItem)


@accounts.get("/duplicates")
async def list_duplicate_accounts(
    page: Annotated[PageRequest, Depends(ACCOUNTS_LIST.params)], db: Reading, by: CurrentActor
) -> Page[AccountDuplicateItem]:
    """Pairs of accounts that may be one company and that you both may see, newest first; `state=suspected` are those to be decided."""
    return await ACCOUNTS_LIST.page(db, page, where=ACCOUNT_PAIRS.listed(by), params=ACCOUNT_PAIRS.params(by))


@accounts.get("/{account_id}/duplicates")
async def list_account_duplicates(account_id: UUID, db: Reading, by: CurrentActor) -> AccountDuplicatesOut:
    """Accounts that may be the same company, as they are now. Of those that you may not see, only how certain and whom to ask."""
    account = await SEEN_ACCOUNTS.get(db, by, account_id)
    found = await alike(db, ACCOUNT_PAIRS, account.id)
    return AccountDuplicatesOut(items=await shown_to(db, by, AccountDuplicateOut, found.alike), more=found.more)


@accounts.post("/{account_id}/duplicates/{other_id}/dismiss")
async def dismiss_account_duplicate(
    account_id: UUID, other_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: Dismiss = WITHOUT_A_REASON
) -> AccountDuplicateOut:
    """The two are not one company, and are not suspected again: a manager who sees both, or sales operations. The version is the pair's."""
    found = await commands.dismiss(tx, ACCOUNT_PAIRS, account_id, other_id, reason=body.reason, expect=expect)
    return AccountDuplicateOut.of(found, by)


@accounts.post("/{account_id}/duplicates/{other_id}/reopen")
async def reopen_account_duplicate(account_id: UUID, other_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> AccountDuplicateOut:
    """Takes back that the two are not one company."""
    return AccountDuplicateOut.of(await commands.reopen(tx, ACCOUNT_PAIRS, account_id, other_id, expect=expect), by)


@contacts.get("/duplicates")
async def list_duplicate_contacts(
    page: Annotated[PageRequest, Depends(CONTACTS_LIST.params)], db: Reading, by: CurrentActor
) -> Page[ContactDuplicateItem]:
    """Pairs of contacts that may be one person and that you both may see, newest first; `state=suspected` are those to be decided."""
    return await CONTACTS_LIST.page(db, page, where=CONTACT_PAIRS.listed(by), params=CONTACT_PAIRS.params(by))


@contacts.get("/{contact_id}/duplicates")
async def list_contact_duplicates(contact_id: UUID, db: Reading, by: CurrentActor) -> ContactDuplicatesOut:
    """Contacts that may be the same person, as they are now. Of those that you may not see, only how certain and whom to ask."""
    contact = await SEEN_CONTACTS.get(db, by, contact_id)
    found = await alike(db, CONTACT_PAIRS, contact.id)
    return ContactDuplicatesOut(items=await shown_to(db, by, ContactDuplicateOut, found.alike), more=found.more)


@contacts.post("/{contact_id}/duplicates/{other_id}/dismiss")
async def dismiss_contact_duplicate(
    contact_id: UUID, other_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: Dismiss = WITHOUT_A_REASON
) -> ContactDuplicateOut:
    """The two are not one person, and are not suspected again: a manager who sees both, or sales operations. The version is the pair's."""
    found = await commands.dismiss(tx, CONTACT_PAIRS, contact_id, other_id, reason=body.reason, expect=expect)
    return ContactDuplicateOut.of(found, by)


@contacts.post("/{contact_id}/duplicates/{other_id}/reopen")
async def reopen_contact_duplicate(contact_id: UUID, other_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> ContactDuplicateOut:
    """Takes back that the two are not one person."""
    return ContactDuplicateOut.of(await commands.reopen(tx, CONTACT_PAIRS, contact_id, other_id, expect=expect), by)
