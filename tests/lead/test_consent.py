"""Consent: granted and withdrawn by purpose, and who has withdrawn is left out also when they are captured again."""

from typing import Any

import pytest

from lead_svc.consent import rules
from lead_svc.consent.fields import Purpose, Use
from lead_svc.consent.policy import ConsentPolicy
from lead_svc.consent.queries import left_out
from lead_svc.imports.api import run_imports
from lead_svc.leads.tables import LEADS
from shared.auth import Role
from shared.events.consent import ConsentGranted, ConsentWithdrawn
from tests.client import done
from tests.harness import Running
from tests.importing import imported
from tests.lead.desk import WHO, Desk
from tests.statements import counted

TOLD = {"purpose": "contact", "decision": "withdrawn", "channel": "phone"}


async def declare(desk: Desk, lead: dict[str, Any], status: int = 201, by: str = "ann", of: str = "leads", **said: Any) -> dict[str, Any]:
    return done(await desk.by(by).post(f"/v1/{of}/{lead['id']}/consents", json=TOLD | said), status)


async def seen(desk: Desk, lead: dict[str, Any], by: str = "admin") -> dict[str, Any]:
    return done(await desk.by(by).get(f"/v1/leads/{lead['id']}/consents"))


async def to_mql(desk: Desk, lead: dict[str, Any]) -> tuple[int, list[str]]:
    answer = await desk.attempt(lead, "mql", "marketing", reason="asked for prices")
    return answer.status_code, [unmet["code"] for unmet in answer.json().get("unmet", ())]


async def test_the_newest_declaration_stands_and_all_are_kept(desk: Desk, svc: Running) -> None:
    lead = await desk.lead(**WHO)
    assert (await seen(desk, lead)) == {"stands": [], "asked_again": [], "left_out_of": [], "items": []}
    await declare(desk, lead, decision="granted", text_version="2026-01", channel="form", proof="confirmed mail 17")
    await declare(desk, lead, purpose="marketing", reason="too many mails")
    await declare(desk, lead)
    found = await seen(desk, lead)
    assert {s["purpose"]: s["decision"] for s in found["stands"]} == {"contact": "withdrawn", "marketing": "withdrawn"}
    assert [(i["purpose"], i["decision"], i["text_version"]) for i in found["items"]] == [
        ("contact", "withdrawn", None),
        ("marketing", "withdrawn", None),
        ("contact", "granted", "2026-01"),
    ]
    assert found["left_out_of"] == ["mql", "cadence", "campaigns"]
    told = await svc.told(ConsentGranted, ConsentWithdrawn)
    assert [type(e.data) for e in told] == [ConsentGranted, ConsentWithdrawn, ConsentWithdrawn]
    assert "mail 17" not in str(told)
    assert "anna" not in str(told)
    assert "too many" not in str(told)


async def test_a_declaration_of_before_changes_nothing_that_was_said_since(desk: Desk) -> None:
    lead = await desk.lead(**WHO)
    await declare(desk, lead, at="2026-03-01T12:00:00Z")
    await declare(desk, lead, decision="granted", text_version="2026-01", at="2026-02-01T12:00:00Z")
    assert [s["decision"] for s in (await seen(desk, lead))["stands"]] == ["withdrawn"]


async def test_to_grant_needs_the_text(desk: Desk) -> None:
    refused = await declare(desk, await desk.lead(**WHO), 422, decision="granted")
    assert refused["errors"][0]["code"] == "text_version_needed"


async def test_who_withdrew_becomes_no_mql_also_when_captured_again(desk: Desk) -> None:
    await declare(desk, await desk.lead(**WHO))
    again = await desk.lead(company="Elsewhere", email=" ANNA@Acme.Example ")
    assert await to_mql(desk, again) == (409, ["consent_withdrawn"])
    assert await to_mql(desk, await desk.lead(company="Acme Ltd", email="otto@acme.example", phone=WHO["phone"])) == (200, [])
    assert await to_mql(desk, await desk.lead(phone="030 123 45 67")) == (409, ["consent_withdrawn"]), "no address: the number counts"
    await declare(desk, again, decision="granted", text_version="2026-01")
    assert await to_mql(desk, again) == (200, [])


async def test_no_to_marketing_is_no_no_to_sales(desk: Desk) -> None:
    lead = await desk.lead(**WHO)
    await declare(desk, lead, purpose="marketing")
    assert (await seen(desk, lead))["left_out_of"] == ["campaigns"]
    assert await to_mql(desk, lead) == (200, [])


async def test_an_opt_out_withdraws_everything(desk: Desk, svc: Running) -> None:
    lead = await desk.lead(**WHO)
    await desk.act(lead, "disqualify", reason="opt_out")
    assert sorted(e.data.purpose for e in await svc.told(ConsentWithdrawn)) == ["contact", "marketing"]
    again = await desk.lead(email="anna@acme.example")
    assert (await seen(desk, again))["left_out_of"] == ["mql", "cadence", "campaigns"]
    await desk.act(await desk.lead(email="other@acme.example"), "disqualify", reason="no_budget")
    assert len(await svc.told(ConsentWithdrawn)) == 2


async def test_so_does_an_opt_out_in_a_file(desk: Desk, svc: Running) -> None:
    raw = "external_id,email,captured_at,disqualified_at,disqualified_reason\n" + "".join(
        f"L-{n},p{n}@x.example,2026-01-01,2026-01-02,{'opt_out' if n % 2 else 'no_budget'}\n" for n in range(6)
    )
    mapped = [f"{name}={name}" for name in raw.split("\n")[0].split(",")]
    job = await imported(svc, desk.by("admin"), "/v1/imports/leads", run_imports, raw, map=mapped)
    assert (job["created"], len(await svc.told(ConsentWithdrawn))) == (6, 6)
    assert await to_mql(desk, await desk.lead(email="p1@x.example")) == (409, ["consent_withdrawn"])
    assert await to_mql(desk, await desk.lead(email="p2@x.example")) == (200, [])


async def test_a_contact_withdraws_for_their_leads(desk: Desk) -> None:
    account = done(await desk.by("admin").post("/v1/accounts", json={"name": "Acme"}), 201)
    contact = done(await desk.by("admin").post("/v1/contacts", json={"account_id": account["id"], "name": "Anna"}), 201)
    lead = done(await desk.by("admin").post("/v1/leads", json={"account_id": account["id"], "contact_id": contact["id"]}), 201)
    await declare(desk, contact, by="admin", of="contacts")
    assert (await seen(desk, lead))["left_out_of"] == ["mql", "cadence", "campaigns"]
    own = done(await desk.by("admin").get(f"/v1/contacts/{contact['id']}/consents"))
    assert [i["contact_id"] for i in own["items"]] == [contact["id"]]


async def test_many_are_asked_by_one_statement(desk: Desk, svc: Running) -> None:
    leads = [await desk.lead(email=f"p{n}@x.example") for n in range(6)]
    await declare(desk, leads[2])
    async with svc.transaction() as tx:
        rows = await tx.all(LEADS.get_many, ids=[lead["id"] for lead in leads])
        with counted() as statements:
            found = await left_out(tx, rows, Use.CADENCE)
        assert ([str(id) for id in found], len(statements)) == ([leads[2]["id"]], 1)


async def test_proof_and_reason_are_for_those_who_see_personal_data(desk: Desk) -> None:
    lead = await desk.lead(**WHO)
    await declare(desk, lead, proof="call of Monday", reason="moved")
    assert [(i["proof"], i["reason"]) for i in (await seen(desk, lead, "auditor"))["items"]] == [(None, None)]
    assert (await desk.by("sue").get(f"/v1/leads/{lead['id']}/consents")).status_code == 404
    assert (await desk.by("sue").post(f"/v1/leads/{lead['id']}/consents", json=TOLD)).status_code == 404
    await declare(desk, lead, 403, by=Role.auditor)


def test_policy_decides_what_a_withdrawal_keeps_from_and_whether_silence_is_a_yes() -> None:
    assert rules.missing(Use.MQL, {}, ConsentPolicy()) == []
    strict = ConsentPolicy(opt_in=True)
    assert [u.code for u in rules.missing(Use.CAMPAIGNS, {}, strict)] == ["consent_missing", "consent_missing"]
    assert [u.code for u in rules.missing(Use.MQL, {}, strict)] == ["consent_missing"]
    assert set(Use) == ConsentPolicy.model_fields.keys() - {"opt_in", "form_lifts"}
    assert set(Purpose) == type(strict.mql).model_fields.keys()


@pytest.mark.parametrize("one", ["+49 30 1234567", "0049 (30) 123-4567", "030/1234567"])
def test_a_number_is_one_however_it_is_written(one: str) -> None:
    assert rules.phone_key(one) == rules.phone_key("030 1234567")
    assert rules.phone_key("110") is None


async def test_who_opted_out_before_has_withdrawn(desk: Desk, svc: Running) -> None:
    """The migration finds the same keys as the rules."""
    lead = await desk.lead(**WHO)
    await desk.act(lead, "disqualify", reason="opt_out")
    (script,) = list(svc.service.migrations.glob("*_consent.py"))
    found: dict[str, Any] = {}
    exec(script.read_text(), found)
    async with svc.db.connection() as conn:
        told = {row["keys"] for row in await conn.fetch("SELECT keys::text FROM consent")}
        await conn.execute("DELETE FROM consent")
        await conn.execute(found["_OPTED_OUT"])
        kept = await conn.fetch("SELECT keys::text, purpose, decision FROM consent")
    assert {row["keys"] for row in kept} == told
    assert sorted((row["purpose"], row["decision"]) for row in kept) == [("contact", "withdrawn"), ("marketing", "withdrawn")]
