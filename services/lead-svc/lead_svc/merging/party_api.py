"""`/v1/accounts/{id}/merge` and `/v1/contacts/{id}/merge`, `unmerge` and `merges`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from lead_svc.merging import parties, party_rules
from lead_svc.merging.answers import MergeOut, MergesOut
from lead_svc.merging.parties import ACCOUNT, CONTACT
from lead_svc.merging.queries import merges_of
from lead_svc.parties.api import AccountOut, ContactOut, contact_out
from lead_svc.parties.queries import SEEN_ACCOUNTS, SEEN_CONTACTS
from lead_svc.parties.tables import ACCOUNTS, CONTACTS
from shared.auth import CurrentActor
from shared.fields import Reason
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading

accounts = APIRouter(prefix="/v1/accounts", tags=["accounts"], route_class=ClinchRoute)
contacts = APIRouter(prefix="/v1/contacts", tags=["contacts"], route_class=ClinchRoute)

_TAKE = "Fields whose value is the absorbed one's. Of the others the survivor keeps its own, and takes the other's where it has none."
_KEEP = "Fields that stay as the survivor has them, also empty."
_LEFT = "Fields of the absorbed one whose values the survivor has not: read them there."


class _Merge(Body):
    absorbed_id: Annotated[UUID, Field(description="The one that is the same.")]
    reason: Reason | None = None


class MergeAccount(_Merge):
    """The account of the path survives."""

    take: Annotated[list[party_rules.AccountField], Field(default=[], description=_TAKE, max_length=6)]
    keep: Annotated[list[party_rules.AccountField], Field(default=[], description=_KEEP, max_length=6)]


class MergeContact(_Merge):
    """The contact of the path survives."""

    take: Annotated[list[party_rules.ContactField], Field(default=[], description=_TAKE, max_length=4)]
    keep: Annotated[list[party_rules.ContactField], Field(default=[], description=_KEEP, max_length=4)]


class MergedAccount(AccountOut):
    """The survivor, or the account that was given back."""

    merge: MergeOut
    left: list[str] = Field(description=_LEFT)


class MergedContact(ContactOut):
    """The survivor, or the contact that was given back."""

    merge: MergeOut
    left: list[str] = Field(description=_LEFT)


@accounts.post("/{account_id}/merge")
async def merge_account(account_id: UUID, body: MergeAccount, tx: InTx, by: CurrentActor, expect: IfMatch) -> MergedAccount:
    """Take over another account that is the same company: by a manager who sees both, or sales operations.

    Its leads and contacts, deals and contracts name the survivor from then on; other services follow a moment later. It still answers.
    """
    given = body.model_dump(exclude={"absorbed_id"})
    account, merge = await parties.merge(tx, ACCOUNT, account_id, body.absorbed_id, expect=expect, **given)
    left = party_rules.left(account, await tx.get(ACCOUNTS, body.absorbed_id))
    return MergedAccount.model_construct(**vars(await AccountOut.of(tx, account, by)), merge=MergeOut.of(merge), left=left)


@accounts.post("/{account_id}/unmerge")
async def unmerge_account(account_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> MergedAccount:
    """Undo the merge that took this account over, in every service. What was made since stays with the survivor."""
    account, merge = await parties.unmerge(tx, ACCOUNT, account_id, expect=expect)
    return MergedAccount.model_construct(**vars(await AccountOut.of(tx, account, by)), merge=MergeOut.of(merge), left=[])


@accounts.get("/{account_id}/merges")
async def list_account_merges(account_id: UUID, db: Reading, by: CurrentActor) -> MergesOut:
    """The merges of this account, as the survivor and as the absorbed one, also those that were undone."""
    account = await SEEN_ACCOUNTS.get(db, by, account_id)
    return MergesOut(items=[MergeOut.of(merge) for merge in await merges_of(db, account.id)])


@contacts.post("/{contact_id}/merge")
async def merge_contact(contact_id: UUID, body: MergeContact, tx: InTx, by: CurrentActor, expect: IfMatch) -> MergedContact:
    """Take over another contact of the account that is the same person: by a manager who sees both, or sales operations.

    Leads and buying committees name the survivor from then on; other services follow a moment later. It still answers.
    """
    given = body.model_dump(exclude={"absorbed_id"})
    contact, merge = await parties.merge(tx, CONTACT, contact_id, body.absorbed_id, expect=expect, **given)
    left = party_rules.left(contact, await tx.get(CONTACTS, body.absorbed_id))
    return MergedContact.model_construct(**vars(await contact_out(tx, contact, by)), merge=MergeOut.of(merge), left=left)


@contacts.post("/{contact_id}/unmerge")
async def unmerge_contact(contact_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> MergedContact:
    """Undo the merge that took this contact over, in every service. What was made since stays with the survivor."""
    contact, merge = await parties.unmerge(tx, CONTACT, contact_id, expect=expect)
    return MergedContact.model_construct(**vars(await contact_out(tx, contact, by)), merge=MergeOut.of(merge), left=[])


@contacts.get("/{contact_id}/merges")
async def list_contact_merges(contact_id: UUID, db: Reading, by: CurrentActor) -> MergesOut:
    """The merges of this contact, as the survivor and as the absorbed one, also those that were undone."""
    contact = await SEEN_CONTACTS.get(db, by, contact_id)
    return MergesOut(items=[MergeOut.of(merge) for merge in await merges_of(db, contact.id)])
