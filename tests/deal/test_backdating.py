"""What happened longer ago than the policy lets everybody say: who may record it, and how the records show it."""

from datetime import timedelta
from typing import Any

import pytest

from shared.auth import Actor, Role
from shared.db.context import Context
from shared.errors import Forbidden
from shared.events.deal import DealOpened
from shared.occurred import happened
from tests.deal.sales import ACME, Sales
from tests.harness import Running

FAR, NEAR = timedelta(days=31), timedelta(days=29, hours=23)


def ago(svc: Running, back: timedelta) -> str:
    return (svc.clock() - back).isoformat()


async def test_a_seller_tells_of_the_last_month_only(sales: Sales, svc: Running) -> None:
    refused = await sales.ask("rep:ann", "POST", "/v1/deals", body(svc, FAR), expect=403)
    assert refused["code"] == "backdate_not_allowed"
    assert "30 days" in refused["detail"]
    recent = await sales.ask("rep:ann", "POST", "/v1/deals", body(svc, NEAR), expect=201)
    assert recent["flags"] == []


def body(svc: Running, back: timedelta) -> dict[str, Any]:
    return {"name": "x", "account_id": str(ACME), "amount": {"amount": "1", "currency": "CNY"}, "at": ago(svc, back)}


async def test_what_a_manager_tells_of_long_ago_is_flagged(sales: Sales, svc: Running) -> None:
    deal = await sales.deal("manager:max", at=ago(svc, timedelta(days=90)))
    assert deal["flags"] == ["backdated"]
    [told] = await svc.told(DealOpened)
    assert told.data.flags == ["backdated"]  # type: ignore[attr-defined]
    path = f"/v1/deals/{deal['id']}/next-step"
    step = {"what": "Demo", "due_at": "2026-03-09T09:00:00Z"}
    await sales.ask("manager:max", "PUT", path, step, etag="*")
    assert (await sales.read(deal))["flags"] == ["backdated"], "for good"
    listed = await sales.ask("admin", "GET", "/v1/deals", flag="backdated")
    assert [one["id"] for one in listed["items"]] == [deal["id"]]


async def test_a_later_act_flags_a_deal_that_was_told_in_time(sales: Sales, svc: Running) -> None:
    deal = await sales.deal(at=ago(svc, NEAR))
    svc.clock.advance(days=20)
    lost = {"reason": "price", "at": ago(svc, timedelta(days=40))}
    path = f"/v1/deals/{deal['id']}/lose"
    await sales.ask("rep:ann", "POST", path, lost, etag="*", expect=403)
    assert (await sales.read(deal))["stage"] == "discovery", "nothing was changed"
    assert (await sales.ask("manager:max", "POST", path, lost, etag="*"))["flags"] == ["backdated"]


async def test_a_quote_is_flagged_and_its_next_version_is_not(sales: Sales, svc: Running) -> None:
    deal = await sales.deal("manager:max", at=ago(svc, timedelta(days=90)))
    late = {"deal_id": deal["id"], "lines": [sales.line("10")], "at": ago(svc, timedelta(days=60)), "valid_until": "2026-12-31"}
    refused = await sales.ask("rep:ann", "POST", "/v1/quotes", late, expect=404)
    assert refused["code"] == "not_found"
    quote = await sales.ask("manager:max", "POST", "/v1/quotes", late, expect=201)
    assert quote["flags"] == ["backdated"]
    await sales.act(quote, "send", "manager:max")
    assert (await sales.act(quote, "revise", "manager:max", expect=201))["flags"] == []


@pytest.mark.parametrize(
    ("role", "may"),
    [
        *((role, True) for role in (Role.manager, Role.director, Role.sales_ops, Role.system, Role.service)),
        *((role, False) for role in (Role.rep, Role.finance, Role.assistant, Role.marketing)),
    ],
)
async def test_who_may_go_far_back(svc: Running, role: Role, may: bool) -> None:
    by = Actor.of(svc.person(role.value), [role])
    async with svc.db.begin(Context("deal-svc", by, svc.clock(), "test")) as tx:
        if may:
            assert happened(tx, svc.clock() - FAR) == svc.clock() - FAR
            assert tx.marks == ({"backdated"} if tx.actor.type == "person" else set())
        else:
            with pytest.raises(Forbidden, match="more than 30 days ago"):
                happened(tx, svc.clock() - FAR)
