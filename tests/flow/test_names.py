"""One account, one owner and one source, however files and callers spell them; whichever service hears of them first."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from clinch.run.postgres import Postgres
from shared.auth import person_id
from shared.parties import references
from shared.parties.references import made_id
from tests.flow.system import System, eventually, whole_system
from tests.flow.test_imports import by_source, funnel, imported

CAFE = ("Caf\u00e9 Z\u00fcrich", "Cafe\u0301 Zu\u0308rich", "CAF\u00c9\u00a0 Z\u00dcRICH ")
ACME = ("ACME  Corp", "Acme Corp", "Acme Corp ", "acme corp", "\uff21\uff23\uff2d\uff25 Corp")


@pytest.fixture
async def system(postgres: Postgres) -> AsyncIterator[System]:
    async with whole_system(postgres) as started:
        yield started


def rows(names: tuple[str, ...], key: str, day: str = "2026-01-05") -> str:
    return "".join(f'{key}-{n},{day},"{name}",1,"{name} deal {n}"\n' for n, name in enumerate(names, 1))


async def listed(client: httpx.AsyncClient, path: str, **params: str) -> list[dict[str, Any]]:
    answer = await client.get(path, params={"limit": "200", **params})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_spellings_of_an_account_are_one_account_that_search_finds_in_each(system: System) -> None:
    raw = "external_id,opened_at,account,amount,name\n" + rows(CAFE, "C") + rows(ACME, "A") + rows(("\uff21\uff23\uff2d\uff25",), "W")
    async with system.client() as client:
        job = await imported(client, "deals", raw.encode(), {})
        assert (job["created"], job["refused"]) == (9, 0)

        async def accounts() -> Any:
            found = await listed(client, "/v1/accounts")
            assert len(found) == 3
            return {a["name"]: a["id"] for a in found}

        known = await eventually(accounts)
        assert known == {name: str(made_id("account", name)) for name in (CAFE[0], "ACME Corp", "\uff21\uff23\uff2d\uff25")}
        deals = await listed(client, "/v1/deals")
        assert {(d["external_id"][0], d["account_name"], d["account_id"]) for d in deals} == {
            ("C", "Caf\u00e9 Z\u00fcrich", known["Caf\u00e9 Z\u00fcrich"]), ("A", "ACME Corp", known["ACME Corp"]),
            ("W", "\uff21\uff23\uff2d\uff25", known["\uff21\uff23\uff2d\uff25"]),
        }  # fmt: skip
        for spelling in CAFE:
            assert len(await listed(client, "/v1/deals", q=spelling)) == 3
            assert len(await listed(client, "/v1/accounts", q=spelling)) == 1
        for spelling in ("acme corp", "\uff21\uff23\uff2d\uff25\u3000Corp"):
            assert len(await listed(client, "/v1/deals", q=spelling)) == 5
        assert len(await listed(client, "/v1/accounts", q="acme")) == 2
        again = await imported(client, "deals", raw.encode(), {})
        assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 9)


@pytest.mark.parametrize("order", ["leads first", "deals first"])
async def test_leads_and_deals_arrive_at_the_same_account_and_owner(system: System, order: str) -> None:
    leads = "external_id,captured_at,account_external_id,company,owner\nL-1,2026-01-02,\uff21\uff23\uff2d\uff25 corp,Acme,Anna\n"
    deals = "external_id,opened_at,account,owner,lead_external_id\nD-1,2026-01-05,ACME  Corp,anna,L-1\nD-2,2026-01-06,acme corp,ANNA,\n"
    files = [("leads", leads), ("deals", deals)]
    async with system.client() as client:

        async def known() -> Any:
            people = [p for p in await listed(client, "/v1/team/people") if (p["external_id"] or "").lower() == "anna"]
            assert len(people) == 1
            assert len(await listed(client, "/v1/accounts")) == 1
            async with system["deal-svc"].db.read() as reader:  # it has heard of her too
                assert await references.ids_of(reader, "person", ["ANNA "]) == {"ANNA ": UUID(people[0]["id"])}
            return people[0]

        for things, raw in files if order == "leads first" else files[::-1]:
            job = await imported(client, things, raw.encode(), {})
            assert job["refused"] == 0
            await eventually(known)
        anna = await known()
        assert anna["id"] == str(person_id("Anna" if order == "leads first" else "anna"))
        owners = {x["owner_id"] for path in ("/v1/leads", "/v1/deals") for x in await listed(client, path)}
        accounts = {x["account_id"] for path in ("/v1/leads", "/v1/deals") for x in await listed(client, path)}
        assert (owners, accounts) == ({anna["id"]}, {str(made_id("account", "acme corp"))})


async def test_a_source_is_one_group_in_leads_deals_filters_and_figures(system: System) -> None:
    written = enumerate(("Trade Show", "TRADE  SHOW", "google", "Google"))
    leads = "external_id,captured_at,source\n" + "".join(f"S-{n},2026-01-05,{source}\n" for n, source in written)
    deals = "".join(
        f"D-{n},2026-01-05,2026-02-05,{end},1,{source}\n"
        for n, (end, source) in enumerate((("won", "Trade Show"), ("won", "trade_show"), ("lost", "trade-show"), ("lost", "  Trade Show ")))
    )
    async with system.client() as client:
        await imported(client, "leads", leads.encode(), {})
        await imported(client, "deals", ("external_id,opened_at,closed_at,outcome,amount,source\n" + deals).encode(), {})

        async def grouped() -> Any:
            answer = (await client.get("/v1/metrics/kpis/win_rate", params={"by": "source"})).json()
            assert [(g["group"], g["value"]) for g in answer["rows"]] == [("trade_show", 0.5)], answer
            assert set(by_source(await funnel(client, by="source"))) == {"trade_show", "google"}
            return answer

        await eventually(grouped)
        for spelling in ("Trade Show", "trade-show", "TRADE SHOW"):
            assert len(await listed(client, "/v1/deals", source=spelling)) == 4
            assert len(await listed(client, "/v1/leads", source=spelling)) == 2
            answer = (await client.get("/v1/metrics/kpis/win_rate", params={"source": spelling})).json()
            assert answer["total"]["value"] == 0.5
        deal = (await listed(client, "/v1/deals"))[0]
        assert deal["source"] == "trade_show"
    async with system.client("rep", "ann") as ann:
        account = await ann.post("/v1/accounts", json={"name": "Acme", "external_id": "acme"})
        assert account.status_code == 201

        async def opened() -> Any:
            body = {"name": "x", "account_id": account.json()["id"], "amount": {"amount": "1", "currency": "CNY"}, "source": "Trade  show"}
            answer = await ann.post("/v1/deals", json=body)
            return answer.json() if answer.status_code == 201 else None

        assert (await eventually(opened))["source"] == "trade_show"
