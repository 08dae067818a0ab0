"""A contract gets another owner by those above, in any state, until its deal goes to somebody else; its cash goes with it."""

from typing import Any
from uuid import UUID

from shared.events.contract import ContractChanged, MilestoneTriggered, PaymentReceived
from shared.events.team import PersonAdded, PersonChanged
from tests.contract.office import OTHER_TEAM, TEAM, Office
from tests.contract.test_reactions import moved
from tests.harness import Running


async def assign(office: Office, contract: dict[str, Any], to: str, who: str = "manager:max", expect: int = 200) -> dict[str, Any]:
    path = f"/v1/contracts/{contract['id']}/assign"
    return dict(await office.ask(who, "POST", path, {"owner_id": office.id(to)}, etag="*", expect=expect))


async def test_the_new_owner_sees_the_contract_and_its_cash_which_is_told_as_theirs(office: Office, svc: Running) -> None:
    contract = await office.signed()
    ann, bob = svc.person("rep", "ann"), svc.person("rep", "bob")
    given = await assign(office, contract, "rep:bob")
    assert (given["owner_id"], given["team_id"]) == (str(bob), str(TEAM))
    [told] = await svc.told(ContractChanged)
    assert isinstance(told.data, ContractChanged)
    assert (told.data.changed, told.data.owner_id, told.data.previous_owner_id) == (["owner_id"], bob, ann)
    await office.ask("rep:ann", "GET", f"/v1/contracts/{contract['id']}", expect=404)
    paid = await office.pay(contract, "100")
    await office.ask("rep:bob", "GET", f"/v1/payments/{paid['id']}")
    await office.act(contract, "go-live", "rep:bob")
    (received,) = await svc.told(PaymentReceived)
    owners = [event.data.owner_id for event in (*await svc.told(MilestoneTriggered), received)]  # type: ignore[attr-defined]
    assert owners == [ann, bob, bob], "what fell due before stays with whom it was credited to"


async def test_any_state_can_go_and_a_closed_contract_stays_in_its_team(office: Office, svc: Running) -> None:
    await svc.hear(PersonAdded(role="csm", team_id=OTHER_TEAM, team_path=[OTHER_TEAM]), svc.person("csm", "eve"))
    completed = await office.delivered(total="100")
    await office.pay(completed, "100")
    closed = [completed, await office.act(await office.draft(), "void", reason="x")]
    open_ = [await office.draft(), await office.sent(), await office.signed()]
    for contract in closed:
        given = await assign(office, contract, "csm:eve", "director")
        assert (given["team_id"], (await office.read(contract, "csm:eve"))["state"]) == (str(TEAM), given["state"])
    for contract in open_:
        assert (await assign(office, contract, "csm:eve", "sales_ops"))["team_id"] == str(OTHER_TEAM)


async def test_it_holds_until_the_deal_goes_to_somebody_else(office: Office, svc: Running) -> None:
    contract = await assign(office, await office.draft(), "rep:bob")
    deal, ann = UUID(contract["deal_id"]), svc.person("rep", "ann")
    await svc.hear(moved(contract, ann, team_id=TEAM, changed=["amount", "region"], region="west"), deal, 2)
    kept = await office.read(contract)
    assert (kept["owner_id"], kept["region"]) == (office.id("rep:bob"), "west")
    await svc.hear(moved(contract, ann, changed=["team_id"]), deal, 3)
    assert (await office.read(contract))["team_id"] == str(TEAM), "the team is that of its own owner"
    await svc.hear(moved(contract, office.svc.person("kam"), changed=["owner_id"]), deal, 4)
    assert (await office.read(contract))["owner_id"] == office.id("kam")


async def test_only_those_above_give_it_away_and_only_to_somebody_who_can_own_it(office: Office, svc: Running) -> None:
    contract = await office.draft()
    for who in ("rep:ann", "legal", "csm", "assistant:nora"):
        await assign(office, contract, "rep:bob", who, expect=403)
    await assign(office, contract, "rep:bob", "manager:zoe", expect=404)
    assert (await assign(office, contract, "assistant:nora", expect=409))["code"] == "not_an_owner"
    assert (await assign(office, contract, "rep:stranger", expect=409))["code"] == "unknown_owner"
    await svc.hear(PersonChanged(role="rep", team_id=TEAM, team_path=[TEAM], active=False), svc.person("rep", "bob"), 2)
    assert (await assign(office, contract, "rep:bob", expect=409))["code"] == "unknown_owner"


async def test_a_review_that_the_new_owner_gave_is_void(office: Office) -> None:
    contract = await office.act(await office.draft(), "submit")
    await office.review(contract, "legal")
    await office.review(contract, "manager", "manager:max")
    given = await assign(office, contract, "manager:max", "director")
    assert [review["part"] for review in given["reviews"]] == ["legal"]
