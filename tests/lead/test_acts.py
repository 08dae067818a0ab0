"""What `allowed_actions` says of leads, accounts, contacts, people and teams is what their routes do, whoever asks."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from lead_svc.acts import LEAD_ACTS
from lead_svc.capture.rules import fresh
from lead_svc.duplicates.account_pairs import ACCOUNT_PAIRS
from lead_svc.duplicates.contact_pairs import CONTACT_PAIRS
from lead_svc.duplicates.kinds import Kind
from lead_svc.duplicates.lead_pairs import LEAD_PAIRS
from lead_svc.duplicates.record import Certainty, DuplicateState, Likeness, Match
from lead_svc.duplicates.rules import as_found, pair
from lead_svc.interactions.queries import ADD as ADD_CONTACT
from lead_svc.interactions.rules import NOTES
from lead_svc.leads.record import Grade, Lead, Reason, State
from lead_svc.leads.rules import ASSIGN
from lead_svc.leads.tables import LEADS
from lead_svc.merging.queries import ADD
from lead_svc.merging.record import Merge, MergeKind
from lead_svc.parties.record import Account, Contact
from lead_svc.parties.rules import ACCOUNT_ACTS, CONTACT_ACTS
from lead_svc.parties.tables import ACCOUNTS, CONTACTS
from lead_svc.team.rules import PERSON_ACTS, TEAM_ACTS
from lead_svc.team.tables import PEOPLE, TEAMS
from shared.acts import Act
from shared.auth import Actor, Role
from shared.auth.actor import OWNERS
from shared.db.query import Aggregate
from shared.events.lead import LeadStubbed
from shared.events.party import AccountCreated, ContactCreated
from shared.ids import new_id
from tests.acts import Acts
from tests.client import Client, done
from tests.harness import Running
from tests.lead.desk import Desk

ROLES = [role.value for role in Role if role is not Role.system]
NORTH = ["rep:ann", "manager:max", "presales:pia", "assistant:ada"]
"""People of ann's team."""
LEADING = ["manager:max", "director", "marketing"]


def about_ann(svc: Running, acts: Sequence[Act[Any, Any]], absorbed: UUID | None = None) -> list[Act[Any, Any]]:
    """The acts, done with people of the roster: those who cannot own a lead give it to ann or bob, and ann is the member."""

    def assign(lead: Lead, by: Actor) -> dict[str, Any] | None:
        ann, bob = svc.person(subject="ann"), svc.person(subject="bob")
        return ASSIGN.sample(lead, by) if by.has(*OWNERS) else {"owner_id": str(bob if lead.owner_id == ann else ann)}

    def member(*_: Any) -> dict[str, Any]:
        return {"person_id": str(svc.person(subject="ann"))}

    def merge(lead: Lead, _: Actor) -> dict[str, Any] | None:
        return {"absorbed_id": str(absorbed)} if absorbed else None

    samples = {"merge": merge, "assign": assign, "add_member": member, "remove_member": member}
    return [replace(act, sample=samples.get(act.name, act.sample)) for act in acts]


def read(client: Client, path: str) -> Callable[[str], Awaitable[dict[str, Any] | None]]:
    async def one(who: str) -> dict[str, Any] | None:
        answer = await client.raw(who, "GET", path)
        return answer.json() if answer.status_code == 200 else None

    return one


async def staff(desk: Desk) -> None:
    """Somebody of each role that sees what its team owns, in ann's team."""
    team = (await desk.by("admin").get("/v1/team/teams", params={"external_id": "north"})).json()["items"][0]["id"]
    for name, role in (("pia", "presales"), ("ada", "assistant")):
        body = {"name": name, "role": role, "team_id": team, "external_id": name}
        assert (await desk.by("admin").post("/v1/team/people", json=body)).status_code == 201


def owners(svc: Running) -> dict[str, UUID | None]:
    """Who owns a record, by who asks for it beside the leaders."""
    return {
        "rep:ann": svc.person(subject="ann"),
        "csm:cem": svc.person(subject="cem"),
        "rep:bob": None,
        "presales:pia": svc.person(subject="pia"),
    }


def leads(svc: Running) -> Iterator[tuple[Lead, list[str]]]:
    """Leads in each state and of each owner, and who asks for them."""
    confirmed = {"status": "confirmed", "evidence": None, "months": None, "by": str(new_id()), "at": svc.clock().isoformat()}
    ready = {"intent": "high", "responses": 1, "bant": dict.fromkeys(("need", "budget", "authority"), confirmed)}
    stub = fresh(new_id(), None, svc.clock(), {"captured_at": svc.clock()})
    for state, (who, owner) in product(State, owners(svc).items()):
        lead = replace(stub, id=new_id(), state=state, owner_id=owner, reason="later" if state is State.NURTURING else None)
        yield lead, [who, *LEADING] if who == "rep:ann" else [who] if owner else [who, "manager:max"]
        if who == "rep:ann" and state in (State.CAPTURED, State.SQL):
            named = {"company": f"Acme {lead.id}", "contact_name": "Anna Berg", "grade": Grade.A}
            yield replace(lead, id=new_id(), **ready, **named), [who]
    for reason in (Reason.NO_RESPONSE_3, Reason.OPT_OUT):
        yield replace(stub, id=new_id(), state=State.DISQUALIFIED, owner_id=owners(svc)["rep:ann"], reason=reason), ["rep:ann", *LEADING]
    yield replace(stub, id=new_id(), owner_id=owners(svc)["rep:ann"]), [*ROLES, *NORTH]


async def keep(svc: Running, of: Aggregate[Any], row: Any, event: Any) -> Any:
    async with svc.transaction() as tx:
        return await tx.add(of, row, event)


async def merged(svc: Running, id: UUID, survivor_id: UUID, kind: MergeKind = MergeKind.LEAD) -> None:
    """The merge that such a lead comes from."""
    nothing: dict[str, Any] = {"values": {}, "moved": {}, "plans": {}, "reason": None, "undone_at": None, "undone_by": None}
    when = {"at": svc.clock(), "until": svc.clock() + timedelta(days=30)}
    made = Merge(new_id(), kind, survivor_id, id, "captured", by=new_id(), **when, **nothing)
    async with svc.transaction() as tx:
        await tx.run(ADD, **asdict(made))


async def test_leads(desk: Desk, svc: Running) -> None:
    await staff(desk)
    same = await desk.lead()  # everybody's leads may be merged with it
    acts = Acts(desk, about_ann(svc, LEAD_ACTS, UUID(same["id"])))
    for lead, whos in leads(svc):
        row = await keep(svc, LEADS, lead, LeadStubbed())
        async with svc.transaction() as tx:  # the contact that the samples name
            slip = dict.fromkeys(NOTES) | {
                "id": row.id,
                "lead_id": row.id,
                "at": row.created_at,
                "recorded_at": row.created_at,
                "by": new_id(),
            }
            await tx.run(ADD_CONTACT, **slip, kind="call", direction="outbound", outcome="reached")
        if row.state is State.MERGED:
            await merged(svc, row.id, UUID((await desk.lead())["id"]))
        await acts.hold(row, whos, read(desk, f"/v1/leads/{row.id}"))
    acts.complete()


@pytest.mark.parametrize("kind", ["accounts", "contacts"])
async def test_accounts_and_their_contacts(desk: Desk, svc: Running, kind: str) -> None:
    await staff(desk)
    stamps = {"created_at": svc.clock(), "updated_at": svc.clock(), "version": 1}

    async def made(owner: UUID | None, account_id: UUID | None = None, **merged: Any) -> Any:
        """An account, or a contact of one."""
        described = dict.fromkeys(("external_id", "region", "industry", "size", "tier", "merged_into"))
        row = Account(id=new_id(), name="Acme", compared="acme", owner_id=owner, imported=False, **described | merged, **stamps)
        if kind == "accounts" or account_id is None:
            await keep(svc, ACCOUNTS, row, AccountCreated(name="Acme"))
        if kind == "accounts":
            return row
        data = dict.fromkeys(("external_id", "email", "phone", "job_title", "merged_into"))
        contact = Contact(id=new_id(), account_id=account_id or row.id, name="Anna", **data | merged, **stamps)
        return await keep(svc, CONTACTS, contact, ContactCreated(account_id=contact.account_id))

    acts: Acts | None = None
    for who, owner in owners(svc).items():
        one = await made(owner)
        of = getattr(one, "account_id", None)
        other, gone = await made(owner, of), await made(owner, of, merged_into=one.id)
        await merged(svc, gone.id, one.id, MergeKind(kind[:-1]))
        declared = about_ann(svc, ACCOUNT_ACTS if kind == "accounts" else CONTACT_ACTS, other.id)
        acts = Acts(desk, declared) if acts is None else acts.with_acts(declared)
        for row in (one, gone):
            await acts.hold(row, [*ROLES, *NORTH] if who == "rep:ann" else [who, *LEADING], read(desk, f"/v1/{kind}/{row.id}"))
    assert acts is not None
    acts.complete()


@pytest.mark.parametrize("kind", [LEAD_PAIRS, ACCOUNT_PAIRS, CONTACT_PAIRS], ids=lambda kind: kind.name)
async def test_pairs_that_may_be_the_same(desk: Desk, svc: Running, kind: Kind[Any]) -> None:
    """Whoever sees one of the pair is shown the other, if they see that one too: here ann's two."""
    await staff(desk)
    acts: Acts = Acts(desk, kind.acts)
    for state in (DuplicateState.SUSPECTED, DuplicateState.DISMISSED):
        ids = pair(*[await _of_ann(desk, kind.name, f"{state.title()} Trading") for _ in range(2)])
        now = Likeness(60, {Match.COMPANY: 60}, Certainty.LIKELY)
        found = replace(as_found(kind.pairs.into, None, ids, now, svc.clock()), state=state)
        row = await keep(svc, kind.pairs, found, kind.suspected.of(found))

        async def seen(who: str, one: UUID = ids[0]) -> dict[str, Any] | None:
            answer = await desk.raw(who, "GET", f"/v1/{kind.name}s/{one}/duplicates")
            return answer.json()["items"][0] if answer.status_code == 200 else None

        await acts.hold(row, [*ROLES, *NORTH], seen)
    acts.complete()


async def _of_ann(desk: Desk, kind: str, name: str) -> UUID:
    """A lead, an account or a contact of ann's that is the same as any other of this name."""
    if kind == "lead":
        return UUID((await desk.lead(email=f"{name.split()[0]}@acme.example"))["id"])
    account = done(await desk.by("ann").post("/v1/accounts", json={"name": name if kind == "account" else "Acme"}), 201)["id"]
    if kind == "account":
        return UUID(account)
    contact = {"account_id": account, "name": name, "email": f"{name.split()[0]}@acme.example"}
    return UUID(done(await desk.by("ann").post("/v1/contacts", json=contact), 201)["id"])


async def test_the_roster(desk: Desk, svc: Running) -> None:
    async with svc.db.read() as db:
        for aggregate, declared, kind in ((TEAMS, TEAM_ACTS, "teams"), (PEOPLE, PERSON_ACTS, "people")):
            id = await db.value(f"SELECT id FROM {aggregate.table.name} LIMIT 1")
            acts: Acts = Acts(desk, declared)
            await acts.hold(await db.get(aggregate, id), ROLES, read(desk, f"/v1/team/{kind}/{id}"))
            acts.complete()
