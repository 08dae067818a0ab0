"""Taking in leads, one or thousands, by a handful of statements whatever their number. Imports and the API use the same command."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Table, select

from lead_svc.capture import rules
from lead_svc.capture.rules import NewLead
from lead_svc.leads.record import LEAD as LEAD_SUBJECT
from lead_svc.leads.record import Lead
from lead_svc.leads.rules import PERSONAL
from lead_svc.leads.tables import LEAD, LEADS
from lead_svc.parties.commands import Named, name_accounts
from lead_svc.parties.tables import ACCOUNT, CONTACT
from lead_svc.pool.commands import Taking
from lead_svc.pool.rules import is_pooled
from lead_svc.seen import ACCOUNTS_SEEN, CONTACTS_SEEN, LEADS_SEEN, OWNERS_SEEN
from lead_svc.team.commands import name_people
from lead_svc.team.queries import Member, members
from lead_svc.team.rules import owner_refused
from lead_svc.team.tables import PERSON
from shared.access import kinds
from shared.access import members as parts
from shared.access.kinds import reach, unmasked
from shared.access.rows import Seen
from shared.clock import happened
from shared.db.query import Query, at_version, is_in
from shared.db.tx import Tx
from shared.errors import Invalid, Problem, Rejected
from shared.events.envelope import Event
from shared.events.lead import LeadAssigned, LeadCaptured, LeadFlagged, LeadUnflagged, LeadUpdated
from shared.ids import new_id
from shared.parties import references
from shared.policy.company import sources_of
from shared.spelling import with_source

Outcome = Literal["created", "filled", "updated", "unchanged"]
"""`filled`: a stub that an import had named got its own data."""


@dataclass(frozen=True, slots=True)
class Captured:
    id: UUID
    outcome: Outcome
    flags: tuple[str, ...] = ()
    """Flags that it got by this."""


@dataclass(slots=True)
class _Draft:
    """A lead as it will be, and what will be told of it."""

    lead: Lead
    new: bool
    events: list[tuple[Event, datetime]] = field(default_factory=list)

    @property
    def entered(self) -> bool:
        """Whether this makes it, or fills a stub with its own data."""
        return bool(self.events) and isinstance(self.events[0][0], LeadCaptured)


_LINKS = frozenset({"referrer_account_id", "contact_id"})


@lru_cache(maxsize=64)
def _ids_of(table: Table, visible: ColumnElement[bool]) -> Query[UUID]:
    return Query(select(table.c.id).where(is_in(table.c.id, "ids"), visible), UUID)


_ACCOUNTS, _CONTACTS = partial(_ids_of, ACCOUNT), partial(_ids_of, CONTACT)
_LEADS, _PEOPLE = partial(_ids_of, LEAD), partial(_ids_of, PERSON)


async def capture_many(tx: Tx, rows: Sequence[NewLead], *, imported: bool = False, ended: Collection[int] = ()) -> list[Captured | Problem]:
    """Take in leads; those with a known `external_id` are brought to what is said of them. One answer per row, in order.

    A row that cannot be taken is answered by its problem and leaves no trace. Doing the same again changes nothing. `ended` are the
    places of rows that tell of the past only: their owners may have left since.
    """
    answers, _ = await _capture(tx, rows, imported=imported, ended=ended)
    return answers


async def capture(tx: Tx, given: NewLead) -> tuple[Lead, Outcome]:
    """`capture_many` for one. Raises its problem."""
    (answer,), drafts = await _capture(tx, [given], imported=False)
    if isinstance(answer, Problem):
        raise answer
    draft = drafts[answer.id]
    before = 0 if draft.new else draft.lead.version
    return at_version(draft.lead, before + len(draft.events)), answer.outcome


async def _capture(
    tx: Tx, rows: Sequence[NewLead], *, imported: bool, ended: Collection[int] = ()
) -> tuple[list[Captured | Problem], dict[UUID, _Draft]]:
    checked = await _checked(tx, rows)
    answers: dict[int, Captured | Problem] = {n: row for n, row in enumerate(checked) if isinstance(row, Problem)}
    good = {n: row for n, row in enumerate(checked) if isinstance(row, NewLead)}
    await _name(tx, good.values())
    default = rules.default_owner(tx.actor)
    people = await members(tx, {id for id in (default, *(row.owner_id for row in good.values())) if id})
    unfit = {n: why for n, row in good.items() if n not in ended and (why := _unfit(tx, row, people))}
    drafts: dict[UUID, _Draft] = {}
    while good:
        made, drafts = await _drafts(tx, good, people, imported, unfit)
        added = await tx.add_new(LEADS, [(d.lead, d.events) for d in drafts.values() if d.new and d.lead.external_id])
        unnamed = await tx.add_many(LEADS, [(d.lead, d.events) for d in drafts.values() if d.new and not d.lead.external_id])
        await tx.save_many(LEADS, [(replace(d.lead, updated_at=tx.now), d.events) for d in drafts.values() if d.events and not d.new])
        # Somebody else captured these at the same moment: they are known now, so once more.
        late = {d.lead.id for d in drafts.values() if d.new} - added - unnamed
        await parts.created(tx, kinds.LEADS, [(d.lead.id, d.lead.owner_id) for d in drafts.values() if d.entered and d.lead.id not in late])
        answers |= {n: answer for n, answer in made.items() if isinstance(answer, Problem) or answer.id not in late}
        good = {n: row for n, row in good.items() if n not in answers}
    return [answers[n] for n in range(len(rows))], drafts


# -- Checks ------------------------------------------------------------------------------------------------------------------


async def _checked(tx: Tx, rows: Sequence[NewLead]) -> list[NewLead | Problem]:
    """Rows as they can be taken, or why not: times, rights, and that what they name exists and is seen by the actor.

    Their sources get the form that the company's policy gives them.

    Another system's keys may be new to us, and then make stubs: for those from whom nothing is hidden. For others a key that is
    unknown and one that is somebody else's are refused alike.
    """
    names_anybody, names_accounts = (reach(kind, tx.actor).everything for kind in (kinds.LEADS, kinds.ACCOUNTS))
    by_key = await references.ids_of(tx, "account", (row.account_external_id for row in rows if row.account_external_id))
    named = [by_key[row.account_external_id] if row.account_external_id else row.account_id for row in rows]
    asked = [None if names_accounts and row.account_external_id else id for row, id in zip(rows, named, strict=True)]
    people_by_key = await references.ids_of(tx, "person", (r.owner_external_id for r in rows if r.owner_external_id and not r.owner_id))
    owners = [row.owner_id or people_by_key.get(row.owner_external_id or "") for row in rows]
    people = await _seen(tx, _PEOPLE, OWNERS_SEEN, owners)
    accounts = await _seen(tx, _ACCOUNTS, ACCOUNTS_SEEN, [*asked, *(r.said.get("referrer_account_id") for r in rows)])
    contacts = await _seen(tx, _CONTACTS, CONTACTS_SEEN, [r.said.get("contact_id") for r in rows])
    normal = sources_of(tx)

    def refuse_unknown_parties(row: NewLead, account_id: UUID | None) -> None:
        by_key = names_accounts and row.account_external_id
        says = "There is none, or you may not see it."
        if account_id is not None and not by_key and account_id not in accounts:
            name = "account_external_id" if row.account_external_id else "account_id"
            raise Invalid(says, pointer=f"/{name}", code="unknown_account")
        if (id := row.said.get("referrer_account_id")) is not None and id not in accounts:
            raise Invalid(says, pointer="/referrer_account_id", code="unknown_referrer_account")
        if (id := row.said.get("contact_id")) is not None and id not in contacts:
            raise Invalid(says, pointer="/contact_id", code="unknown_contact")

    def check(row: NewLead, owner_id: UUID | None, account_id: UUID | None) -> NewLead:
        anybody = names_anybody and row.owner_id is None
        if owner_id is not None and owner_id != tx.actor.id and not anybody and owner_id not in people:
            raise Invalid("There is no such person among those you may enter leads for.", pointer="/owner_id", code="unknown_person")
        if account_id or not _LINKS.isdisjoint(row.said):
            refuse_unknown_parties(row, account_id)
        said = with_source(row.said, normal)
        return replace(
            row,
            owner_id=owner_id,
            captured_at=row.captured_at and happened(row.captured_at, tx.now, field="captured_at"),
            said={**said, "account_id": account_id} if account_id else said,
        )

    return [_attempt(check, *given) for given in zip(rows, owners, named, strict=True)]


def _attempt(
    check: Callable[[NewLead, UUID | None, UUID | None], NewLead], row: NewLead, owner_id: UUID | None, account_id: UUID | None
) -> NewLead | Problem:
    try:
        return check(row, owner_id, account_id)
    except Problem as problem:
        return problem


async def _seen(tx: Tx, query: Callable[[ColumnElement[bool]], Query[UUID]], rows: Seen, ids: Iterable[UUID | None]) -> set[UUID]:
    wanted = list({i for i in ids if i is not None})
    return set(await tx.all(query(rows.visible(tx.actor)), ids=wanted, **rows.params(tx.actor))) if wanted else set()


def _unfit(tx: Tx, row: NewLead, people: Mapping[UUID, Member]) -> Invalid | None:
    return owner_refused(tx.actor, row.owner_id, people.get(row.owner_id), "a lead") if row.owner_id else None


async def _name(tx: Tx, rows: Iterable[NewLead]) -> None:
    """See that owners and accounts exist that are named by another system's key."""
    await name_people(tx, {r.owner_external_id: r.owner_id for r in rows if r.owner_external_id and r.owner_id})
    named = {r.account_external_id: r for r in rows if r.account_external_id and r.account_id}
    await name_accounts(tx, [Named(r.account_id, key, r.said.get("company") or key) for key, r in named.items() if r.account_id])


# -- The leads as they will be -----------------------------------------------------------------------------------------------


async def _drafts(
    tx: Tx, rows: dict[int, NewLead], people: Mapping[UUID, Member], imported: bool, unfit: Mapping[int, Problem]
) -> tuple[dict[int, Captured | Problem], dict[UUID, _Draft]]:
    ids = {n: references.made_id("lead", r.external_id) if r.external_id else new_id() for n, r in rows.items()}
    upserts = [ids[n] for n, r in rows.items() if r.external_id]
    known = await tx.load_many(LEADS, upserts) if upserts else {}
    seen = await _seen(tx, _LEADS, LEADS_SEEN, known)
    teams = {id: person.team_id for id, person in people.items()}
    answers: dict[int, Captured | Problem] = {}
    drafts: dict[UUID, _Draft] = {}
    claimed = [ids[n] for n, row in rows.items() if not imported and _claims(tx, known.get(ids[n]), row)]
    taking = await Taking.of(tx, claimed) if claimed else None
    for n, row in rows.items():
        id = ids[n]
        lead = drafts[id].lead if id in drafts else known.get(id)
        if id in known and (id not in seen or not rules.UPSERT.may(tx.actor, known[id].owner_id)):
            answers[n] = Rejected("This external_id belongs to a record that you may not change.", code="external_id_taken")
        elif id in known and (gone := LEAD_SUBJECT.gone(known[id])):
            answers[n] = Rejected(gone.message, code=gone.code, unmet=[gone])
        elif n in unfit and (lead is None or lead.owner_id != row.owner_id):  # whoever owns it keeps it
            answers[n] = unfit[n]
        elif taking and _claims(tx, lead, row) and (refused := taking.refused(id)):
            answers[n] = refused
        elif lead is None or lead.is_stub:
            drafts[id], answers[n] = _fill(tx, lead, id, row, teams, imported)
        else:
            draft = drafts.setdefault(id, _Draft(lead, new=False))
            answers[n] = _change(tx, draft, row, teams, imported)
    return answers, drafts


def _claims(tx: Tx, lead: Lead | None, row: NewLead) -> bool:
    """Whether the actor takes a lead of the pool by entering it again."""
    return lead is not None and not lead.is_stub and row.owner_id == tx.actor.id and is_pooled(lead)


def _fill(tx: Tx, stub: Lead | None, id: UUID, row: NewLead, teams: Mapping[UUID, UUID | None], imported: bool) -> tuple[_Draft, Captured]:
    """A lead that nobody knew, or only an import of deals, with its own data."""
    owner = row.owner_id or rules.default_owner(tx.actor)
    team = teams.get(owner) if owner else None
    at = row.captured_at or tx.now
    known = rules.own_data(stub, row) | {"captured_at": at, "imported": imported, "owner_id": owner, "team_id": team}
    lead = replace(stub, **known) if stub else rules.fresh(id, row.external_id, tx.now, known | {"version": 1})
    draft = _Draft(lead, new=stub is None, events=[(LeadCaptured.of(lead, account_name=lead.company), at)])
    return draft, Captured(id, "created" if stub is None else "filled", _flag(tx, draft))


def _change(tx: Tx, draft: _Draft, row: NewLead, teams: Mapping[UUID, UUID | None], imported: bool) -> Captured:
    """A lead that is known, brought to what is said of it."""
    before = len(draft.events)
    # A dry run leaves no trace, so it tells nothing of what its caller does not see.
    unseen = () if tx.kept or unmasked(kinds.LEADS, tx.actor) else PERSONAL
    if changes := rules.changes_to(draft.lead, row, unseen):
        draft.lead = replace(draft.lead, **changes)
        draft.events.append((LeadUpdated.of(draft.lead, changed=sorted(changes)), tx.now))
    if row.owner_id not in (None, draft.lead.owner_id):
        team_id = teams.get(row.owner_id)
        rule = "import" if imported else "upsert"
        told = LeadAssigned(owner_id=row.owner_id, team_id=team_id, previous_owner_id=draft.lead.owner_id, rule=rule)
        draft.lead = replace(draft.lead, owner_id=row.owner_id, team_id=team_id)
        draft.events.append((told, tx.now))
    flags = _flag(tx, draft)
    return Captured(draft.lead.id, "updated" if len(draft.events) > before else "unchanged", flags)


def _flag(tx: Tx, draft: _Draft) -> tuple[str, ...]:
    lead = draft.lead
    flags, gone = rules.odd_flags(lead), rules.plain_flags(lead)
    if flags or gone:
        kept = {flag: True for flag in lead.flags if flag not in gone}
        draft.lead = replace(lead, flags=kept | dict.fromkeys(flags, True))
        draft.events += [(LeadFlagged(flag=flag, deal_id=lead.deal_id), tx.now) for flag in flags]
        draft.events += [(LeadUnflagged(flag=flag, deal_id=lead.deal_id), tx.now) for flag in gone]
    return tuple(flags)
