"""Another contract for an accepted quote whose contract never took effect."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contract_svc.contracts.record import UNSIGNED
from shared.events.contract import ContractDrafted, ContractVoided
from shared.events.deal import DealLost, DealReopened
from shared.events.envelope import Event, Money
from shared.events.quote import QuoteEvent, QuoteSuperseded, QuoteWithdrawn
from shared.ids import new_id
from tests.client import allowed, codes, unmet
from tests.contract.office import Office, quote
from tests.harness import Running

SAME = ("quote_id", "deal_id", "total", "lines", "account_name", "owner_id")


def ended(kind: type[QuoteEvent], **more: Any) -> Event:
    return kind(**quote(new_id()).model_dump(include=set(QuoteEvent.model_fields)), **more)


async def again(office: Office, contract: dict[str, Any], who: str = "rep:ann", *, expect: int = 201, **body: Any) -> dict[str, Any]:
    return dict(await office.ask(who, "POST", "/v1/contracts", {"quote_id": contract["quote_id"], **body}, expect=expect))


async def voided(office: Office, **over: Any) -> dict[str, Any]:
    return await office.act(await office.draft(**over), "void", reason="The board wants other clauses")


async def test_a_voided_contract_is_drafted_again_as_the_customer_accepted_it(office: Office, svc: Running) -> None:
    fell = await voided(office, total="113000.01")
    assert "draft_again" in allowed(await office.read(fell, "rep:ann"))
    second = await again(office, fell)
    assert second["state"] == "draft"
    assert second["number"] != fell["number"]
    assert [second[name] for name in SAME] == [fell[name] for name in SAME]
    assert [m["amount"] for m in second["milestones"]] == [m["amount"] for m in fell["milestones"]]
    assert len(await svc.told(ContractDrafted)) == 2
    assert codes(await again(office, fell, expect=409)) == {"contract_stands"} == unmet(await office.read(fell, "rep:ann"), "draft_again")
    third = await again(office, await office.act(second, "void", reason="x"))
    assert third["id"] not in (fell["id"], second["id"])


async def test_of_many_who_draft_at_once_one_does(office: Office) -> None:
    fell = await voided(office)
    tried = await asyncio.gather(
        *[office.raw(who, "POST", "/v1/contracts", {"quote_id": fell["quote_id"]}) for who in ("rep:ann", "manager:max") * 3]
    )
    assert sorted(answer.status_code for answer in tried) == [201, 409, 409, 409, 409, 409]
    found = (await office.ask("admin", "GET", "/v1/contracts", quote_id=fell["quote_id"]))["items"]
    assert sorted(contract["state"] for contract in found) == ["draft", "voided"]


async def test_a_contract_that_stands_leaves_no_room_for_another(office: Office) -> None:
    for contract in (await office.draft(), await office.signed(), await office.delivered()):
        assert codes(await again(office, contract, expect=409)) == {"contract_stands"}
        assert unmet(await office.read(contract, "rep:ann"), "draft_again") == {"contract_stands"}


@pytest.mark.parametrize(("ended", "falls"), [(timedelta(days=-2), True), (timedelta(), False)])
async def test_a_terminated_contract_falls_only_before_it_began(office: Office, svc: Running, ended: timedelta, falls: bool) -> None:
    now = svc.clock()
    sign = {"signed_at": (now - timedelta(days=3)).isoformat(), "starts_on": (now - timedelta(days=1)).date().isoformat()}
    signed = await office.signed(at=now - timedelta(days=5), sign=sign)
    over = await office.act(signed, "terminate", "manager:max", reason="They were bought", at=(now + ended).isoformat())
    assert over["state"] == "terminated"
    assert ("draft_again" in allowed(await office.read(over, "rep:ann"))) == falls
    answer = await again(office, over, expect=201 if falls else 409)
    assert answer["state"] == "draft" if falls else codes(answer) == {"contract_stands"}


@pytest.mark.parametrize(
    ("told", "code"),
    [(ended(QuoteWithdrawn, reason="x"), "quote_withdrawn"),
     (ended(QuoteSuperseded, by_quote_id=new_id()), "quote_superseded")],
)  # fmt: skip
async def test_a_quote_that_no_longer_stands_gets_no_contract(office: Office, svc: Running, told: Event, code: str) -> None:
    drafted = await office.draft()
    await svc.hear(told, UUID(drafted["quote_id"]))
    assert (await office.read(drafted))["state"] == "voided"
    assert codes(await again(office, drafted, expect=409)) == {code} == unmet(await office.read(drafted, "rep:ann"), "draft_again")


async def test_a_lost_deal_gets_a_contract_again_once_it_is_reopened(office: Office, svc: Running) -> None:
    drafted = await office.draft()
    deal_id = UUID(drafted["deal_id"])
    opened: dict[str, Any] = {"cycle": 1, "opened_at": svc.clock(), "from_stage": "closing", "seconds_in_stage": 1.0}
    lost = DealLost(**opened, amount=Money(amount=1, currency="CNY"), fx=1, reason="price")
    await svc.hear(lost, deal_id)
    assert codes(await again(office, drafted, expect=409)) == {"deal_lost"}
    await svc.hear(DealReopened(stage="closing", cycle=2, reason="They called", probability=90), deal_id, 2)
    assert (await again(office, drafted))["deal_id"] == drafted["deal_id"]


async def test_it_has_the_owner_that_the_deal_has_now(office: Office) -> None:
    fell = await voided(office)
    await office.act(fell, "assign", "manager:max", owner_id=office.id("rep:bob"))
    assert (await again(office, fell, "rep:bob"))["owner_id"] == office.id("rep:bob")


async def test_who_drafts_again(office: Office) -> None:
    fell = await voided(office)
    for who, status, code in (
        ("rep:bob", 422, "unknown_quote"),
        ("finance", 403, None),
        ("legal", 403, None),
    ):
        refused = await again(office, fell, who, expect=status)
        assert code is None or refused["errors"][0]["code"] == code
    assert (await again(office, fell, "assistant:nora"))["state"] == "draft"
    missing = await office.ask("rep:ann", "POST", "/v1/contracts", {"quote_id": str(new_id())}, expect=422)
    hidden = await again(office, fell, "rep:bob", expect=422)
    assert missing["errors"] == hidden["errors"], "what is hidden and what there is not are refused alike"


async def test_what_was_accepted_before_it_was_kept_is_not_known_at_once(office: Office, svc: Running) -> None:
    fell = await voided(office)
    async with svc.transaction() as tx:
        await tx.execute("DELETE FROM accepted_quote")
    answer = await office.raw("rep:ann", "POST", "/v1/contracts", {"quote_id": fell["quote_id"]})
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
    assert codes(answer) == {"quote_not_known"}


async def test_the_first_contract_is_voided_by_the_quote_that_replaces_its_own(office: Office, svc: Running) -> None:
    fell = await voided(office)
    second = await again(office, fell)
    assert second["state"] in UNSIGNED
    await svc.hear(ended(QuoteSuperseded, by_quote_id=new_id()), UUID(fell["quote_id"]))
    assert [told.subject for told in await svc.told(ContractVoided)][1:] == [UUID(second["id"])]
