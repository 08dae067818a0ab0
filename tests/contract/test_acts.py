"""What `allowed_actions` says of contracts, milestones and payments is what the routes do, for every role, owner and state."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from contract_svc.acts import CONTRACT_ACTS, MILESTONE_ACTS, PAYMENT_ACTS
from contract_svc.contracts.record import ReviewPart
from contract_svc.contracts.tables import CONTRACTS
from contract_svc.milestones.tables import MILESTONES
from contract_svc.payments.tables import PAYMENTS
from shared.auth import Role
from shared.events.team import PersonAdded
from tests.acts import Acts, Read
from tests.contract.office import SIGNERS, TEAM, Office
from tests.harness import Running

LATER = {"starts_on": "2026-06-01"}
CORE = ("rep:ann", "manager:max", "finance")
ROTATING = ("director", "csm", "assistant:nora", "legal", "admin", "kam")
OTHERS = (
    "rep:bob",
    "manager:zoe",
    "regional_head",
    "presales:pia",
    "product",
    "sales_ops",
    "ops",
    "marketing",
    "support",
    "service",
    "auditor",
)
EVERYBODY = (*CORE, *ROTATING, *OTHERS)


def test_every_role_asks() -> None:
    assert {who.partition(":")[0] for who in EVERYBODY} == {role for role in Role if role is not Role.system}


async def _contracts(office: Office) -> list[dict[str, Any]]:
    """One contract for each state, and for what else its acts ask."""
    draft = await office.draft()
    empty = await office.draft()
    await office.ask("rep:ann", "PATCH", f"/v1/contracts/{empty['id']}", {"sections": {"scope": ""}}, etag="*")
    submitted = await office.act(await office.draft(), "submit", "manager:max")
    reviewed = await office.review(await office.act(await office.draft(), "submit"), "legal")
    approved = await office.approved()
    named = await office.draft()
    await office.ask("rep:ann", "PATCH", f"/v1/contracts/{named['id']}", {"signers": SIGNERS}, etag="*")
    await office.act(named, "submit")
    for part in ReviewPart:
        await office.review(named, part)
    sent = await office.sent()
    signed = await office.signed(sign=LATER)
    paid_early = await office.signed(sign=LATER)
    await office.pay(paid_early, "10")
    active, live, accepted = await office.signed(), await office.act(await office.signed(), "go-live"), await office.delivered()
    completed = await office.delivered(total="100")
    await office.pay(completed, "100")
    terminated = await office.act(await office.signed(), "terminate", "manager:max", reason="x")
    voided = await office.act(await office.draft(), "void", reason="x")
    made = [draft, empty, submitted, reviewed, approved, named, sent, signed, paid_early, active, live, accepted, completed]
    return [*made, terminated, voided]


def _reading(office: Office, path: str) -> Read:
    async def read(who: str) -> dict[str, Any] | None:
        answer = await office.raw(who, "GET", path)
        assert answer.status_code in (200, 404)
        return None if answer.status_code == 404 else dict(answer.json())

    return read


async def _hold(acts: Acts, office: Office, contract: dict[str, Any], whos: Sequence[str]) -> None:
    async with office.svc.db.read() as db:
        row = await db.get(CONTRACTS, UUID(contract["id"]))
    await acts.hold(row, whos, _reading(office, f"/v1/contracts/{contract['id']}"))


async def test_the_acts_of_a_contract_are_what_its_answer_says(office: Office, svc: Running) -> None:
    await svc.hear(PersonAdded(role="presales", team_id=TEAM, team_path=[TEAM]), svc.person("presales", "pia"))
    await svc.hear(PersonAdded(role="manager"), svc.person("director"))
    acts = Acts(office, CONTRACT_ACTS)
    for place, contract in enumerate(await _contracts(office)):
        some = [ROTATING[(place + n) % len(ROTATING)] for n in range(2)]
        await _hold(acts, office, contract, (*CORE, *some) if place else EVERYBODY)
    for owner in ("kam", "csm", "manager:max", "legal", "presales:pia"):
        own = await office.draft(owner_id=office.id(owner))
        await _hold(acts, office, own, (owner,))
        await _hold(acts, office, await office.act(own, "submit", "admin"), (owner,))
    nobodys = await office.draft(owner_id=None)
    await _hold(acts, office, nobodys, ("rep:ann", "manager:max", "csm", "director"))
    acts.complete()


async def test_the_acts_of_a_milestone_are_what_its_answer_says(office: Office) -> None:
    acts = Acts(office, MILESTONE_ACTS)
    draft, signed, completed = await office.draft(), await office.signed(), await office.delivered(total="100")
    await office.pay(signed, "10")
    await office.pay(completed, "100")
    for contract in (draft, signed, completed):
        for milestone in contract["milestones"]:
            async with office.svc.db.read() as db:
                row = await db.get(MILESTONES, UUID(milestone["id"]))

            async def read(who: str, contract: Any = contract, milestone: Any = milestone) -> dict[str, Any] | None:
                answer = await office.raw(who, "GET", f"/v1/contracts/{contract['id']}/milestones")
                listed = answer.json()["items"] if answer.status_code == 200 else ()
                return next((dict(m) for m in listed if m["id"] == milestone["id"]), None)

            await acts.hold(row, EVERYBODY if contract is signed and milestone["position"] == 1 else ("finance", "rep:ann"), read)
    acts.complete()


async def test_the_acts_of_a_payment_are_what_its_answer_says(office: Office) -> None:
    acts = Acts(office, PAYMENT_ACTS)
    contract = await office.signed()
    kept, reversed_ = await office.pay(contract, "10"), await office.pay(contract, "20")
    await office.reverse(reversed_)
    for payment in (kept, reversed_):
        async with office.svc.db.read() as db:
            row = await db.get(PAYMENTS, UUID(payment["id"]))
        await acts.hold(row, EVERYBODY, _reading(office, f"/v1/payments/{payment['id']}"))
    acts.complete()
