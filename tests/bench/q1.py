"""Q1: a quote of 50 lines: its prices without storing them, its PDF against Typst alone, and the way through an approval."""

import statistics
from collections.abc import Awaitable, Callable
from itertools import repeat
from time import perf_counter
from typing import Any
from unittest.mock import patch

import orjson

from deal_svc.service import service
from shared.clock import utcnow
from shared.documents.record import Template
from shared.documents.render import _CHILD, _in_child
from shared.documents.render import SECONDS as RENDER_SECONDS
from tests.bench.compare import SECONDS, Progress
from tests.bench.load import Connection, drive, request
from tests.bench.report import Result
from tests.bench.stage import Server, Stage
from tests.deal.sales import Sales
from tests.harness import SteppedClock, running_on

_LINES = 50
_MOST_MS = 20
_MOST_TIMES = 1.5
_PAPERS, _APPROVALS = 5, 10
"""Of one round."""


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    url = await stage.database(service)
    progress("50 products, a deal and a quote")
    deal, draft, lines, asked = await _offer(url)
    async with stage.service(service, url) as server:
        made = _Made(stage, server, deal, lines)
        return [
            *await _prices(made, rounds, progress),
            await _papers(made, draft, asked, rounds, progress),
            await _approvals(made, rounds, progress),
        ]


async def _offer(url: str) -> tuple[str, str, list[dict[str, Any]], bytes]:
    """A deal, a draft with all its lines, these lines, and what Typst is given to make the draft's PDF."""
    settings = service.settings(env="test", database_url=url, bus_url=url, issuer="http://issuer.test", log_level="error")
    async with running_on(service, settings, SteppedClock(utcnow())) as svc:
        sales, given = await Sales.start(svc), list[bytes]()
        skus = [f"SKU-{n}" for n in range(_LINES)]
        for n, sku in enumerate(skus):
            await sales.product(sku, line="crm", price=f"{100 + n}.5")
        lines = [sales.line(str(n + 1), sku, discount_percent=str(n % 10)) for n, sku in enumerate(skus)]
        deal = await sales.deal()
        draft = await sales.quote(deal, lines=lines)

        async def listening(template: Template, asked: bytes, seconds: int) -> bytes:
            given.append(asked)
            return await _in_child(template, asked, seconds)

        with patch("shared.documents.render._in_child", listening):
            (await sales.raw("rep:ann", "GET", f"/v1/quotes/{draft['id']}/document")).raise_for_status()
    return deal["id"], draft["id"], lines, given[0]


class _Made:
    """What is asked of the server, as the rep and as their manager."""

    def __init__(self, stage: Stage, server: Server, deal: str, lines: list[dict[str, Any]]) -> None:
        self.server = server
        self.tokens = {role: stage.token(role, sub) for role, sub in (("rep", "ann"), ("manager", "max"))}
        self.draft = {"deal_id": deal, "lines": lines}

    def request(self, who: str, method: str, path: str, body: Any = None, version: int | None = None) -> bytes:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} | ({"If-Match": f'"{version}"'} if version else {})
        return request(method, path, headers, b"" if body is None else orjson.dumps(body))


async def _prices(made: _Made, rounds: int, progress: Progress) -> list[Result]:
    sent = made.request("rep", "POST", "/v1/quotes/price", made.draft)
    p50, p99, cpu = list[float](), list[float](), list[float]()
    for n in range(rounds + 1):
        progress(f"prices, round {n} of {rounds}")
        load = await drive(made.server.port, made.server.pid, [repeat(sent)], SECONDS)
        if n:
            p50.append(load.p50 * 1e3)
            p99.append(load.p99 * 1e3)
            cpu.append(load.cpu / load.requests * 1e3)
    said = [f"deal-svc, price: {statistics.median(cpu):.1f} ms of server CPU per request, over one connection"]
    what = f"price a draft of {_LINES} lines, without storing it"
    return [
        Result("Q1", f"{what}, {name}", "–", f"≤ {_MOST_MS} ms", values, most=_MOST_MS, unit="ms", absolute=absolute)
        for name, values, absolute in (("p50", p50, said), ("p99", p99, ()))
    ]


async def _papers(made: _Made, draft: str, asked: bytes, rounds: int, progress: Progress) -> Result:
    """The draft's document is made each time. The yardstick is the same process with the same input, without a service around it."""
    sent = made.request("rep", "GET", f"/v1/quotes/{draft}/document")
    connection = await Connection.open(made.server.port)
    ours, alone = list[float](), list[float]()

    async def by_service() -> None:
        assert (await connection.ask(sent)).startswith(b"%PDF")

    async def by_typst() -> None:
        assert b"%PDF" in await _in_child(Template(_CHILD.parent, "-"), asked, RENDER_SECONDS)

    for n in range(rounds + 1):
        progress(f"documents, round {n} of {rounds}")
        for times, make in ((ours, by_service), (alone, by_typst)) if n % 2 else ((alone, by_typst), (ours, by_service)):
            took = statistics.median([await _seconds(make) for _ in range(_PAPERS)])
            if n:
                times.append(took)
    connection.close()
    ratios = [a / b for a, b in zip(ours, alone, strict=True)]
    said = [f"{name}: {statistics.median(times) * 1e3:,.0f} ms a document" for name, times in (("deal-svc", ours), ("Typst", alone))]
    what, yardstick = f"the PDF of a draft of {_LINES} lines, time", "Typst in a process of its own, with the same input"
    return Result("Q1", what, yardstick, f"≤ {_MOST_TIMES:.2f}", ratios, most=_MOST_TIMES, absolute=said)


async def _seconds(make: Callable[[], Awaitable[None]]) -> float:
    started = perf_counter()
    await make()
    return perf_counter() - started


async def _approvals(made: _Made, rounds: int, progress: Progress) -> Result:
    """From the draft to the customer: submitted by the rep, approved by the manager, sent by the rep. One after the other."""
    body = made.draft | {"total_discount_percent": "15"}
    connection = await Connection.open(made.server.port)

    async def ask(who: str, path: str, body: Any, version: int | None = None) -> dict[str, Any]:
        return dict(orjson.loads(await connection.ask(made.request(who, "POST", path, body, version))))

    async def through(quote: dict[str, Any]) -> float:
        path, started = f"/v1/quotes/{quote['id']}", perf_counter()
        pending = await ask("rep", f"{path}/submit", {}, quote["version"])
        decision = {"step": "manager", "decision": "approved", "content_hash": pending["content_hash"]}
        approved = await ask("manager", f"{path}/decisions", decision)
        sent = await ask("rep", f"{path}/send", {}, approved["version"])
        took = perf_counter() - started
        assert (pending["status"], sent["status"]) == ("pending_approval", "sent")
        return took * 1e3

    each, all_of_it = list[float](), list[float]()
    for n in range(rounds + 1):
        progress(f"approvals, round {n} of {rounds}")
        drafts = [await ask("rep", "/v1/quotes", body) for _ in range(_APPROVALS)]
        took = [await through(draft) for draft in drafts]
        if n:
            each.append(statistics.median(took))
            all_of_it += took
    connection.close()
    said = [
        f"deal-svc, submit, decide and send: p50 {statistics.median(all_of_it):.1f} ms, slowest {max(all_of_it):.1f} ms, three requests"
    ]
    return Result("Q1", f"a quote of {_LINES} lines through its approval: submit, decide, send", "–", "–", each, unit="ms", absolute=said)
