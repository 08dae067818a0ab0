"""Milestones, payments and the end of a contract, through the API and the timers."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from shared.events.contract import (
    ContractCompleted,
    ContractPaidInFull,
    ContractPaymentReopened,
    ContractReopened,
    MilestoneOverdue,
    MilestonePaid,
    MilestonePartlyPaid,
    MilestoneReopened,
    MilestoneTriggered,
    MilestoneWaived,
    PaymentAllocated,
    PaymentReceived,
    PaymentReversed,
)
from tests.client import allowed, codes
from tests.contract.office import Office, amount, money_of, schedule, states
from tests.harness import Running


async def test_a_payment_pays_what_is_asked_for_and_the_rest_is_credit(office: Office, svc: Running) -> None:
    contract = await office.signed(total="1000")
    payment = await office.pay(contract, "600.50", reference="B-77")

    assert [amount(a["amount"]) for a in payment["allocations"]] == [Decimal(500)]
    assert amount(payment["credit"]) == Decimal("100.50")
    now = await office.read(contract)
    assert states(now) == ["paid", "planned", "planned"]
    assert money_of(now) == {n: Decimal(v) for n, v in zip(money_of(now), ("500", "0", "500", "0", "100.50"), strict=True)}
    [told] = await svc.told(PaymentReceived)
    assert isinstance(told.data, PaymentReceived)
    assert (told.data.credit, told.data.signed_at, told.data.received_at) == (Decimal("100.50"), svc.clock.now, svc.clock.now)
    assert [(a.position, a.amount) for a in told.data.allocations] == [(1, Decimal(500))]
    [paid] = await svc.told(MilestonePaid)
    assert isinstance(paid.data, MilestonePaid)
    assert paid.data.paid_at == svc.clock.now


async def test_credit_goes_to_the_next_milestone_when_it_falls_due(office: Office, svc: Running) -> None:
    contract = await office.signed(total="1000")
    await office.pay(contract, "550")
    svc.clock.advance(days=5)
    live = await office.act(contract, "go-live")
    assert states(live) == ["paid", "partly_paid", "planned"]
    assert money_of(live)["credit"] == 0
    [told] = await svc.told(PaymentAllocated)
    assert isinstance(told.data, PaymentAllocated)
    assert (told.time, told.data.received_at, told.data.credit) == (svc.clock.now, svc.clock.now - timedelta(days=5), Decimal(0))
    assert [(a.position, a.amount) for a in told.data.allocations] == [(2, Decimal(50))]
    [part] = await svc.told(MilestonePartlyPaid)
    assert isinstance(part.data, MilestonePartlyPaid)
    assert part.data.paid.amount == 50


async def test_the_oldest_due_is_paid_first_whatever_its_position(office: Office) -> None:
    contract = await office.signed(total="1000", schedule=schedule(("signed", "50", 60), ("signed", "30", 10), ("signed", "20", 60)))
    await office.pay(contract, "400")
    assert [amount(m["paid"]) for m in (await office.read(contract))["milestones"]] == [100, 300, 0]


async def test_the_last_payment_pays_in_full_and_completes(office: Office, svc: Running) -> None:
    contract = await office.delivered(total="1000")
    assert states(contract) == ["triggered"] * 3
    svc.clock.advance(days=3)
    await office.pay(contract, "999.99")
    assert (await office.read(contract))["state"] == "active"
    yesterday = svc.clock.now - timedelta(days=1)
    await office.pay(contract, "0.01", received_at=yesterday.isoformat())
    done = await office.read(contract)
    assert (done["state"], states(done)) == ("completed", ["paid"] * 3)
    [full] = await svc.told(ContractPaidInFull)
    [completed] = await svc.told(ContractCompleted)
    assert isinstance(full.data, ContractPaidInFull)
    assert full.time == full.data.paid_at == completed.time == svc.clock.now, "the other milestones were paid today"


async def test_a_prepaid_contract_is_paid_in_full_once_everything_was_asked_for(office: Office, svc: Running) -> None:
    contract = await office.signed(total="1000")
    await office.pay(contract, "1000")
    await office.act(contract, "go-live")
    assert await svc.told(ContractPaidInFull) == []
    svc.clock.advance(days=2)
    assert (await office.act(contract, "accept"))["state"] == "completed"
    [full] = await svc.told(ContractPaidInFull)
    assert full.time == svc.clock.now


async def test_a_reversal_restores_and_the_completed_contract_is_active_again(office: Office, svc: Running) -> None:
    contract = await office.delivered(total="1000")
    first = await office.pay(contract, "700")
    before = await office.read(contract)
    second = await office.pay(contract, "300")
    assert (await office.read(contract))["state"] == "completed"
    reversed_ = await office.reverse(second)
    assert reversed_["reversed_at"] == "2026-03-02T09:00:00Z"
    after = await office.read(contract)
    assert (after["state"], after["paid_at"], money_of(after)) == ("active", None, money_of(before))
    assert states(after) == states(before) == ["paid", "partly_paid", "triggered"]
    [told] = await svc.told(PaymentReversed)
    assert isinstance(told.data, PaymentReversed)
    assert [(a.position, a.amount) for a in told.data.allocations] == [(2, Decimal(100)), (3, Decimal(200))]
    assert len(await svc.told(ContractPaymentReopened)) == len(await svc.told(ContractReopened)) == 1
    reopened = [e.data.paid.amount for e in await svc.told(MilestoneReopened) if isinstance(e.data, MilestoneReopened)]
    assert reopened == [Decimal(200), Decimal(0)]
    assert codes(await office.reverse(second, expect=409)) == {"reversed"}

    await office.pay(contract, "300")
    assert (await office.read(contract))["state"] == "completed"
    assert len(await svc.told(ContractCompleted)) == 2
    assert "reverse" in allowed(await office.ask("finance", "GET", f"/v1/payments/{first['id']}"))


async def test_credit_of_others_goes_to_what_a_reversal_opens(office: Office) -> None:
    contract = await office.signed(total="1000")
    first = await office.pay(contract, "500")
    await office.pay(contract, "80")
    await office.reverse(first)
    now = await office.read(contract)
    assert (states(now)[0], money_of(now)["paid"], money_of(now)["credit"]) == ("partly_paid", Decimal(80), Decimal(0))


async def test_overdue_is_told_when_the_due_day_is_over_with_what_was_open_then(office: Office, svc: Running) -> None:
    contract = await office.signed(total="1000")
    due = datetime(2026, 4, 2, tzinfo=UTC)
    await office.pay(contract, "100")
    svc.clock.advance(days=30)
    assert await svc.fire_due() == 0, "the last day to pay is not over"
    svc.clock.advance(days=2)
    await office.pay(contract, "200")  # two days late, and before the worker looks
    assert await svc.fire_due() == 1
    [told] = await svc.told(MilestoneOverdue)
    assert isinstance(told.data, MilestoneOverdue)
    assert (told.time, told.data.due_day, told.data.due_at) == (due, date(2026, 4, 1), due)
    assert told.data.outstanding.amount == Decimal(400)
    now = await office.read(contract)
    assert money_of(now)["overdue"] == Decimal(200)
    await office.pay(contract, "200")
    assert money_of(await office.read(contract))["overdue"] == 0


async def test_what_was_paid_in_time_is_never_overdue(office: Office, svc: Running) -> None:
    contract = await office.signed()
    await office.pay(contract, "56500")
    svc.clock.advance(days=60)
    assert await svc.fire_due() == 0
    assert await svc.told(MilestoneOverdue) == []


async def test_a_reversal_arms_the_due_date_again(office: Office, svc: Running) -> None:
    contract = await office.signed(total="1000")
    await office.reverse(await office.pay(contract, "500"))
    svc.clock.advance(days=31)
    assert await svc.fire_due() == 1
    assert len(await svc.told(MilestoneOverdue)) == 1

    late = await office.pay(contract, "500")
    svc.clock.advance(days=1)
    await office.reverse(late)
    [_, again] = await svc.told(MilestoneOverdue)
    assert isinstance(again.data, MilestoneOverdue)
    assert (again.time, again.data.outstanding.amount) == (svc.clock.now, Decimal(500))
    assert money_of(await office.read(contract))["overdue"] == Decimal(500)


async def test_finance_waives_what_is_open_and_the_contract_completes(office: Office, svc: Running) -> None:
    contract = await office.delivered(total="1000")
    await office.pay(contract, "900")
    last = (await office.read(contract))["milestones"][2]
    path = f"/v1/contracts/{contract['id']}/milestones/{last['id']}/waive"
    await office.ask("rep:ann", "POST", path, {"reason": "x"}, expect=403, etag="*")
    await office.ask("finance", "POST", path, {"reason": "x"}, expect=428)
    await office.ask("finance", "POST", path, {"reason": "x"}, expect=412, etag=1)
    other = (await office.draft())["id"]
    await office.ask("finance", "POST", path.replace(contract["id"], other), {"reason": "x"}, expect=404, etag="*")
    svc.clock.advance(days=1)
    waived = await office.ask("finance", "POST", path, {"reason": "We were late"}, etag=last["version"])
    assert (waived["state"], amount(waived["waived"]), amount(waived["paid"])) == ("waived", Decimal(100), Decimal(100))
    [told] = await svc.told(MilestoneWaived)
    assert isinstance(told.data, MilestoneWaived)
    assert told.data.waived is not None
    assert told.data.waived.amount == Decimal(100)
    assert (await office.read(contract))["state"] == "completed"
    [full] = await svc.told(ContractPaidInFull)
    assert isinstance(full.data, ContractPaidInFull)
    assert full.time == svc.clock.now, "nothing is open since the waiver"
    assert full.data.paid is not None
    assert (full.data.total.amount, full.data.paid.amount) == (1000, 900)
    assert codes(await office.ask("finance", "POST", path, {"reason": "x"}, expect=409, etag="*")) == {"nothing_open"}


async def test_money_taken_back_from_a_waived_milestone_is_owed_again(office: Office) -> None:
    contract = await office.signed(total="1000")
    payment = await office.pay(contract, "400")
    first = (await office.read(contract))["milestones"][0]
    await office.ask("finance", "POST", f"/v1/contracts/{contract['id']}/milestones/{first['id']}/waive", {"reason": "x"}, etag="*")
    await office.reverse(payment)
    milestone = (await office.read(contract))["milestones"][0]
    assert (milestone["state"], amount(milestone["outstanding"]), amount(milestone["waived"])) == ("triggered", Decimal(400), Decimal(100))


async def test_a_dated_milestone_falls_due_by_its_day(office: Office, svc: Running) -> None:
    terms = schedule(("date", "40", 14), ("date", "60", 14))
    dated = [t.model_copy(update={"due_on": day}) for t, day in zip(terms, (date(2026, 2, 1), date(2026, 4, 1)), strict=True)]
    contract = await office.signed(total="1000", schedule=dated)
    assert states(contract) == ["triggered", "planned"], "the first day lies before the signature"
    assert contract["milestones"][0]["triggered_at"] == contract["signed_at"]
    await office.pay(contract, "500")
    svc.clock.advance(days=40)
    await svc.fire_due()
    now = await office.read(contract)
    assert states(now) == ["paid", "partly_paid"], "credit goes to it"
    assert (now["milestones"][1]["triggered_at"], now["milestones"][1]["due_at"]) == ("2026-04-01T00:00:00Z", "2026-04-16T00:00:00Z")
    assert now["milestones"][1]["due_day"] == "2026-04-15"
    assert [e.time.day for e in await svc.told(MilestoneTriggered)] == [2, 1]


async def test_what_a_currency_cannot_split_is_paid_by_being_asked_for(office: Office) -> None:
    contract = await office.delivered(total="1", currency="JPY", fx=Decimal("0.05"))
    assert [amount(m["amount"]) for m in contract["milestones"]] == [0, 0, 1]
    assert states(contract) == ["paid", "paid", "triggered"]
    await office.pay(contract, "1")
    assert (await office.read(contract))["state"] == "completed"


async def test_payments_are_checked(office: Office, svc: Running) -> None:
    contract = await office.signed(total="1000")
    assert (await office.pay(contract, "10", currency="EUR", expect=422))["errors"][0]["code"] == "other_currency"
    assert (await office.pay(contract, "10.001", expect=422))["errors"][0]["code"] == "too_fine"
    assert (await office.pay(contract, "0", expect=422))["errors"][0]["pointer"] == "/amount"
    later = (svc.clock.now + timedelta(days=1)).isoformat()
    assert (await office.pay(contract, "10", received_at=later, expect=422))["errors"][0]["pointer"] == "/received_at"
    assert (await office.pay(contract, "10", received_at="2026-03-01T10:00:00", expect=422))["errors"][0]["pointer"] == "/received_at"
    long_ago = await office.pay(contract, "10", received_at="0001-01-01T00:00:00+14:00", expect=422)
    assert long_ago["errors"][0]["code"] == "time_range"
    assert codes(await office.pay(await office.draft(), "10", expect=409)) == {"wrong_state"}
    await office.pay({**contract, "id": str(uuid4())}, "10", expect=404)
    body = {"contract_id": contract["id"], "amount": {"amount": "10", "currency": "CNY"}}
    assert (await office.ask("finance", "POST", "/v1/payments", body, expect=400))["code"] == "idempotency_key_required"
    for who in ("rep:ann", "manager:max", "director", "auditor"):
        await office.ask(who, "POST", "/v1/payments", body, expect=403, key="k")
    payment = await office.pay(contract, "10")
    early = (svc.clock.now - timedelta(days=1)).isoformat()
    assert (await office.reverse(payment, reversed_at=early, expect=422))["errors"][0]["code"] == "before_previous"
    path = f"/v1/payments/{payment['id']}/reverse"
    await office.ask("finance", "POST", path, {"reason": "x"}, expect=428, key="r")
    await office.ask("finance", "POST", path, {"reason": "x"}, expect=412, key="r", etag=9)
    await office.ask("rep:ann", "POST", path, {"reason": "x"}, expect=403, key="r", etag="*")


async def test_the_same_key_books_once(office: Office, svc: Running) -> None:
    contract = await office.signed()
    first = await office.pay(contract, "100", key="bank-1")
    assert await office.pay(contract, "100", key="bank-1") == first
    assert (await office.pay(contract, "101", key="bank-1", expect=422))["errors"][0]["code"] == "key_reused"
    assert len(await svc.told(PaymentReceived)) == 1
    assert money_of(await office.read(contract))["paid"] == Decimal(100)


async def test_payments_at_the_same_time_take_turns(office: Office) -> None:
    contract = await office.signed(total="1000")
    await asyncio.gather(*[office.pay(contract, "120") for _ in range(6)])
    now = await office.read(contract)
    assert (states(now)[0], money_of(now)["paid"], money_of(now)["credit"]) == ("paid", Decimal(500), Decimal(220))


async def test_payments_are_listed_to_whoever_sees_the_contract(office: Office) -> None:
    contract, other = await office.signed(), await office.signed("rep:bob", owner_id=Running.person("rep", "bob"))
    mine = await office.pay(contract, "100", reference="ABC-1")
    await office.pay(other, "100")

    async def seen(who: str, **query: str) -> int:
        return len((await office.ask(who, "GET", "/v1/payments", **query))["items"])

    assert [await seen(w) for w in ("rep:ann", "rep:bob", "manager:max", "manager:zoe", "finance")] == [1, 1, 2, 0, 2]
    assert await seen("finance", q="abc") == await seen("finance", contract_id=contract["id"]) == 1
    await office.ask("rep:bob", "GET", f"/v1/payments/{mine['id']}", expect=404)
    assert allowed(await office.ask("rep:ann", "GET", f"/v1/payments/{mine['id']}")) == set()


async def test_a_payment_shows_although_the_contracts_version_stays(office: Office, svc: Running) -> None:
    """A conditional GET never hides what hangs on the contract."""
    contract = await office.signed(total="1000")
    before = await office.read(contract)
    await office.pay(contract, "500")
    async with svc.client("director") as client:
        again = await client.get(f"/v1/contracts/{contract['id']}", headers={"If-None-Match": f'"{before["version"]}"'})
    assert again.status_code == 200
    assert money_of(again.json())["paid"] == Decimal(500)
