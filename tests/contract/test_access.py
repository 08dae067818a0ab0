"""Who sees a contract with its milestones and payments: the owner, those above, the team of the deal, the account's people, and roles."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.deal import DealMemberAdded, DealMemberRemoved
from shared.events.party import AccountCreated, AccountMemberAdded, AccountUpdated
from shared.events.team import PersonAdded
from shared.ids import new_id
from tests.contract.office import ACME, OTHER_TEAM, TEAM, Office
from tests.harness import Running

LOOKS = ("", "/timeline", "/milestones")


async def sees(office: Office, who: str, contract: dict[str, Any]) -> bool:
    """Whether they see it: one answer for the record, its timeline, its milestones, its payments, and the lists of both."""
    answers = [await office.raw(who, "GET", f"/v1/contracts/{contract['id']}{look}") for look in LOOKS]
    found = {answer.status_code == 200 for answer in answers}
    for path, name in (("/v1/contracts", "deal_id"), ("/v1/payments", "contract_id")):
        listed = await office.ask(who, "GET", path, count="exact", **{name: contract["deal_id" if name == "deal_id" else "id"]})
        found |= {bool(listed["items"]), listed["count"] == 1}
        if path == "/v1/payments":
            payment = (await office.ask("admin", "GET", path, contract_id=contract["id"]))["items"][0]["id"]
            found.add((await office.raw(who, "GET", f"{path}/{payment}")).status_code == 200)
    assert len(found) == 1, f"{who} sees a part of it"
    return found.pop()


@pytest.fixture
async def contract(office: Office) -> dict[str, Any]:
    """Ann's, signed, with a payment."""
    made = await office.signed()
    await office.pay(made, "100")
    return made


SEE = ("rep:ann", "manager:max", "assistant:nora", "csm", "legal", "finance", "director", "admin", "sales_ops", "ops", "auditor")
BY_SCOPE = ("service=contracts.read", "service=payments.write", "service=contracts.write+leads.read")
SEE_NOT = ("rep:bob", "kam", "manager:zoe", "regional_head", "presales", "product", "csm:eve", "marketing", "support")
OTHER_SCOPES = ("service=leads.write+deals.read", "service=figures.read")


async def test_who_sees_a_contract(office: Office, contract: dict[str, Any]) -> None:
    everybody = (*SEE, *BY_SCOPE, *SEE_NOT, *OTHER_SCOPES)
    assert [who for who in everybody if await sees(office, who, contract)] == [*SEE, *BY_SCOPE]


async def test_whoever_is_in_the_team_of_the_deal_sees_its_contracts(office: Office, svc: Running, contract: dict[str, Any]) -> None:
    deal, bob = UUID(contract["deal_id"]), svc.person("rep", "bob")
    await svc.hear(DealMemberAdded(person_id=bob, part="member"), deal, 7)
    assert await sees(office, "rep:bob", contract)
    await svc.hear(DealMemberRemoved(person_id=bob, part="member"), deal, 8)
    assert not await sees(office, "rep:bob", contract)


async def test_customer_success_sees_the_contracts_of_its_accounts_and_a_rep_does_not(
    office: Office, svc: Running, contract: dict[str, Any]
) -> None:
    await svc.hear(AccountUpdated(changed=["owner_id"], name="Acme Ltd", owner_id=svc.person("csm", "eve")), ACME, 2)
    assert await sees(office, "csm:eve", contract)
    assert not await sees(office, "csm", contract), "it is not theirs any more"
    for version, who in enumerate(("csm:leo", "rep:bob"), 3):
        await svc.hear(AccountMemberAdded(person_id=UUID(office.id(who)), part="member"), ACME, version)
    assert await sees(office, "csm:leo", contract)
    assert not await sees(office, "rep:bob", contract)


async def test_what_nobody_owns_is_for_those_who_see_everything(office: Office, svc: Running) -> None:
    other = new_id()
    await svc.hear(AccountCreated(name="Other Ltd", owner_id=None), other)
    contract = await office.draft(owner_id=None, team_id=None, account_id=other)
    for who in ("rep:ann", "manager:max", "csm"):
        await office.ask(who, "GET", f"/v1/contracts/{contract['id']}", expect=404)
    assert (await office.read(contract, "legal"))["owner_id"] is None


async def test_a_regional_head_sees_what_the_teams_below_have(office: Office, svc: Running, contract: dict[str, Any]) -> None:
    top, ann = new_id(), svc.person("rep", "ann")
    await svc.hear(PersonAdded(role="rep", team_id=TEAM, team_path=[top, TEAM]), ann, 2)
    assert not await sees(office, "regional_head", contract)
    await svc.hear(PersonAdded(role="regional_head", team_id=top, team_path=[top]), svc.person("regional_head"))
    assert await sees(office, "regional_head", contract)


async def test_a_system_books_payments_by_its_scope_only_and_with_a_key(office: Office, contract: dict[str, Any]) -> None:
    body = {"contract_id": contract["id"], "amount": {"amount": "5", "currency": "CNY"}}
    reads = "service=payments.read+contracts.write"
    bank = "service=payments.write"
    await office.ask(reads, "POST", "/v1/payments", body, key=str(uuid4()), expect=403)
    await office.ask(bank, "POST", "/v1/payments", body, expect=400)
    key = str(uuid4())
    paid = await office.ask(bank, "POST", "/v1/payments", body, key=key, expect=201)
    assert await office.ask(bank, "POST", "/v1/payments", body, key=key, expect=201) == paid
    path = f"/v1/payments/{paid['id']}/reverse"
    await office.ask(reads, "POST", path, {"reason": "bounced"}, key=str(uuid4()), etag="*", expect=403)
    back = await office.ask(bank, "POST", path, {"reason": "bounced"}, key=str(uuid4()), etag="*")
    assert (back["reversed_at"] is not None, back["reversal_reason"]) == (True, None), "a reason is masked for systems"
    await office.ask(bank, "POST", f"/v1/contracts/{contract['id']}/terminate", {"reason": "x"}, etag="*", expect=403)


async def test_a_team_stands_for_the_teams_below_it(office: Office, svc: Running) -> None:
    top, leaf = new_id(), new_id()
    for who, team, path in (("rhe", top, [top]), ("ann", TEAM, [top, TEAM]), ("leo", leaf, [top, TEAM, leaf])):
        await svc.hear(PersonAdded(role="rep", team_id=team, team_path=path), svc.person("rep", who), 2)
    ids = {team: (await office.draft(team_id=team))["id"] for team in (TEAM, leaf, OTHER_TEAM)}

    async def listed(**asked: str) -> set[str]:
        page = await office.ask("admin", "GET", "/v1/contracts", count="exact", **asked)
        assert page["count"] == len(page["items"])
        return {contract["id"] for contract in page["items"]}

    assert await listed(team=str(top)) == await listed(team=str(TEAM)) == {ids[TEAM], ids[leaf]}
    assert await listed(team=str(leaf)) == {ids[leaf]}
    assert await listed(team=f"{leaf},{OTHER_TEAM}") == {ids[leaf], ids[OTHER_TEAM]}
    assert await listed(team=str(new_id())) == await listed(team="none") == set()
    assert await listed(team_id=str(TEAM)) == {ids[TEAM]}, "one team alone"
    assert await listed(team=str(TEAM), team_id=str(leaf)) == {ids[leaf]}
