"""Who sees which deals and quotes, who can own them, and what other systems may do."""

from uuid import UUID, uuid4

import pytest

from shared.events.contract import ContractApproved, ContractRejected, ContractSubmitted, ContractVoided
from shared.events.deal import DealMemberAdded, DealMemberRemoved, DealUpdated
from shared.events.envelope import ActorRef, Money
from shared.events.party import AccountCreated, AccountMemberAdded, AccountMemberRemoved, AccountUpdated
from shared.events.team import PersonAdded
from tests.client import allowed, codes
from tests.deal.sales import ACME, OTHER_TEAM, TEAM, Sales
from tests.harness import Running

ALL = ("admin", "director", "sales_ops", "ops", "auditor", "service", "service=deals.read:erp", "service=deals.write:erp")
TEAM_MATES = ("rep:ann", "manager:max", "presales:pat", "assistant:ash", "product:pia")
NOBODY = (
    "rep:bob", "kam:kam", "csm:csm", "manager:zoe", "regional_head:rae", "marketing", "support", "legal", "finance",
    "service=leads.write+accounts.read:form",
)  # fmt: skip


@pytest.fixture
async def office(sales: Sales) -> Sales:
    for role, key in (("presales", "pat"), ("assistant", "ash"), ("product", "pia"), ("csm", "cay")):
        await sales.svc.hear(PersonAdded(role=role, team_id=TEAM, team_path=[TEAM]), sales.svc.person(role, key))  # type: ignore[attr-defined]
    return sales


async def seen_by(sales: Sales, who: str) -> set[str]:
    """The deals that a list shows, which are those that can be read one by one."""
    listed = (await sales.ask(who, "GET", "/v1/deals", count="exact"))["items"]
    quotes = (await sales.ask(who, "GET", "/v1/quotes", count="exact"))["items"]
    shown = {deal["id"] for deal in listed}
    assert {quote["deal_id"] for quote in quotes} <= shown
    return shown


@pytest.mark.parametrize("who", [*ALL, *TEAM_MATES, *NOBODY])
async def test_each_role_sees_what_the_table_says(office: Sales, who: str) -> None:
    deal = await office.deal()
    quote = await office.quote(deal)
    visible = who not in NOBODY
    assert await seen_by(office, who) == ({deal["id"]} if visible else set())
    for path in (
        f"/v1/deals/{deal['id']}",
        f"/v1/deals/{deal['id']}/timeline",
        f"/v1/deals/{deal['id']}/spin",
        f"/v1/quotes/{quote['id']}",
    ):
        assert (await office.raw(who, "GET", path)).status_code == (200 if visible else 404), path
    found = await office.ask(who, "GET", "/v1/deals", q="Acme", count="exact")
    assert found["count"] == len(found["items"]) == int(visible)


async def test_a_regional_head_sees_the_teams_below(office: Sales, svc: Running) -> None:
    region, deal = uuid4(), await office.deal()
    await svc.hear(PersonAdded(role="regional_head", team_id=region, team_path=[region]), svc.person("regional_head", "rae"))
    assert await seen_by(office, "regional_head:rae") == set()
    await svc.hear(PersonAdded(role="rep", team_id=TEAM, team_path=[region, TEAM]), svc.person("rep", "ann"), 2)
    assert await seen_by(office, "regional_head:rae") == {deal["id"]}


async def test_a_customer_success_manager_sees_the_won_deals_of_their_accounts(office: Sales, svc: Running) -> None:
    open_, won = await office.deal(), await office.deal()
    await office.ask("director", "POST", f"/v1/deals/{won['id']}/win", {"evidence": "Order 4711"}, etag="*")
    cay = svc.person("csm", "cay")
    assert await seen_by(office, "csm:cay") == set()
    await svc.hear(AccountMemberAdded(person_id=cay, part="member"), ACME, 9)
    assert await seen_by(office, "csm:cay") == {won["id"]} < {open_["id"], won["id"]}
    await svc.hear(AccountMemberRemoved(person_id=cay, part="member"), ACME, 10)
    assert await seen_by(office, "csm:cay") == set()
    await svc.hear(AccountUpdated(changed=["owner_id"], name="Acme Ltd", owner_id=cay), ACME, 11)
    assert await seen_by(office, "csm:cay") == {won["id"]}
    # A seller who is in the account's team sees the account, not the deals of others.
    assert await seen_by(office, "rep:bob") == set()


@pytest.mark.parametrize("ended", [ContractApproved, ContractRejected, ContractVoided])
async def test_those_who_approve_see_a_deal_while_its_contract_is_in_review(office: Sales, svc: Running, ended: type) -> None:
    deal, contract = await office.deal(), uuid4()
    of = {
        "deal_id": UUID(deal["id"]), "quote_id": uuid4(), "number": "C-1", "revision": 1,
        "total": Money(amount=1, currency="CNY"), "fx": 1,
    }  # fmt: skip
    more = {
        ContractApproved: {"content_hash": "x"},
        ContractRejected: {"reason": "x"},
        ContractVoided: {"reason": "x", "was_signed": False},
    }
    for version in (1, 3):
        for who in ("legal", "finance"):
            assert await seen_by(office, who) == set()
        await svc.hear(ContractSubmitted(**of, content_hash="x"), contract, version)
        for who in ("legal", "finance"):
            assert await seen_by(office, who) == {deal["id"]}
            assert allowed(await office.read(deal, who)) == set()
        assert await seen_by(office, "marketing") == set()
        await svc.hear(ended(**of, **more[ended]), contract, version + 1)
    assert await seen_by(office, "finance") == set()


async def test_whoever_creates_a_deal_sees_it(office: Sales, svc: Running) -> None:
    """A manager opens a deal for somebody of their team, who then moves to another."""
    deal = await office.deal("manager:max", owner_id=office.id("rep:ann"))
    await svc.hear(PersonAdded(role="rep", team_id=OTHER_TEAM, team_path=[OTHER_TEAM]), svc.person("rep", "ann"), 2)
    assert await seen_by(office, "manager:max") == {deal["id"]} == await seen_by(office, "manager:zoe")


async def test_an_account_is_seen_by_whoever_entered_it_for_somebody_else(office: Sales, svc: Running) -> None:
    account, cay = uuid4(), svc.person("csm", "cay")
    told = AccountCreated(name="New Ltd", owner_id=svc.person("rep", "bob"), actor=ActorRef(type="person", id=cay, role="csm"))
    await svc.hear(told, account)
    assert (await office.deal("csm:cay", account_id=str(account)))["account_name"] == "New Ltd"
    body = {"name": "x", "account_id": str(account), "amount": {"amount": "1", "currency": "CNY"}}
    await office.ask("rep:ann", "POST", "/v1/deals", body, expect=422)


async def test_only_some_roles_own_deals(office: Sales) -> None:
    body = {"name": "x", "account_id": str(ACME), "amount": {"amount": "1", "currency": "CNY"}}
    for who, owner in (("director", {}), ("admin", {}), ("manager:max", {"owner_id": office.id("presales:pat")})):
        assert (await office.ask(who, "POST", "/v1/deals", body | owner, expect=409))["code"] == "not_an_owner"
    deal = await office.deal()
    path = f"/v1/deals/{deal['id']}/assign"
    for to in ("presales:pat", "assistant:ash"):
        refused = await office.ask("manager:max", "POST", path, {"owner_id": office.id(to)}, etag=1, expect=409)
        assert refused["code"] == "not_an_owner"
    assert (await office.ask("manager:max", "POST", path, {"owner_id": office.id("csm:cay")}, etag=1))["version"] == 2


async def test_the_owner_of_a_closed_deal_changes_and_nothing_else_of_it(office: Sales, svc: Running) -> None:
    deal = await office.deal()
    quote = await office.quote(deal)
    won = await office.ask("director", "POST", f"/v1/deals/{deal['id']}/win", {"evidence": "Order 4711"}, etag="*")
    await svc.hear(PersonAdded(role="rep", team_id=OTHER_TEAM, team_path=[OTHER_TEAM]), svc.person("rep", "sue"))
    sue, path = office.id("rep:sue"), f"/v1/deals/{deal['id']}/assign"
    assert codes(await office.ask("rep:ann", "POST", path, {"owner_id": sue}, etag="*", expect=409)) == {"not_manager"}
    given = await office.ask("manager:max", "POST", path, {"owner_id": sue}, etag="*")
    differs = {name for name in given if given[name] != won[name]} - {"allowed_actions"}
    assert differs == {"owner_id", "version"}
    [told] = await svc.told(DealUpdated)
    assert isinstance(told.data, DealUpdated)
    assert (told.data.changed, told.data.previous_owner_id, str(told.data.owner_id)) == (["owner_id"], svc.person("rep", "ann"), sue)
    assert await seen_by(office, "rep:sue") == {deal["id"]} == await seen_by(office, "manager:zoe")
    assert await seen_by(office, "rep:ann") == set() == await seen_by(office, "manager:max")
    await office.ask("rep:sue", "GET", f"/v1/quotes/{quote['id']}")


async def test_another_system_does_what_its_scopes_say(office: Sales) -> None:
    body = {"name": "Renewal", "account_id": str(ACME), "amount": {"amount": "1", "currency": "CNY"}, "owner_id": office.id("rep:ann")}
    writes, reads = "service=deals.write+accounts.read:erp", "service=deals.read+accounts.read:bi"
    deal = await office.ask(writes, "POST", "/v1/deals", body, expect=201)
    path = f"/v1/deals/{deal['id']}"
    assert (await office.ask(writes, "PATCH", path, {"competitor": "Rival"}, etag=1))["competitor"] == "Rival"
    assert allowed(deal) == {"change"}
    await office.ask(reads, "PATCH", path, {"competitor": "Rival"}, etag=2, expect=403)
    await office.ask(reads, "POST", "/v1/deals", body, expect=403)
    await office.ask(writes, "POST", f"{path}/lose", {"reason": "price"}, etag=2, expect=403)
    del body["owner_id"]
    assert (await office.ask(writes, "POST", "/v1/deals", body, expect=409))["code"] == "not_an_owner"


async def test_what_we_think_of_people_is_masked(office: Sales) -> None:
    deal = await office.deal()
    body = {"contact_id": str(await office.contact()), "committee_role": "champion", "stance": "opponent"}
    path = f"/v1/deals/{deal['id']}/contacts"
    await office.ask("rep:ann", "POST", path, body, expect=201)
    assert [one["stance"] for one in (await office.ask("ops", "GET", path))["items"]] == ["opponent"]
    assert [one["stance"] for one in (await office.ask("auditor", "GET", path))["items"]] == [None]
    await office.svc.app.state.access_log.flush()
    async with office.svc.db.read() as db:
        (read,) = await db.rows("SELECT actor_role, record_id FROM access_log WHERE operation = 'list_committee'")
    assert (read["actor_role"], str(read["record_id"])) == ("ops", deal["id"])


async def test_the_team_of_a_deal_sees_it(office: Sales, svc: Running) -> None:
    await svc.hear(PersonAdded(role="presales", team_id=OTHER_TEAM, team_path=[OTHER_TEAM]), svc.person("presales", "pam"))
    deal = await office.deal()
    quote = await office.quote(deal)
    pam, path = office.id("presales:pam"), f"/v1/deals/{deal['id']}"
    assert await seen_by(office, "presales:pam") == set()
    joined = await office.ask("rep:ann", "PUT", f"{path}/members/{pam}", etag=1)
    assert (joined["members"], joined["version"]) == ([pam], 2)
    again = await office.ask("manager:max", "PUT", f"{path}/members/{pam}", etag=2)
    assert (again["members"], again["version"]) == ([pam], 2)
    assert await office.ask("presales:pam", "GET", f"{path}/members") == {"items": [pam]}
    assert await seen_by(office, "presales:pam") == {deal["id"]}
    await office.ask("presales:pam", "GET", f"/v1/quotes/{quote['id']}")
    await office.ask("presales:pam", "POST", f"{path}/proposals", {"title": "Solution"}, expect=201)
    await office.ask("presales:pam", "DELETE", f"{path}/members/{pam}", etag="*", expect=403)
    left = await office.ask("sales_ops", "DELETE", f"{path}/members/{pam}", etag="*")
    assert left["members"] == []
    assert await seen_by(office, "presales:pam") == set()
    told = [type(e.data) for e in await svc.told(DealMemberAdded, DealMemberRemoved)]
    assert told == [DealMemberAdded, DealMemberRemoved]


async def test_only_people_of_the_roster_join_a_team(office: Sales) -> None:
    deal = await office.deal()
    path = f"/v1/deals/{deal['id']}/members"
    nobody = await office.ask("rep:ann", "PUT", f"{path}/{uuid4()}", etag=1, expect=409)
    assert nobody["code"] == "unknown_person"
    await office.ask("rep:bob", "PUT", f"{path}/{office.id('rep:bob')}", etag=1, expect=404)
    await office.ask("ops", "PUT", f"{path}/{office.id('rep:bob')}", etag=1, expect=403)
