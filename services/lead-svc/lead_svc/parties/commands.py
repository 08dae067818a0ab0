"""Companies and contacts: entered by hand, made from a lead at its conversion, or named by an import before their own data comes."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lead_svc.parties import rules
from lead_svc.parties.fields import AccountFields, ContactFields
from lead_svc.parties.queries import SEEN_ACCOUNTS, SEEN_CONTACTS
from lead_svc.parties.record import ACCOUNT as ACCOUNT_SUBJECT
from lead_svc.parties.record import Account, Contact
from lead_svc.parties.rules import ADD_MEMBER, CHANGE_ACCOUNT, CHANGE_CONTACT, CREATE_ACCOUNT, CREATE_CONTACT, REMOVE_MEMBER
from lead_svc.parties.tables import ACCOUNT, ACCOUNTS, CONTACTS
from lead_svc.team.queries import check_member, check_owner
from shared.access import kinds, members
from shared.access.kinds import unmasked
from shared.access.members import Part
from shared.db.query import A, Query, is_in
from shared.db.tx import Tx
from shared.errors import Invalid, NotFound, Rejected, require
from shared.events.party import AccountCreated, AccountMemberAdded, AccountMemberRemoved, AccountUpdated, ContactCreated, ContactUpdated
from shared.fields import personal
from shared.ids import new_id
from shared.masking import differences
from shared.parties import references
from shared.spelling import compared, tidy

_KNOWN = Query(select(ACCOUNT.c.id).where(is_in(ACCOUNT.c.id, "ids")), UUID)
_TAKEN = Query(select(ACCOUNT.c.external_id).where(is_in(ACCOUNT.c.external_id, "keys")), str)


@dataclass(frozen=True, slots=True)
class Named:
    """An account that an import names: its id, and what is known of it."""

    id: UUID
    external_id: str | None
    name: str


# -- Accounts ----------------------------------------------------------------------------------------------------------------


async def enter_account(tx: Tx, *, external_id: str | None, given: Mapping[str, Any]) -> tuple[Account, bool]:
    """Create an account; one whose external key is known already is brought to these values, and a stub thereby filled up."""
    CREATE_ACCOUNT.permit(tx.actor)
    given = dict(given)
    if rules.is_seller(tx.actor):
        given["owner_id"] = given["owner_id"] or tx.actor.id
    await _check_owner(tx, given)
    id = (await references.ids_of(tx, "account", [external_id]))[external_id] if external_id else new_id()
    account = _new(tx, id, external_id=external_id, **given)
    if id in await tx.add_new(ACCOUNTS, [(account, [(AccountCreated.of(account), tx.now)])]):
        await members.created(tx, kinds.ACCOUNTS, [(id, account.owner_id)])
        return account, True
    # What the caller left empty is not known better by now.
    return await change_account(tx, id, {n: v for n, v in given.items() if v is not None}, taken=True), False


async def add_account(tx: Tx, id: UUID, **given: Any) -> Account:
    """An account made from what a lead says of its company."""
    account = _new(tx, id, **given)
    return await tx.add(ACCOUNTS, account, AccountCreated.of(account))


def _new(tx: Tx, id: UUID, *, name: str, external_id: str | None = None, imported: bool = False, **given: Any) -> Account:
    stamps: dict[str, Any] = {"created_at": tx.now, "updated_at": tx.now, "version": 1}
    said: dict[str, Any] = dict.fromkeys(AccountFields.model_fields) | {"owner_id": None} | given | {"name": name}
    return Account(id=id, external_id=external_id, compared=compared(name), imported=imported, merged_into=None, **stamps, **said)


async def change_account(tx: Tx, id: UUID, given: Mapping[str, Any], expect: int | None = None, *, taken: bool = False) -> Account:
    account = await _or_taken(SEEN_ACCOUNTS.load(tx, id, expect), taken)
    CHANGE_ACCOUNT.check(account, tx.actor)
    changes = {n: v for n, v in given.items() if getattr(account, n) != v}
    if not changes:
        return account
    await _check_owner(tx, changes)
    told = AccountUpdated.of(replace(account, **changes), changed=sorted(changes))
    if "name" in changes:
        changes["compared"] = compared(changes["name"])
    # It is entered now, so it is a stub no more.
    return await tx.save(ACCOUNTS, account, told, **changes, imported=False)


async def add_member(tx: Tx, id: UUID, person_id: UUID, expect: int | None) -> Account:
    """Take somebody into the team of the account; who is in it already stays."""
    account = await SEEN_ACCOUNTS.load(tx, id, expect)
    ADD_MEMBER.check(account, tx.actor)
    await check_member(tx, person_id)
    if not await members.add(tx, id, person_id):
        return account
    return await tx.save(ACCOUNTS, account, AccountMemberAdded(person_id=person_id, part=Part.member))


async def remove_member(tx: Tx, id: UUID, person_id: UUID, expect: int | None) -> Account:
    """Take somebody out of the team of the account; who is not in it stays out."""
    account = await SEEN_ACCOUNTS.load(tx, id, expect)
    REMOVE_MEMBER.check(account, tx.actor)
    if not await members.remove(tx, id, person_id):
        return account
    return await tx.save(ACCOUNTS, account, AccountMemberRemoved(person_id=person_id, part=Part.member))


async def name_accounts(tx: Tx, named: Sequence[Named]) -> None:
    """See that these accounts exist: those nobody has entered yet become stubs, flagged `imported`."""
    wanted = {n.id: n for n in named}
    known = set(await tx.all(_KNOWN, ids=list(wanted))) if wanted else set()
    new = [n for n in wanted.values() if n.id not in known]
    # Another service may not know yet that an account of ours has this key, and have named a new one.
    taken = set(await tx.all(_TAKEN, keys=[n.external_id for n in new if n.external_id])) if new else set()
    stubs = [_new(tx, n.id, external_id=None if n.external_id in taken else n.external_id, name=tidy(n.name), imported=True) for n in new]
    await tx.add_new(ACCOUNTS, [(stub, [(AccountCreated.of(stub), tx.now)]) for stub in stubs])


async def _check_owner(tx: Tx, given: Mapping[str, Any]) -> None:
    owner: UUID | None = given.get("owner_id")
    require(rules.owner_unmet(owner, tx.actor), "You cannot give the account to this owner.", "not_manager")
    if owner is not None:
        await check_owner(tx, tx.actor, owner, "an account")


# -- Contacts ----------------------------------------------------------------------------------------------------------------


async def enter_contact(tx: Tx, *, external_id: str | None, account_id: UUID, given: Mapping[str, Any]) -> tuple[Contact, bool]:
    """Create a contact of an account; one whose external key is known already is brought to these values instead."""
    account = await _account(tx, account_id)
    id = references.made_id("contact", external_id) if external_id else new_id()
    contact = _contact(tx, id, external_id=external_id, account_id=account_id, **given)
    CREATE_CONTACT.check(contact, tx.actor, facts=account)
    if id in await tx.add_new(CONTACTS, [(contact, [(ContactCreated.of(contact), tx.now)])]):
        return contact, True
    known = {n: v for n, v in given.items() if v is not None} | {"account_id": account_id}
    return await change_contact(tx, id, known, taken=True), False


async def add_contact(tx: Tx, id: UUID, account_id: UUID, **given: Any) -> Contact:
    """A contact made from a lead's contact data."""
    contact = _contact(tx, id, account_id=account_id, **given)
    return await tx.add(CONTACTS, contact, ContactCreated.of(contact))


def _contact(tx: Tx, id: UUID, *, external_id: str | None = None, **given: Any) -> Contact:
    said: dict[str, Any] = dict.fromkeys(ContactFields.model_fields) | given
    return Contact(id=id, external_id=external_id, merged_into=None, created_at=tx.now, updated_at=tx.now, version=1, **said)


async def change_contact(tx: Tx, id: UUID, given: Mapping[str, Any], expect: int | None = None, *, taken: bool = False) -> Contact:
    contact = await _or_taken(SEEN_CONTACTS.load(tx, id, expect), taken)
    CHANGE_CONTACT.check(contact, tx.actor, facts=await _account(tx, contact.account_id))
    # Systems send what they know again and again, and a real write that changes nothing stays without an event.
    compares = unmasked(kinds.ACCOUNTS, tx.actor) or (taken and tx.kept)
    changes = differences(contact, given, () if compares else personal(ContactFields))
    if not changes:
        return contact
    if "account_id" in changes:
        CHANGE_CONTACT.check(contact, tx.actor, facts=await _account(tx, changes["account_id"]))
    told = ContactUpdated.of(replace(contact, **changes), changed=sorted(changes))
    return await tx.save(CONTACTS, contact, told, **changes)


async def _account(tx: Tx, account_id: UUID) -> Account:
    """The account whose contact it is, which decides who may write."""
    try:
        account = await SEEN_ACCOUNTS.get(tx, tx.actor, account_id)
    except NotFound:
        raise Invalid("There is none, or you may not see it.", pointer="/account_id", code="unknown_account") from None
    ACCOUNT_SUBJECT.check_here(account)
    return account


async def _or_taken(loading: Awaitable[A], taken: bool) -> A:
    """An upsert meets rows that its caller may not see: then the key is taken, and nothing more is said."""
    try:
        return await loading
    except NotFound:
        if not taken:
            raise
        raise Rejected("This external_id belongs to a record that you may not change.", code="external_id_taken") from None
