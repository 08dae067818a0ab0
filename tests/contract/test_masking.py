"""Masked roles neither see nor find who signs a contract, nor reasons in somebody's own words."""

import pytest

from tests.contract.office import Office
from tests.harness import Running
from tests.masked import Reader

SIGNERS = [{"name": "Xanadu Quibble", "contact_id": None}]
SECRETS = ["Xanadu Quibble", "Xanadu did not sign", "Xanadu gave up", "Xanadu bounced"]


async def _everything(office: Office) -> dict[str, str]:
    contract = await office.sent()
    await office.act(contract, "decline", reason=SECRETS[1])
    await office.ask("rep:ann", "PATCH", f"/v1/contracts/{contract['id']}", {"signers": SIGNERS}, etag="*")
    await office.act(contract, "void", reason=SECRETS[2])
    paid = await office.signed()
    payment = await office.pay(paid, "100")
    await office.reverse(payment, reason=SECRETS[3])
    return {"contract_id": contract["id"], "payment_id": payment["id"]}


@pytest.mark.parametrize("role", ["auditor", "service", "service=payments.read"])
async def test_a_masked_role_sees_and_finds_nothing(office: Office, svc: Running, role: str) -> None:
    reader = Reader(svc, await _everything(office))
    shown = await reader.shows(role)
    assert "xanadu" not in shown
    assert "x*** q***" in shown
    assert await reader.finds(role, [*SECRETS, "Xanadu"]) == {}


async def test_support_sees_no_contract_at_all(office: Office, svc: Running) -> None:
    reader = Reader(svc, await _everything(office))
    assert "acme" not in await reader.shows("support")
    assert await reader.finds("support", ["acme"]) == {}


async def test_others_see_it(office: Office, svc: Running) -> None:
    shown = await Reader(svc, await _everything(office)).shows("director")
    assert [secret for secret in SECRETS if secret.lower() not in shown] == []


async def test_a_read_of_what_they_may_not_see_is_logged_and_what_is_masked_is_none(office: Office, svc: Running) -> None:
    reader = Reader(svc, await _everything(office))
    await reader.shows("auditor")
    assert await reader.logged("auditor") == {"list_accesses"}
    showing = await reader.operations_showing("director", ["xanadu"])
    assert showing >= {"get_contract", "list_contracts", "contract_timeline", "get_payment", "list_payments"}
    assert showing <= await reader.logged("director")
