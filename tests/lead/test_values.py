"""What lead-svc takes as times and names, and refusals that pass by themselves."""

from typing import Any

import pytest

from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"captured_at": "20250101"}, "/captured_at", "time_format"),
        ({"captured_at": "1735689600"}, "/captured_at", "time_format"),
        ({"captured_at": "2026-01-01T08:00:00"}, "/captured_at", "time_zone_missing"),
        ({"captured_at": "0001-01-01T00:00:00Z"}, "/captured_at", "time_range"),
        ({"company": "\u200b"}, "/company", "blank"),
        ({"company": "Acme\x07"}, "/company", "unseen_character"),
        ({"company": "   "}, "/company", "string_too_short"),
        ({"contact_name": "Ann\u202e"}, "/contact_name", "unseen_character"),
    ],
)
async def test_what_is_no_value_is_refused_where_it_is(desk: Desk, given: dict[str, Any], pointer: str, code: str) -> None:
    refused = done(await desk.by("ann").post("/v1/leads", json=given), 422)
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [(pointer, code)]


async def test_while_deal_svc_has_not_answered_a_refusal_is_not_kept(desk: Desk, svc: Running) -> None:
    lead = await desk.act(await desk.sql(), "convert")
    assert lead["state"] == "converting"
    headers = {"If-Match": "*", "Idempotency-Key": "soon"}
    for _ in range(2):
        refused = await desk.by("ann").post(f"/v1/leads/{lead['id']}/disqualify", json={"reason": "no_budget"}, headers=headers)
        assert (refused.status_code, refused.headers.get("retry-after"), "idempotency-replayed" in refused.headers) == (409, "1", False)


@pytest.mark.parametrize("amount", [{"amount": "1.005", "currency": "CNY"}, {"amount": "-1", "currency": "CNY"}])
async def test_a_conversion_names_an_amount_that_can_be_paid(desk: Desk, amount: dict[str, str]) -> None:
    refused = await desk.attempt(await desk.sql(), "convert", amount=amount)
    assert done(refused, 422)["errors"][0]["pointer"].startswith("/amount")
