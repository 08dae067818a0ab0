"""Links for customers: what they open, when they end, and that their secret is nowhere."""

from typing import Any

import httpx
import pytest

from shared.http.hidden import without_secret
from shared.http.open import caller
from tests.client import codes
from tests.deal.sales import Sales
from tests.deal.spans import Spans


async def linked(sales: Sales, **body: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A quote that was sent, of a deal in negotiation, and a link to it."""
    quote = await sent(sales)
    return quote, await sales.ask("rep:ann", "POST", f"/v1/quotes/{quote['id']}/links", body, expect=201)


async def sent(sales: Sales) -> dict[str, Any]:
    deal = await sales.deal()
    quote = await sales.quote(deal)
    await sales.act(quote, "send")
    await sales.move(deal, "negotiation", "manager:max", reason="They know us")
    return quote


async def opened(sales: Sales, path: str, **headers: str) -> httpx.Response:
    """As a customer: without a token."""
    async with as_customer(sales) as customer:
        return await customer.get(path, headers=headers)


def as_customer(sales: Sales) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=sales.svc.app)  # type: ignore[attr-defined]
    return httpx.AsyncClient(transport=transport, base_url="http://customer")


async def test_a_customer_reads_what_went_out(sales: Sales) -> None:
    quote, link = await linked(sales, language="zh")
    answer = await opened(sales, link["path"] + "/document")
    assert answer.status_code == 200
    own = await sales.raw("rep:ann", "GET", f"/v1/quotes/{quote['id']}/document", lang="zh")
    assert answer.content == own.content
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert f"{quote['number']}-1-zh.pdf" in answer.headers["content-disposition"]


async def test_opening_a_link_changes_nothing(sales: Sales) -> None:
    quote, link = await linked(sales)
    before = await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}")
    async with sales.svc.db.read() as db:
        events = await db.value("SELECT count(*) FROM event")
    for _ in range(3):
        assert (await opened(sales, link["path"])).status_code == 200
    assert await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}") == before
    async with sales.svc.db.read() as db:
        assert await db.value("SELECT count(*) FROM event") == events


async def test_the_secret_is_kept_nowhere(sales: Sales, capfd: pytest.CaptureFixture[str]) -> None:
    quote = await sent(sales)
    asked = await sales.raw("rep:ann", "POST", f"/v1/quotes/{quote['id']}/links", {}, key="once")
    again = await sales.raw("rep:ann", "POST", f"/v1/quotes/{quote['id']}/links", {}, key="once")
    assert again.json() == asked.json()
    secret = asked.json()["path"].rpartition("/")[2]
    assert len(secret) == 22
    await opened(sales, f"/p/quotes/{secret}")
    async with sales.svc.db.read() as db:
        for table in ("link", "event", "outbox", "idempotency", "access_log"):
            for column in [r["column_name"] for r in await db.rows(
                "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema = 'public'", table
            )]:  # fmt: skip
                found = await db.value(f"SELECT count(*) FROM {table} WHERE {column}::text LIKE '%' || $1 || '%'", secret)
                hexed = secret.encode().hex()
                assert not found + await db.value(f"SELECT count(*) FROM {table} WHERE {column}::text LIKE '%' || $1 || '%'", hexed), table
    listed = await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}/links")
    assert secret not in str(listed)
    assert secret not in "".join(capfd.readouterr())


async def test_no_trace_has_the_secret(sales: Sales, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = Spans()
    monkeypatch.setitem(sales.svc.app._telemetry, "tracer_provider", spans)
    _, link = await linked(sales)
    secret = link["path"].rpartition("/")[2]
    assert (await opened(sales, f"/p/quotes/{secret}")).status_code == 200
    assert (await opened(sales, f"/p/quotes/{secret[::-1]}")).status_code == 404
    told = str([span.said for span in spans.kept])
    assert told.count("'url.path': '/p/quotes/-'") == 2, "both requests are traced"
    assert secret not in told
    assert secret[::-1] not in told


def test_an_address_loses_its_secret_before_anything_sees_it() -> None:
    scope = {"type": "http", "path": "/p/quotes/s3cret/more", "raw_path": b"/p/quotes/s3cret/more", "state": {}}
    hidden = without_secret(scope)
    assert hidden["path"] == "/p/quotes/-/more"
    assert hidden["raw_path"] == b"/p/quotes/-/more"
    assert hidden["state"]["secret"] == "s3cret"


async def test_a_link_ends(sales: Sales) -> None:
    _, link = await linked(sales, days=2)
    sales.svc.clock.advance(days=1)  # type: ignore[attr-defined]
    assert (await opened(sales, link["path"])).status_code == 200
    sales.svc.clock.advance(days=1)  # type: ignore[attr-defined]
    over, unknown = await opened(sales, link["path"]), await opened(sales, "/p/quotes/AAAAAAAAAAAAAAAAAAAAAA")
    assert over.status_code == unknown.status_code == 404
    assert over.text == unknown.text, "nobody learns that it once worked"
    assert "Nothing here" in over.text


async def test_a_link_is_revoked(sales: Sales) -> None:
    quote, link = await linked(sales)
    revoked = await sales.ask("manager:max", "POST", f"/v1/quotes/{quote['id']}/links/revoke", {})
    assert revoked["quote_version"] == link["quote_version"] + 1
    answer = await opened(sales, link["path"])
    assert answer.status_code == 404
    assert answer.headers["referrer-policy"] == "no-referrer", "refusals keep the address too"
    again = await sales.ask("manager:max", "POST", f"/v1/quotes/{quote['id']}/links/revoke", {})
    assert again == revoked, "nothing was left to end"
    [listed] = (await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}/links"))["items"]
    assert listed["revoked_at"] is not None


async def test_only_what_the_customer_has_is_linked_by_those_who_sell(sales: Sales) -> None:
    draft = await sales.quote(await sales.deal())
    refused = await sales.raw("rep:ann", "POST", f"/v1/quotes/{draft['id']}/links", {})
    assert codes(refused) == {"not_with_customer", "link_too_early"}
    await sales.act(draft, "send")
    refused = await sales.raw("rep:ann", "POST", f"/v1/quotes/{draft['id']}/links", {})
    assert codes(refused) == {"link_too_early"}, "before negotiation there is nothing to answer"
    quote, _ = await linked(sales)
    assert (await sales.raw("auditor", "POST", f"/v1/quotes/{quote['id']}/links", {})).status_code == 403
    assert (await sales.raw("manager:zoe", "POST", f"/v1/quotes/{quote['id']}/links", {})).status_code == 404
    assert (await sales.raw("manager:zoe", "GET", f"/v1/quotes/{quote['id']}/links")).status_code == 404


async def test_one_address_asks_so_many_times(sales: Sales) -> None:
    _, link = await linked(sales)
    states = [(await opened(sales, link["path"], **{"X-Forwarded-For": f"10.0.0.{n}"})).status_code for n in range(80)]
    assert states[0] == 200
    assert states[-1] == 429, "a header that anybody can send gives nobody a bucket of their own"


@pytest.mark.parametrize(
    ("forwarded", "trusted", "address"),
    [
        (["6.6.6.6"], 0, "9.9.9.9"),
        (["6.6.6.6, 1.2.3.4"], 1, "1.2.3.4"),
        (["6.6.6.6", "1.2.3.4, 10.0.0.1"], 2, "1.2.3.4"),
        (["1.2.3.4"], 2, "9.9.9.9"),
        (["2001:db8:1:2:3::1"], 1, "2001:db8:1:2::/64"),
        (["nonsense"], 1, "nonsense"),
    ],
)
def test_whose_address_counts(forwarded: list[str], trusted: int, address: str) -> None:
    assert caller("9.9.9.9", forwarded, trusted) == address
