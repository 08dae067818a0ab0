"""Who sees which leads, accounts and contacts: owners, those above them, members, creators, and who sees a record of the customer."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from lead_svc.conversion.readers import READERS
from shared.events.contract import ContractChanged, ContractDrafted
from shared.events.deal import DealHistoryCorrected, DealLeadJoined, DealMemberAdded, DealMemberRemoved, DealOpened, DealUpdated
from shared.events.envelope import ActorRef, Money
from shared.events.lead import LeadMemberAdded, LeadMemberRemoved
from shared.events.party import AccountMemberAdded, AccountMemberRemoved
from shared.ids import new_id
from shared.timers import set_timer
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk

AMOUNT: dict[str, Any] = {"amount": Money(amount=Decimal(1000), currency="CNY"), "fx": Decimal(1)}
HELPERS = {"pia": "presales", "pro": "product", "ada": "assistant"}


@pytest.fixture
async def company(desk: Desk) -> Desk:
    """Helpers in ann's team and in none."""
    north = done(await desk.by("admin").get("/v1/team/teams", params={"external_id": "north"}))["items"][0]["id"]
    for name, role in (*HELPERS.items(), ("cem", "csm"), ("leo", "legal"), ("sam", "support"), ("mia", "marketing")):
        team = north if name in HELPERS else None
        done(await desk.by("admin").post("/v1/team/people", json={"name": name, "role": role, "team_id": team, "external_id": name}), 201)
    return desk


async def account(desk: Desk, by: str = "ann", **given: Any) -> str:
    id: str = done(await desk.by(by).post("/v1/accounts", json={"name": "Acme", **given}), 201)["id"]
    return id


async def sees(desk: Desk, who: str, account_id: str) -> bool:
    """Whether they see the account, which single reads, lists, counts and searches must agree on, also for its contacts."""
    by = desk.by(who)
    one = await by.get(f"/v1/accounts/{account_id}")
    for asked in ({}, {"q": "acme"}, {"sort": "name"}):
        listed = done(await by.get("/v1/accounts", params={"count": "exact", **asked}))
        assert (account_id in [item["id"] for item in listed["items"]]) == (one.status_code == 200), (who, asked)
        assert listed["count"] == len(listed["items"])
    contacts = done(await by.get("/v1/contacts", params={"account_id": account_id}))["items"]
    assert bool(contacts) == (one.status_code == 200), who
    for contact in contacts:
        assert (await by.get(f"/v1/contacts/{contact['id']}")).status_code == 200
    assert one.status_code in (200, 404)
    return one.status_code == 200


async def known_account(desk: Desk) -> str:
    """An account of sue's, in the south, with a contact."""
    id = await account(desk, "sue")
    done(await desk.by("sue").post("/v1/contacts", json={"name": "Anna Berg", "account_id": id}), 201)
    return id


EVERYBODY = ["ann", "bob", "max", "sue", "eva", "marketing:mia", "csm:cem", "legal:leo", "finance", "support:sam", "ops", "sales_ops"]
EVERYBODY += [f"{role}:{name}" for name, role in HELPERS.items()]
ALWAYS = {"sue", "eva", "marketing:mia", "ops", "sales_ops"}
NORTH = {"max", *(f"{role}:{name}" for name, role in HELPERS.items())}


async def seen_by(desk: Desk, account_id: str) -> set[str]:
    return {who for who in EVERYBODY if await sees(desk, who, account_id)}


async def test_an_account_alone_is_seen_by_its_owner_those_above_and_those_who_see_all(company: Desk) -> None:
    assert await seen_by(company, await known_account(company)) == ALWAYS


async def test_seeing_a_lead_gives_its_account(company: Desk) -> None:
    id = await known_account(company)
    lead = done(await company.by("eva").post("/v1/leads", json={"account_id": id, "owner_id": company.id("ann")}), 201)
    assert await seen_by(company, id) == {*ALWAYS, *NORTH, "ann"}
    await company.act(lead, "assign", "ann", owner_id=None)
    assert await seen_by(company, id) == {*ALWAYS, "ann", "bob", "max"}, "whoever sees the pool, and no helper"


async def opened(svc: Running, account_id: str, owner: str | None, **more: Any) -> UUID:
    deal_id = new_id()
    owner_id = svc.person(subject=owner) if owner else None
    await svc.hear(DealOpened(account_id=UUID(account_id), owner_id=owner_id, **AMOUNT, **more), deal_id)
    return deal_id


async def test_seeing_a_deal_gives_its_account(company: Desk, svc: Running) -> None:
    id = await known_account(company)
    deal_id = await opened(svc, id, "ann")
    assert await seen_by(company, id) == {*ALWAYS, *NORTH, "ann"}
    await svc.hear(DealUpdated(changed=["owner_id"], owner_id=svc.person(subject="bob"), **AMOUNT), deal_id, 2)
    assert await seen_by(company, id) == {*ALWAYS, *NORTH, "bob"}, "the new owner, and not the one before"
    await svc.hear(DealMemberAdded(person_id=svc.person(subject="cem"), part="member"), deal_id, 3)
    assert "csm:cem" in await seen_by(company, id)
    await svc.hear(DealMemberRemoved(person_id=svc.person(subject="cem"), part="member"), deal_id, 4)
    assert "csm:cem" not in await seen_by(company, id)


async def test_what_was_told_before_changes_nothing(company: Desk, svc: Running) -> None:
    id = await known_account(company)
    deal_id = await opened(svc, id, "ann")
    await svc.hear(DealUpdated(changed=["owner_id"], owner_id=svc.person(subject="bob"), **AMOUNT), deal_id, 3)
    await svc.hear(DealUpdated(changed=["owner_id"], owner_id=svc.person(subject="ann"), **AMOUNT), deal_id, 2)
    assert not await sees(company, "ann", id)


async def test_a_deal_that_an_import_told_again_gives_the_account_that_it_names_now(company: Desk, svc: Running) -> None:
    before, after = await known_account(company), await known_account(company)
    deal_id = await opened(svc, before, "ann", imported=True)
    told = {"opened_at": svc.clock(), "visits": [], "outcome": "open", "stage": "proposal", **AMOUNT}
    await svc.hear(DealHistoryCorrected(account_id=UUID(after), owner_id=svc.person(subject="ann"), **told), deal_id, 2)
    assert [await sees(company, "ann", id) for id in (before, after)] == [False, True]


async def test_who_opens_a_deal_for_somebody_else_sees_its_account(company: Desk, svc: Running) -> None:
    id = await known_account(company)
    await opened(svc, id, "ann", actor=ActorRef(type="person", id=svc.person(subject="cem"), role="csm"))
    assert await sees(company, "csm:cem", id)


async def test_seeing_a_contract_gives_its_account(company: Desk, svc: Running) -> None:
    id = await known_account(company)
    deal_id, contract_id = await opened(svc, id, None), new_id()
    about = {"deal_id": deal_id, "quote_id": new_id(), "account_id": UUID(id), "number": "C-1", "revision": 1, "total": AMOUNT["amount"]}
    drafted = ContractDrafted(**about, fx=Decimal(1), milestones=[], owner_id=svc.person(subject="ann"))
    await svc.hear(drafted, contract_id)
    assert await seen_by(company, id) == {*ALWAYS, *NORTH, "ann", "legal:leo", "finance"}
    await svc.hear(ContractChanged(**about, fx=Decimal(1), changed=["owner_id"], owner_id=svc.person(subject="sue")), contract_id, 2)
    assert await seen_by(company, id) == {*ALWAYS, "legal:leo", "finance"}
    await svc.hear(DealMemberAdded(person_id=svc.person(subject="pia"), part="member"), deal_id, 2)
    assert "presales:pia" in await seen_by(company, id), "members of the deal see its contracts"


async def test_finance_sees_contacts_masked(company: Desk, svc: Running) -> None:
    id = await known_account(company)
    about = {"deal_id": new_id(), "quote_id": new_id(), "account_id": UUID(id), "number": "C-1", "revision": 1, "total": AMOUNT["amount"]}
    await svc.hear(ContractDrafted(**about, fx=Decimal(1), milestones=[]), new_id())
    names = [done(await company.by(who).get("/v1/contacts"))["items"][0]["name"] for who in ("finance", "legal:leo")]
    assert names == ["A*** B***", "Anna Berg"]
    assert done(await company.by("finance").get("/v1/contacts", params={"q": "berg"}), 403)["code"] == "masked"


# -- Members -----------------------------------------------------------------------------------------------------------------


async def team(desk: Desk, method: str, account_id: str, person: str, by: str) -> Any:
    return await desk.raw(by, method, f"/v1/accounts/{account_id}/members/{desk.id(person)}", etag="*")


async def test_members_see_the_account_and_its_contacts(company: Desk, svc: Running) -> None:
    id = await known_account(company)
    changed = done(await team(company, "PUT", id, "cem", "sue"))
    assert (changed["members"], changed["version"]) == ([company.id("cem")], 2)
    assert done(await team(company, "PUT", id, "cem", "sales_ops"))["version"] == 2, "who is in it stays"
    assert await sees(company, "csm:cem", id)
    assert done(await company.by("csm:cem").get(f"/v1/accounts/{id}/members"))["items"] == [company.id("cem")]
    assert done(await company.by("sue").get(f"/v1/accounts/{id}"))["members"] == [company.id("cem")]
    assert done(await team(company, "DELETE", id, "cem", "eva"))["members"] == []
    assert not await sees(company, "csm:cem", id)
    told = [(type(e.data), str(e.data.person_id), e.data.part) for e in await svc.told(AccountMemberAdded, AccountMemberRemoved)]
    assert told == [(kind, company.id("cem"), "member") for kind in (AccountMemberAdded, AccountMemberRemoved)]


async def test_who_may_change_the_team_of_an_account(company: Desk) -> None:
    id = await known_account(company)
    assert (await team(company, "PUT", id, "cem", "bob")).status_code == 404
    assert (await team(company, "PUT", id, "cem", "marketing:mia")).status_code == 403
    done(await team(company, "PUT", id, "ann", "sue"))
    assert done(await team(company, "PUT", id, "cem", "ann"), 409)["code"] == "not_owner", "members do not choose members"
    assert done(await team(company, "PUT", id, "nobody", "sue"), 422)["errors"][0]["code"] == "unknown_person"


# -- Creators ----------------------------------------------------------------------------------------------------------------


async def test_whoever_enters_a_lead_sees_it_in_the_pool_and_after(company: Desk) -> None:
    entered = {}
    for who in ("support:sam", "presales:pia", "csm:cem"):
        entered[who] = done(await company.by(who).post("/v1/leads", json={"title": who}), 201)
        assert entered[who]["owner_id"] is None
    body = {"items": [{"title": "many", "external_id": "m-1"}, {"title": "many"}]}
    answer = await company.raw("csm:cem", "POST", "/v1/leads/bulk", body, key="k")
    many = [item["id"] for item in done(answer, 207)["items"]]
    await company.act(entered["support:sam"], "assign", "ann", owner_id=company.id("ann"))
    for who, lead in entered.items():
        assert await company.see(lead, who)
        listed = {item["id"] for item in done(await company.by(who).get("/v1/leads"))["items"]}
        assert listed == {lead["id"], *(many if who == "csm:cem" else ()), *([entered["support:sam"]["id"]] if "pia" in who else ())}


async def test_whoever_enters_an_account_sees_it(company: Desk) -> None:
    id = await account(company, "assistant:ada")
    assert done(await company.by("assistant:ada").get(f"/v1/accounts/{id}"))["owner_id"] is None
    assert (await company.by("presales:pia").get(f"/v1/accounts/{id}")).status_code == 404


async def test_another_system_sees_what_its_scopes_name(company: Desk) -> None:
    id = await known_account(company)
    assert [await sees(company, f"service={scope}:form", id) for scope in ("leads.write", "accounts.read", "deals.write")] == [
        True,
        True,
        False,
    ]
    entered = done(await company.by("service=leads.write:form").post("/v1/leads", json={"title": "from the form"}), 201)
    assert (await company.by("service=accounts.read:erp").get(f"/v1/leads/{entered['id']}")).status_code == 404
    assert (await company.by("service=accounts.read:erp").post("/v1/leads", json={})).status_code == 403


async def test_who_owns_a_deal_reads_the_lead_that_it_came_from(desk: Desk, svc: Running) -> None:
    lead = await desk.sql()
    done(await desk.meet(lead, key_points="Wants SSO"), 201)
    sent = await desk.act(lead, "convert")
    deal_id, path = UUID(sent["deal_id"]), f"/v1/leads/{lead['id']}"
    given = {"account_id": UUID(sent["account_id"]), "lead_id": UUID(lead["id"])}
    opened = DealOpened(conversion_id=UUID(sent["conversion_id"]), owner_id=UUID(desk.id("ann")), **given, **AMOUNT)
    await svc.hear(opened, deal_id)
    assert (await desk.by("sue").get(path)).status_code == 404

    async def handed_to(who: str, version: int) -> None:
        told = DealUpdated(changed=["owner_id"], owner_id=UUID(desk.id(who)), **given, **AMOUNT)
        await svc.hear(told, deal_id, version)

    await handed_to("sue", 2)
    assert {"need", "budget", "authority"} <= {
        one["dimension"] for one in done(await desk.by("sue").get(path))["bant"] if one["status"] == "confirmed"
    }
    notes = done(await desk.by("sue").get(f"{path}/interactions"))["items"]
    assert "Wants SSO" in [note["key_points"] for note in notes]
    assert lead["id"] in [one["id"] for one in done(await desk.by("sue").get("/v1/leads"))["items"]]
    await handed_to("bob", 3)
    assert [(await desk.by(who).get(path)).status_code for who in ("sue", "bob", "ann")] == [404, 200, 200]


async def test_a_lead_that_joins_a_deal_is_read_by_the_deals_owner(desk: Desk, svc: Running) -> None:
    deal_id, lead = new_id(), await desk.sql()
    await svc.hear(DealOpened(owner_id=UUID(desk.id("sue")), account_id=new_id(), **AMOUNT), deal_id)
    sent = await desk.act(lead, "convert", "eva", deal_id=str(deal_id))
    assert (await desk.by("sue").get(f"/v1/leads/{lead['id']}")).status_code == 404, "it may be refused"
    await svc.hear(DealLeadJoined(lead_id=UUID(lead["id"]), conversion_id=UUID(sent["conversion_id"])), deal_id, 2)
    assert (await desk.by("sue").get(f"/v1/leads/{lead['id']}")).status_code == 200


async def test_who_owns_the_deal_needs_no_part_in_a_lead_of_their_own(desk: Desk, svc: Running) -> None:
    deal_id, lead = new_id(), await desk.sql()
    await svc.hear(DealOpened(owner_id=UUID(desk.id("sue")), account_id=new_id(), **AMOUNT), deal_id)
    sent = await desk.act(lead, "convert", "eva", deal_id=str(deal_id))
    await svc.hear(DealLeadJoined(lead_id=UUID(lead["id"]), conversion_id=UUID(sent["conversion_id"])), deal_id, 2)
    for owner in ("sue", "bob"):
        await desk.act(lead, "assign", "admin", owner_id=desk.id(owner))
    told = [e.data for e in await svc.told(LeadMemberAdded, LeadMemberRemoved, subject=UUID(lead["id"]))]
    assert [(type(event), event.person_id) for event in told if isinstance(event, LeadMemberAdded | LeadMemberRemoved)] == [
        (LeadMemberAdded, UUID(desk.id("sue"))),
        (LeadMemberRemoved, UUID(desk.id("sue"))),
        (LeadMemberAdded, UUID(desk.id("sue"))),
    ]


async def test_an_upgrade_lets_those_who_own_deals_read_their_leads(desk: Desk, svc: Running) -> None:
    deal_id, lead = new_id(), await desk.sql()
    await svc.hear(DealOpened(owner_id=UUID(desk.id("sue")), account_id=new_id(), **AMOUNT), deal_id)
    sent = await desk.act(lead, "convert", "eva", deal_id=str(deal_id))
    await svc.hear(DealLeadJoined(lead_id=UUID(lead["id"]), conversion_id=UUID(sent["conversion_id"])), deal_id, 2)
    async with svc.transaction() as tx:  # as the release before left it
        await tx.execute("DELETE FROM membership WHERE part = 'deal'")
        await set_timer(tx, READERS, new_id(), tx.now)
    assert (await desk.by("sue").get(f"/v1/leads/{lead['id']}")).status_code == 404
    assert await svc.fire_due()
    assert (await desk.by("sue").get(f"/v1/leads/{lead['id']}")).status_code == 200
