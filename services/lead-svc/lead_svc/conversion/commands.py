"""Handing a lead over to deal-svc, and what deal-svc answers. Also leads that only an import of deals has named."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from lead_svc.capture.rules import fresh, odd_flags, plain_flags
from lead_svc.conversion.fields import Handover
from lead_svc.conversion.rules import CONVERT
from lead_svc.duplicates.answers import DuplicateOut, shown_to
from lead_svc.duplicates.lead_pairs import LEAD_PAIRS
from lead_svc.duplicates.policy import POLICY as DUPLICATE_POLICY
from lead_svc.duplicates.queries import unresolved
from lead_svc.leads.commands import WAKE, contact_of
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import Lead, State
from lead_svc.leads.tables import LEADS
from lead_svc.parties.commands import add_account, add_contact
from lead_svc.parties.queries import SEEN_ACCOUNTS, accounts_named
from lead_svc.parties.record import Account, Contact
from lead_svc.parties.tables import ACCOUNTS, CONTACTS
from lead_svc.policy import POLICY
from lead_svc.seen import ACCOUNTS_SEEN
from shared.db.tx import Tx
from shared.errors import Invalid, NotFound, Rejected, Stale
from shared.events.envelope import Event, Money
from shared.events.lead import LeadConversionConfirmed, LeadConversionRefused, LeadConverted, LeadFlagged, LeadStubbed, LeadUnflagged
from shared.ids import new_id
from shared.occurred import happened
from shared.spelling import compared
from shared.timers import cancel_timers


async def convert(tx: Tx, id: UUID, given: Handover, *, at: datetime | None, expect: int | None) -> Lead:
    """sql → converting. A repeated call gives the first result, whatever it asks for and expects by now."""
    lead = await SEEN.load(tx, id)
    CONVERT.permit(tx.actor)
    if lead.state in CONVERT.repeats:
        return lead
    if expect is not None and lead.version != expect:
        raise Stale(lead.version)
    when = happened(tx, at)
    known = replace(lead, account_id=given.account_id or lead.account_id, contact_id=given.contact_id or lead.contact_id)
    CONVERT.check(known, tx.actor, facts=tx.policy(POLICY))
    await _is_no_duplicate(tx, lead)
    account_id, account_name = await _account(tx, lead, given)
    contact_id = await _contact(tx, lead, given.contact_id, account_id)
    deal_id, conversion_id = given.deal_id or new_id(), new_id()
    told = LeadConverted.of(
        lead,
        deal_id=deal_id,
        joins_existing=given.deal_id is not None,
        conversion_id=conversion_id,
        account_id=account_id,
        account_name=account_name,
        contact_ids=[contact_id],
        captured_at=lead.captured_at or lead.created_at,
        deal_name=given.deal_name or lead.title or account_name,
        deal_amount=given.amount and Money(amount=given.amount.amount, currency=given.amount.currency),
        closes_on=given.expected_close_on,
        amount=format(given.amount.amount, "f") if given.amount else None,
        currency=given.amount.currency if given.amount else None,
        expected_close_on=given.expected_close_on.isoformat() if given.expected_close_on else None,
        actor_roles=sorted(tx.actor.roles),
        bant={dimension: found["status"] for dimension, found in sorted(lead.bant.items())},
    )
    changes: dict[str, Any] = {"state": State.CONVERTING, "deal_id": deal_id, "conversion_id": conversion_id, "refusal": None}
    return await tx.save(LEADS, lead, told, at=when, account_id=account_id, contact_id=contact_id, **changes)


# A new account and a new contact have their ids from here on, and are made when the deal is open: a refusal leaves none behind.


async def _account(tx: Tx, lead: Lead, given: Handover) -> tuple[UUID, str]:
    """Id and name of the account: the one named now, the lead's, one of the same name, or a new one of the lead's company."""
    if given.account_id is not None:
        try:
            account = await SEEN_ACCOUNTS.get(tx, tx.actor, given.account_id)
        except NotFound:
            raise Invalid("There is none, or you may not see it.", pointer="/account_id", code="unknown_account") from None
        return account.id, account.name
    if lead.account_id is not None:
        account = await tx.get(ACCOUNTS, lead.account_id)
        return account.id, account.name
    assert lead.company is not None
    alike = await _alike(tx, lead.company)
    wanted = tx.policy(POLICY).same_name_accounts if given.join_account is None else "join" if given.join_account else "new"
    if not alike or wanted == "new":
        return new_id(), lead.company
    if wanted == "join" and len(alike) == 1:
        return alike[0].id, alike[0].name
    raise AccountExists(alike, asked=wanted == "offer")


class DuplicateUnresolved(Rejected):
    """The same customer would become two deals: somebody decides first."""

    code = "duplicate_unresolved"

    def __init__(self, found: Sequence[DuplicateOut]) -> None:
        super().__init__(
            "Another open lead is certainly the same. Disqualify one of the two, or let a manager who sees both, or sales operations, "
            "say that they are not the same."
        )
        self.extra["duplicates"] = [one.model_dump(mode="json") for one in found]


async def _is_no_duplicate(tx: Tx, lead: Lead) -> None:
    if tx.policy(DUPLICATE_POLICY).compares and (found := await unresolved(tx, LEAD_PAIRS, lead.id)):
        raise DuplicateUnresolved(await shown_to(tx, tx.actor, DuplicateOut, found))


async def _alike(tx: Tx, company: str) -> list[Account]:
    """The accounts of this name that the actor may see. Of others nothing is said, as everywhere."""
    name = compared(company)
    return await tx.all(accounts_named(ACCOUNTS_SEEN.visible(tx.actor)), compared=name, **ACCOUNTS_SEEN.params(tx.actor)) if name else []


class AccountExists(Rejected):
    """The customer may be known already; the caller says which account it is."""

    code = "account_exists"

    def __init__(self, alike: Sequence[Account], *, asked: bool) -> None:
        several = "Several accounts have" if len(alike) > 1 else "An account has"
        how = "true to join it or " if asked and len(alike) == 1 else ""
        super().__init__(
            f"{several} the name of the lead's company. Say which it is by account_id, or send join_account {how}false for a new one."
        )
        texts = ("name", "external_id", "region", "industry", "size")
        self.extra["accounts"] = [
            {"id": str(a.id), "owner_id": a.owner_id and str(a.owner_id), **{n: getattr(a, n) for n in texts}} for a in alike
        ]


async def _contact(tx: Tx, lead: Lead, given: UUID | None, account_id: UUID) -> UUID:
    """The contact named now, the lead's, or a new one with its contact data."""
    if contact_id := given or lead.contact_id:
        await contact_of(tx, contact_id, account_id)
        return contact_id
    return new_id()


# -- What deal-svc answers ---------------------------------------------------------------------------------------------------


async def confirm(tx: Tx, lead_id: UUID, deal_id: UUID, conversion_id: UUID, at: datetime, *, account_name: str | None = None) -> None:
    """The deal exists, or the lead has joined it: now its account and contact are made, if they are new.

    An answer to an earlier conversion changes nothing.
    """
    lead = await tx.load(LEADS, lead_id)
    if lead.state is not State.CONVERTING or lead.conversion_id != conversion_id:
        return
    account, contact = await _parties_of(tx, lead)
    if lead.account_id and account is None:
        described = {n: getattr(lead, n) for n in ("owner_id", "region", "industry", "size")}
        await add_account(tx, lead.account_id, name=account_name or lead.company or "", **described)
    if lead.account_id and lead.contact_id and contact is None and lead.contact_name:
        person = {n: getattr(lead, n) for n in ("email", "phone", "job_title")}
        await add_contact(tx, lead.contact_id, lead.account_id, name=lead.contact_name, **person)
    told = LeadConversionConfirmed(deal_id=deal_id, account_id=lead.account_id, contact_id=lead.contact_id)
    await tx.save(LEADS, lead, told, at=at, state=State.CONVERTED, deal_id=deal_id, deal_opened_at=at)


async def refuse(tx: Tx, lead_id: UUID, deal_id: UUID, conversion_id: UUID, reason: str, at: datetime) -> None:
    """The lead is an SQL again; the reason stays with it, and of an account and a contact that were to be made there is nothing."""
    lead = await tx.load(LEADS, lead_id)
    if lead.state is not State.CONVERTING or lead.conversion_id != conversion_id:
        return
    account, contact = await _parties_of(tx, lead)
    told = LeadConversionRefused(deal_id=deal_id, reason=reason)
    parties = {"account_id": account and account.id, "contact_id": contact and contact.id}
    await tx.save(LEADS, lead, told, at=at, state=State.SQL, deal_id=None, conversion_id=None, refusal=reason, **parties)


async def _parties_of(tx: Tx, lead: Lead) -> tuple[Account | None, Contact | None]:
    """The account and the contact of a lead that is handed over, as far as they exist yet."""
    account = await tx.first(ACCOUNTS.get, id=lead.account_id) if lead.account_id else None
    contact = await tx.first(CONTACTS.get, id=lead.contact_id) if lead.contact_id else None
    return account, contact


# -- History that came by an import of deals -----------------------------------------------------------------------------------


async def _named(tx: Tx, id: UUID) -> Lead | None:
    """The lead, locked, or the one that it was merged into; None when there is none."""
    lead = await tx.first(LEADS.lock, id=id)
    if lead is None or lead.merged_into is None:
        return lead
    return await _named(tx, lead.merged_into)


async def learn_of_deal(tx: Tx, lead_id: UUID, deal_id: UUID, *, external_id: str | None, account_id: UUID | None, at: datetime) -> None:
    """An imported deal came from this lead, which thus is converted, from whatever state; the first such deal counts.

    A lead that nobody has captured yet becomes a stub; its own data may come later.
    """
    known: dict[str, Any] = {"state": State.CONVERTED, "deal_id": deal_id, "deal_opened_at": at}
    confirmed = LeadConversionConfirmed(deal_id=deal_id)
    lead = await _named(tx, lead_id)
    if lead is None:
        stub = fresh(lead_id, external_id, tx.now, known | {"account_id": account_id})
        if await tx.add_new(LEADS, [(stub, [(LeadStubbed(external_id=external_id), at), (confirmed, at)])]):
            return
        lead = await tx.load(LEADS, lead_id)  # captured by somebody at this moment
    if lead.state in (State.CONVERTING, State.CONVERTED):
        return
    known |= {"account_id": lead.account_id or account_id}
    flags = odd_flags(replace(lead, **known))
    await cancel_timers(tx, lead.id, WAKE)
    await tx.save(
        LEADS, lead, confirmed, *_flagged(flags, deal_id), at=at, flags=lead.flags | dict.fromkeys(flags, True), wake_at=None, **known
    )


async def learn_of_win(tx: Tx, lead_id: UUID, deal_id: UUID, at: datetime) -> None:
    """When the imported deal was won, to be compared with the first contact, which may be told later."""
    lead = await _named(tx, lead_id)
    if lead is None or lead.deal_id != deal_id:
        return
    flags = odd_flags(replace(lead, deal_won_at=at))
    # Without a flag nothing that anybody can see has changed, so nothing is told.
    updated_at = tx.now if flags else lead.updated_at
    changes = {"deal_won_at": at, "flags": lead.flags | dict.fromkeys(flags, True), "updated_at": updated_at}
    await tx.save(LEADS, lead, *_flagged(flags, deal_id), at=at, **changes)


async def learn_of_correction(tx: Tx, lead_id: UUID, deal_id: UUID, opened_at: datetime, won_at: datetime | None) -> None:
    """The history of its imported deal was told again: its flags follow."""
    lead = await _named(tx, lead_id)
    if lead is None or lead.deal_id != deal_id:
        return
    times: dict[str, Any] = {"deal_opened_at": opened_at, "deal_won_at": won_at}
    after = replace(lead, **times)
    flags, gone = odd_flags(after), plain_flags(after)
    kept = {flag: True for flag in lead.flags if flag not in gone} | dict.fromkeys(flags, True)
    told = [*_flagged(flags, deal_id), *[LeadUnflagged(flag=flag, deal_id=deal_id) for flag in gone]]
    await tx.save(LEADS, lead, *told, **times, flags=kept, updated_at=tx.now if told else lead.updated_at)


def _flagged(flags: list[str], deal_id: UUID) -> list[Event]:
    return [LeadFlagged(flag=flag, deal_id=deal_id) for flag in flags]
