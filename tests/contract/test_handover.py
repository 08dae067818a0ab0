"""Contracts that go to somebody else by a hand-over: signed ones by themselves, others with their deals."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from contract_svc.handover.commands import SIGNED_GO, UNSIGNED_GO
from shared.events.contract import ContractChanged
from shared.events.team import HandOverFilter, PersonHandedOver
from shared.handover.move import step
from shared.ids import new_id
from tests.contract.office import TEAM, Office
from tests.contract.test_reactions import moved
from tests.harness import Running


async def hear(svc: Running, *kinds: str, version: int = 2) -> None:
    told = PersonHandedOver(
        hand_over_id=new_id(),
        number=1,
        from_id=svc.person("rep", "ann"),
        to_id=svc.person("rep", "bob"),
        kinds=list(kinds),
        filter=HandOverFilter(),
        recorded_at=svc.clock(),
    )
    await svc.hear(told, told.from_id, version)
    while await step(svc.db, [UNSIGNED_GO, SIGNED_GO], svc.clock, svc.service.name):
        pass


async def owners(office: Office, *contracts: dict[str, Any]) -> list[str]:
    found = [(await office.ask("admin", "GET", f"/v1/contracts/{contract['id']}"))["owner_id"] for contract in contracts]
    return ["bob" if owner == office.id("rep:bob") else "ann" for owner in found]


async def test_signed_contracts_go_by_themselves_and_others_with_their_deals(office: Office, svc: Running) -> None:
    draft, signed = await office.draft(), await office.signed()
    await hear(svc, "contracts")
    assert await owners(office, draft, signed) == ["ann", "bob"]
    await hear(svc, "deals", version=3)
    assert await owners(office, draft, signed) == ["bob", "bob"]


async def test_a_contract_that_follows_its_deal_is_told_once(office: Office, svc: Running) -> None:
    draft = await office.draft()
    bob = svc.person("rep", "bob")
    stale = moved(draft, svc.person("rep", "ann"), team_id=TEAM, changed=["amount"], recorded_at=svc.clock() - timedelta(seconds=1))
    await hear(svc, "deals", "contracts")
    await svc.hear(stale, UUID(draft["deal_id"]), 2)
    assert await owners(office, draft) == ["bob"], "what was told of the deal before does not take it back"
    await svc.hear(moved(draft, bob, team_id=TEAM), UUID(draft["deal_id"]), 3)
    assert len(await svc.told(ContractChanged)) == 1


async def test_a_quote_that_was_accepted_before_has_its_contract_drafted_for_the_new_owner(office: Office, svc: Running) -> None:
    await hear(svc, "deals")
    late = await office.draft(recorded_at=svc.clock() - timedelta(minutes=5))
    assert await owners(office, late) == ["bob"]


async def test_a_review_of_the_new_owner_is_void(office: Office, svc: Running) -> None:
    """Nobody reviews a contract of their own; what others have said stays."""
    contract = await office.draft()
    submitted = await office.act(contract, "submit")
    for who, part in (("legal", "legal"), ("manager:bob", "manager")):
        body = {"part": part, "decision": "approved", "content_hash": submitted["content_hash"]}
        await office.ask(who, "POST", f"/v1/contracts/{contract['id']}/reviews", body, etag="*")
    await hear(svc, "deals")
    seen = await office.ask("admin", "GET", f"/v1/contracts/{contract['id']}")
    assert [review["part"] for review in seen["reviews"]] == ["legal"]
    (told,) = await svc.told(ContractChanged)
    assert isinstance(told.data, ContractChanged)
    assert told.data.changed == ["owner_id", "reviews"]
