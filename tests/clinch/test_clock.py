"""Deadlines are tried on a real embedded run: its clock is moved, and API, worker, timers and tokens follow."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from clinch.client.token import fetch
from tests.clinch.embedded import eventually
from tests.clinch.test_commands import clinch
from tests.ports import free_port


@pytest.fixture
def system() -> Iterator[tuple[str, Path]]:
    folder, port = Path(tempfile.mkdtemp(prefix="clinch-test-")), free_port()
    started = clinch("up", "--port", str(port), data=folder)
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        yield f"http://127.0.0.1:{port}", folder
    finally:
        clinch("down", data=folder)
        shutil.rmtree(folder, ignore_errors=True)


def ask(origin: str, token: str, method: str, path: str, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}", "If-Match": "*", "Idempotency-Key": str(uuid4())}
    answer = httpx.request(method, f"{origin}{path}", headers=headers, json=body or None, timeout=30)
    assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json()


def test_an_offer_expires_and_tokens_age_when_the_clock_is_moved(system: tuple[str, Path]) -> None:
    origin, folder = system
    rep, ops = (fetch(origin, role)[0] for role in ("rep", "ops"))
    product = ask(origin, ops, "POST", "/v1/products", sku="S", name="Suite", line="suite", tax_percent="13")["id"]
    price = {"amount": "100", "currency": "CNY"}
    ask(origin, ops, "PUT", f"/v1/products/{product}/prices", unit_price=price, valid_from="2020-01-01")
    account = ask(origin, rep, "POST", "/v1/accounts", name="Acme")["id"]
    deal = eventually(lambda: tried(origin, rep, "/v1/deals", name="Suite", amount=price, kind="new", account_id=account))["id"]
    quote = ask(origin, rep, "POST", "/v1/quotes", deal_id=deal, lines=[{"product_id": product, "quantity": "1"}])["id"]
    sent = ask(origin, rep, "POST", f"/v1/quotes/{quote}/send")
    days = (date.fromisoformat(sent["valid_until"]) - datetime.now(UTC).date()).days

    moved = clinch("clock", f"+{days}d", data=folder)
    assert (moved.returncode, moved.stderr) == (0, "")
    assert f"The clock is moved by +{days} d: it is " in moved.stdout
    old = httpx.get(f"{origin}/v1/quotes/{quote}", headers={"Authorization": f"Bearer {rep}"}, timeout=30)
    assert (old.status_code, "expired" in old.text) == (401, True), "the token's hour is over"
    rep = fetch(origin, "rep")[0]
    assert ask(origin, rep, "GET", f"/v1/quotes/{quote}")["status"] == "sent", "it is good on its last day"

    clinch("clock", "+1d", data=folder)
    rep = fetch(origin, "rep")[0]
    expired = eventually(lambda: ask(origin, rep, "GET", f"/v1/quotes/{quote}")["status"] == "expired")
    assert expired
    [event] = eventually(lambda: feed(origin, "quote.expired"))
    at = datetime.fromisoformat(event["event"]["time"])
    assert timedelta(days=days) < at - datetime.now(UTC) <= timedelta(days=days + 1), "told by the moved clock"
    status = clinch("status", data=folder)
    assert f"The clock is moved by +{days + 1} d" in status.stdout, status.stdout
    checked = clinch("verify", "--rebuild", data=folder)
    assert checked.returncode == 0, checked.stdout + checked.stderr

    back = clinch("clock", "real", data=folder)
    assert (back.returncode, back.stdout.startswith("The clock is the machine's")) == (0, True)
    assert "Timers that have fired stay fired" in back.stderr
    assert ask(origin, fetch(origin, "rep")[0], "GET", f"/v1/quotes/{quote}")["status"] == "expired"


def tried(origin: str, token: str, path: str, **body: Any) -> Any:
    """Posted, or nothing while deal-svc has not heard of the account."""
    with suppress(AssertionError):
        return ask(origin, token, "POST", path, **body)


def feed(origin: str, kind: str) -> list[dict[str, Any]]:
    token = fetch(origin, "ops")[0]
    found: list[dict[str, Any]] = ask(origin, token, "GET", f"/v1/events?types=clinch.{kind}.v1")["items"]
    return found


def test_a_moved_folder_does_not_start_in_production(system: tuple[str, Path]) -> None:
    origin, folder = system
    assert clinch("clock", "+5h", data=folder).returncode == 0
    assert clinch("down", data=folder).returncode == 0
    port = origin.rpartition(":")[2]
    keys = {"CLINCH_CURSOR_KEY": "k" * 32, "CLINCH_SECRET_KEY": "s" * 32, "CLINCH_ISSUER": "http://127.0.0.1:1/issuer"}
    up = clinch("up", "--port", port, data=folder, CLINCH_ENV="production", **keys)
    assert (up.returncode, "has a moved clock (+5 h)" in up.stderr) == (2, True), up.stdout + up.stderr
    refused = clinch("clock", "+1h", data=folder, CLINCH_ENV="production")
    assert (refused.returncode, "nobody moves it" in refused.stderr) == (2, True)
    assert os.listdir(folder)
