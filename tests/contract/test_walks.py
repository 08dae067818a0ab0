"""Contracts that anything may happen to, in any order: their histories stay legal and no money is lost."""

from collections import defaultdict
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.events import contract as told
from shared.events.envelope import Envelope, Event
from tests.contract.office import SIGNERS, Office, amount, money_of
from tests.harness import Running

WAYS: dict[type[Event], tuple[set[str], str]] = {
    told.ContractSubmitted: ({"draft"}, "in_review"),
    told.ContractApproved: ({"in_review"}, "approved"),
    told.ContractRejected: ({"in_review"}, "draft"),
    told.ContractSentForSignature: ({"approved"}, "out_for_signature"),
    told.ContractDeclined: ({"out_for_signature"}, "draft"),
    told.ContractSigned: ({"out_for_signature"}, "signed"),
    told.ContractActivated: ({"signed"}, "active"),
    told.ContractCompleted: ({"active"}, "completed"),
    told.ContractReopened: ({"completed"}, "active"),
    told.ContractTerminated: ({"active"}, "terminated"),
    told.ContractVoided: ({"draft", "in_review", "approved", "out_for_signature", "signed"}, "voided"),
}
"""From where to where each event leads; the others leave the state as it is."""

STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "submit": ("rep:ann", {}),
    "send-for-signature": ("assistant:nora", {"signers": SIGNERS}),
    "sign": ("rep:ann", {}),
    "decline": ("rep:ann", {"reason": "x"}),
    "void": ("director", {"reason": "x"}),
    "go-live": ("csm", {}),
    "accept": ("csm", {}),
    "terminate": ("manager:max", {"reason": "x"}),
}
FORWARD = ["submit", "review", "send-for-signature", "sign", "go-live", "accept", "pay 400"]
anything = st.sampled_from(
    [*FORWARD, *FORWARD, "pay 70", "pay 1000", "sign later", "decline", "reject", "void", "terminate", "reverse", "waive", "wait", "edit"]
)


async def step(office: Office, svc: Running, contract: dict[str, Any], name: str) -> None:
    """Try it; a refusal is an answer like any other, a failure is not."""
    path = f"/v1/contracts/{contract['id']}"
    match name.split():
        case ["review"] | ["reject"]:
            digest = (await office.read(contract))["content_hash"] or "0" * 64
            for who, part in (("legal", "legal"), ("finance", "finance"), ("manager:max", "manager")):
                decision = {"decision": "rejected", "reason": "x"} if name == "reject" else {"decision": "approved"}
                made = await office.raw(who, "POST", f"{path}/reviews", {"part": part, "content_hash": digest} | decision)
                assert made.status_code in (200, 409)
            return
        case ["pay", money]:
            body = {"contract_id": contract["id"], "amount": {"amount": money, "currency": "CNY"}}
            made = await office.raw("finance", "POST", "/v1/payments", body, key=str(uuid4()))
        case ["reverse"]:
            payments = (await office.ask("finance", "GET", "/v1/payments", contract_id=contract["id"]))["items"]
            if not payments:
                return
            made = await office.raw(
                "finance", "POST", f"/v1/payments/{payments[-1]['id']}/reverse", {"reason": "x"}, etag="*", key=str(uuid4())
            )
        case ["waive"]:
            milestone = (await office.read(contract))["milestones"][-1]["id"]
            made = await office.raw("finance", "POST", f"{path}/milestones/{milestone}/waive", {"reason": "x"}, etag="*")
        case ["wait"]:
            svc.clock.advance(days=21)
            await svc.fire_due()
            return
        case ["edit"]:
            made = await office.raw("rep:ann", "PATCH", path, {"ends_on": str(svc.clock.now.date())}, etag="*")
        case ["sign", "later"]:
            later = svc.clock.now.date().replace(year=svc.clock.now.year + 1)
            made = await office.raw("rep:ann", "POST", f"{path}/sign", {"starts_on": str(later)}, etag="*")
        case _:
            who, body = STEPS[name]
            made = await office.raw(who, "POST", f"{path}/{name}", body, etag="*")
    assert made.status_code in (200, 201, 409), (name, made.text)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([0, 3, 4, 6, 7]), st.lists(anything, min_size=5, max_size=14))
async def test_whatever_happens_the_history_is_legal_and_the_money_is_there(
    office: Office, svc: Running, start: int, names: list[str]
) -> None:
    contract = await office.draft(total="1000.01")
    for name in [*FORWARD[:start], *names]:
        await step(office, svc, contract, name)

    now = await office.read(contract)
    events: dict[str, list[Envelope[Event]]] = defaultdict(list)
    for e in await svc.told():
        events[str(e.subject)].append(e)
    assert _walked(events[now["id"]]) == now["state"]
    assert sum(amount(m["amount"]) for m in now["milestones"]) == amount(now["total"])
    payments = (await office.ask("finance", "GET", "/v1/payments", contract_id=now["id"]))["items"]
    assert sum(amount(p["amount"]) for p in payments if p["reversed_at"] is None) == money_of(now)["paid"] + money_of(now)["credit"]
    for payment in payments:
        assert sum((amount(a["amount"]) for a in payment["allocations"]), amount(payment["credit"])) == amount(payment["amount"])
    for milestone in now["milestones"]:
        parts = [amount(milestone[n]) for n in ("paid", "waived", "outstanding")]
        assert min(parts) >= 0
        assert sum(parts) == amount(milestone["amount"])
    if money_of(now)["credit"] and now["state"] != "voided":
        assert not any(m["triggered_at"] and amount(m["outstanding"]) for m in now["milestones"]), "credit while something is asked for"
    assert (now["paid_at"] is not None) == (amount(now["outstanding"]) == 0 < amount(now["paid"]))
    for thing in [now, *now["milestones"], *payments]:
        assert sorted(e.version for e in events[thing["id"]]) == list(range(1, thing["version"] + 1)), (
            "the version is the number of its events"
        )


def _walked(history: list[Envelope[Event]]) -> str:
    """The state that the history leads to; every event must be possible where it stands."""
    state = "draft"
    for event in sorted(history, key=lambda e: e.version):
        if type(event.data) in WAYS:
            sources, target = WAYS[type(event.data)]
            assert state in sources, (state, event.type)
            state = target
    return state
