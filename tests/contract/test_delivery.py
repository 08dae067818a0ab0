"""Going live, acceptance, termination, and who sees what."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from shared.events.contract import (
    ContractAcceptanceOverdue,
    ContractAccepted,
    ContractTerminated,
    ContractWentLive,
    MilestoneTriggered,
    MilestoneWaived,
)
from tests.client import allowed, codes, unmet
from tests.contract.office import ACME, TEAM, Office, money_of, states
from tests.harness import Running


async def test_go_live_starts_the_time_for_acceptance(office: Office, svc: Running) -> None:
    contract = await office.signed(at=svc.clock.now - timedelta(days=20), sign={"signed_at": "2026-02-20T12:00:00Z"})
    assert codes(await office.act(contract, "accept", expect=409)) == {"not_live"}
    live = await office.act(contract, "go-live", "csm", live_on="2026-02-25")
    assert (live["live_on"], live["acceptance_due_day"]) == ("2026-02-25", "2026-03-27")
    assert live["acceptance_due_at"] == "2026-03-28T00:00:00Z", "the end of the day"
    assert live["milestones"][1]["due_day"] == "2026-03-27"
    [told] = await svc.told(ContractWentLive)
    assert isinstance(told.data, ContractWentLive)
    assert (told.time.isoformat(), told.data.committed_on) == ("2026-02-25T00:00:00+00:00", None)
    assert codes(await office.act(contract, "go-live", expect=409)) == {"live"}

    before_live = await office.act(contract, "accept", accepted_at="2026-02-24T00:00:00Z", expect=422)
    assert (before_live["errors"][0]["pointer"], before_live["errors"][0]["code"]) == ("/accepted_at", "before_previous")
    accepted = await office.act(contract, "accept", accepted_at="2026-03-01T08:00:00Z")
    assert states(accepted) == ["triggered"] * 3
    [yes] = await svc.told(ContractAccepted)
    assert isinstance(yes.data, ContractAccepted)
    assert yes.data.due_at == told.data.acceptance_due_at
    assert codes(await office.act(contract, "accept", expect=409)) == {"accepted"}


async def test_go_live_days_lie_between_signature_and_today(office: Office, svc: Running) -> None:
    contract = await office.signed()
    for day, code in (("2026-03-03", "future"), ("2026-03-01", "before_previous")):
        refused = await office.act(contract, "go-live", live_on=day, expect=422)
        assert (refused["errors"][0]["pointer"], refused["errors"][0]["code"]) == ("/live_on", code)
    live = await office.act(contract, "go-live", live_on="2026-03-02")
    assert live["milestones"][1]["triggered_at"] == "2026-03-02T09:00:00Z"
    assert codes(await office.act(await office.draft(), "go-live", expect=409)) == {"wrong_state"}
    await office.act(contract, "go-live", "finance", expect=403)


async def test_a_late_acceptance_is_told_once_and_can_still_come(office: Office, svc: Running) -> None:
    contract = await office.act(await office.signed(total="1000"), "go-live")
    await office.pay(contract, "1000")
    svc.clock.advance(days=30)
    assert await svc.fire_due() == 1, "it is due soon"
    assert await svc.told(ContractAcceptanceOverdue) == [], "the last day is not over"
    svc.clock.advance(days=2)
    assert await svc.fire_due() == 1
    [told] = await svc.told(ContractAcceptanceOverdue)
    assert isinstance(told.data, ContractAcceptanceOverdue)
    assert (told.time, told.data.due_day) == (datetime(2026, 4, 2, tzinfo=UTC), date(2026, 4, 1))
    assert str(told.data.contract_id) == contract["id"]
    assert (await office.read(contract))["acceptance_overdue"] is True
    assert (await office.act(contract, "accept"))["state"] == "completed"
    assert await svc.fire_due() == 0


async def test_an_acceptance_in_time_that_is_told_late_was_not_late(office: Office, svc: Running) -> None:
    contract = await office.act(await office.signed(), "go-live")
    in_time = svc.clock.now + timedelta(days=29)
    svc.clock.advance(days=40)
    assert await svc.fire_due() == 3, "the acceptance, and the payments of signature and go-live"
    assert (await office.read(contract))["acceptance_overdue"] is True
    assert (await office.act(contract, "accept", accepted_at=in_time.isoformat()))["acceptance_overdue"] is False

    other = await office.act(await office.signed(), "go-live")
    svc.clock.advance(days=31)
    assert (await office.act(other, "accept"))["acceptance_overdue"] is True, "late, though no timer has said so yet"


async def test_an_acceptance_in_time_is_never_late(office: Office, svc: Running) -> None:
    contract = await office.delivered(total="1000")
    await office.pay(contract, "1000")
    svc.clock.advance(days=60)
    assert await svc.fire_due() == 0


async def test_a_termination_keeps_what_is_due_and_drops_the_rest(office: Office, svc: Running) -> None:
    contract = await office.act(await office.signed(total="1000"), "go-live")
    await office.act(contract, "terminate", "rep:ann", reason="x", expect=403)
    await office.act(contract, "terminate", "manager:zoe", reason="x", expect=404)
    ended = await office.act(contract, "terminate", "manager:max", reason="They closed the branch")
    assert (ended["state"], ended["close_reason"], states(ended)) == (
        "terminated",
        "They closed the branch",
        ["triggered", "triggered", "waived"],
    )
    assert len(await svc.told(ContractTerminated)) == len(await svc.told(MilestoneWaived)) == 1
    await office.pay(contract, "800")
    now = await office.read(contract)
    assert (now["state"], now["paid_at"] is not None, money_of(now)["outstanding"]) == ("terminated", True, Decimal(0))
    svc.clock.advance(days=90)
    assert await svc.fire_due() == 0, "no acceptance is waited for"


async def test_everybody_sees_the_contracts_in_reach_and_no_others(office: Office) -> None:
    ann, bob = await office.draft(), await office.draft(owner_id=Running.person("rep", "bob"))

    async def seen(who: str) -> set[str]:
        return {c["id"] for c in (await office.ask(who, "GET", "/v1/contracts"))["items"]}

    both = {ann["id"], bob["id"]}
    assert await seen("rep:ann") == {ann["id"]}
    assert await seen("rep:bob") == {bob["id"]}
    assert await seen("manager:max") == await seen("assistant:nora") == await seen("legal") == await seen("auditor") == both
    assert await seen("manager:zoe") == set()
    for path in ("", "/timeline", "/milestones"):
        await office.ask("rep:bob", "GET", f"/v1/contracts/{ann['id']}{path}", expect=404)
        await office.ask("rep:ann", "GET", f"/v1/contracts/{ann['id']}{path}")


async def test_the_actions_of_each_role_are_listed_with_what_is_missing(office: Office) -> None:
    draft = await office.draft()
    assert allowed(await office.read(draft, "rep:ann")) == {"change", "submit", "void", "attach"}
    assert allowed(await office.read(draft, "assistant:nora")) == allowed(await office.read(draft, "legal")) == {"change", "attach"}
    assert allowed(await office.read(draft, "auditor")) == set()
    assert unmet(await office.read(draft, "rep:ann"), "send_for_signature") == {"wrong_state", "signers"}
    (listed,) = (await office.ask("rep:ann", "GET", "/v1/contracts"))["items"]
    assert allowed(listed) == {"change", "submit", "void", "attach"}
    active = await office.act(await office.signed(), "go-live")
    assert allowed(await office.read(active, "manager:max")) == {"accept", "assign", "terminate", "attach"}
    assert allowed(await office.read(active, "finance")) == {"receive_payment", "attach"}
    assert allowed((await office.read(active, "finance"))["milestones"][0]) == {"waive"}


async def test_lists_filter_search_and_sum(office: Office, svc: Running) -> None:
    small, big = await office.signed(total="1000"), await office.draft(total="9000", account_name="Bolt AG")
    await office.pay(small, "600")

    async def found(**query: str) -> list[str]:
        return [c["id"] for c in (await office.ask("admin", "GET", "/v1/contracts", **query))["items"]]

    assert await found(state="active") == await found(**{"total[lt]": "2000"}) == await found(q="acme") == [small["id"]]
    assert await found(q="c-2026-000002") == await found(q="bolt") == await found(deal_id=big["deal_id"]) == [big["id"]]
    assert await found(sort="total") == [small["id"], big["id"]]
    assert await found(account_id=str(ACME), team_id=str(TEAM), **{"signed_at[gte]": "2026-03-01T00:00:00Z"}) == [small["id"]]
    assert await found(owner_id=str(svc.person("rep", "ann")), starts_on="2026-03-02") == [small["id"]]
    (listed,) = (await office.ask("admin", "GET", "/v1/contracts", state="active"))["items"]
    assert money_of(listed) == money_of(await office.read(small))
    assert "sections" not in listed
    page = await office.ask("admin", "GET", "/v1/contracts", limit="1", count="exact")
    assert (page["count"], len(page["items"])) == (2, 1)
    assert page["next_cursor"]


async def test_the_timeline_tells_of_milestones_and_payments_too(office: Office, svc: Running) -> None:
    contract = await office.signed(total="1000")
    await office.pay(contract, "100")
    entries = (await office.ask("rep:ann", "GET", f"/v1/contracts/{contract['id']}/timeline", sort="time"))["items"]
    kinds = {e["type"].split(".")[1] + "." + e["type"].split(".")[2] for e in entries}
    assert {
        "contract.drafted",
        "contract.signed",
        "milestone.planned",
        "milestone.triggered",
        "milestone.partly_paid",
        "payment.received",
    } <= kinds
    assert len(entries) == len(await svc.told())
    only = (await office.ask("rep:ann", "GET", f"/v1/contracts/{contract['id']}/timeline", type=MilestoneTriggered.type))["items"]
    assert len(only) == 1
