"""The feed and its stream: everybody gets the events of the records that they see, and of what all may see."""

import asyncio
import json
from typing import Any

import httpx

from shared.events.envelope import REGISTRY
from tests.isolation.asking import Asker
from tests.isolation.oracle import ALL, SCOPES, Known, is_masked
from tests.isolation.people import Person
from tests.isolation.records import ACTIVE
from tests.isolation.world import settled
from tests.metrics.streams import blocks, listening

OWNED = {"lead": "lead", "account": "account", "deal": "deal", "contract": "contract"}
PART_OF = {
    "contact": ("account", "account_id"),
    "conversion": ("lead", "lead_id"),
    "quote": ("deal", "deal_id"),
    "milestone": ("contract", "contract_id"),
    "payment": ("contract", "contract_id"),
    "lead_task": ("lead", "lead_id"),
    "lead_signal": ("lead", "lead_id"),
    "lead_deadline": ("lead", "lead_id"),
    "lead_assignment": ("lead", "lead_id"),
    "lead_automation": ("lead", "lead_id"),
    "consent": ("lead", "lead_id"),
    "form_submission": ("lead", "lead_id"),
    "deal_task": ("deal", "deal_id"),
    "contract_deadline": ("contract", "contract_id"),
    "contract_approval": ("contract", "contract_id"),
    "quote_approval": ("deal", "deal_id"),
}
ONLY_FOR = {"clinch.quote.costed.v1": {"finance", "director", "admin"}}
FOR_ALL = {"team", "person", "absence", "product", "price", "price_list", "quote_template", "policy", "rate", "calendar"}
FOR_OPERATIONS = {"webhook", "notification_channel"}
OF_ALL_LEADS = {"campaign", "campaign_spend", "campaign_drive", "form"}
"""Nobody's: for those who see all leads."""


def _whose(event: dict[str, Any]) -> tuple[str, str]:
    """The kind that decides, and the record."""
    aggregate = REGISTRY[event["type"]].aggregate
    if aggregate in OWNED:
        return OWNED[aggregate], event["subject"]
    if aggregate in PART_OF:
        kind, field = PART_OF[aggregate]
        return kind, event["data"].get(field) or event["subject"]
    assert aggregate in FOR_ALL | FOR_OPERATIONS | OF_ALL_LEADS, f"say in feed.py whose the events of {aggregate} are"
    return aggregate, event["subject"]


def _takes(known: Known, person: Person, event: dict[str, Any]) -> bool:
    if not ONLY_FOR.get(event["type"], set(person.roles)) & set(person.roles):
        return False
    kind, record = _whose(event)
    if kind in FOR_ALL:
        return True
    if kind in FOR_OPERATIONS:
        return bool({"admin", "ops"} & set(person.roles))
    if kind in OF_ALL_LEADS:
        return bool(ALL["lead"] & set(person.roles) or SCOPES["lead"] & {scope.partition(":")[0] for scope in person.scopes})
    return record in known.records and known.sees(person, known.records[record])


async def _feed(asker: Asker, person: Person) -> list[dict[str, Any]]:
    """All of the feed that somebody gets, by polling."""
    events: list[dict[str, Any]] = []
    after = 0
    while True:
        page = await asker.get(person, "/v1/events", {"after": after, "limit": 500})
        assert page.status == 200, (person.key, page.body)
        events += [item["event"] for item in page.body["items"]]
        after = page.body["next_after"]
        if after >= page.body["latest"]:
            return events


async def _streamed(base: str, person: Person, last: str) -> list[dict[str, Any]]:
    """The same by the stream, from its beginning to the first event of this record."""
    events = []
    headers = {"Authorization": f"Bearer {person.token}:{person.key}"}
    async with (
        asyncio.timeout(30),
        httpx.AsyncClient(timeout=30) as http,
        http.stream("GET", f"{base}/v1/stream", params={"after": 0}, headers=headers) as response,
    ):
        assert response.status_code == 200, (person.key, await response.aread())
        async for sent in blocks(response):
            if sent.data is not None:
                events.append(sent.data)
                if sent.data["subject"] == last:
                    return events
    return events


async def polled(asker: Asker, known: Known) -> list[str]:
    told = await _feed(asker, ACTIVE[0])
    wrong = []
    for person in ACTIVE:
        wrong += _compared(f"{person.key} GET /v1/events", known, person, told, await _feed(asker, person))
    return wrong


async def streamed(asker: Asker, known: Known) -> list[str]:
    system: Any = asker.world.svc
    last = await asker.world.post("adm", "/v1/team/teams", name="Last", external_id="last")  # what all get, at the end
    await settled(asker.world)
    told = await _feed(asker, ACTIVE[0])
    wrong = []
    async with listening(system["metrics-svc"]) as base:
        for person in ACTIVE:
            got = await _streamed(base, person, last["id"])
            wrong += _compared(f"{person.key} GET /v1/stream", known, person, told, got)
    return wrong


def _compared(about: str, known: Known, person: Person, told: list[dict[str, Any]], got: list[dict[str, Any]]) -> list[str]:
    expected = [event["id"] for event in told if _takes(known, person, event)]
    types = {event["id"]: event["type"] for event in [*told, *got]}
    ids = [event["id"] for event in got]
    wrong = []
    for what, some in (("too many", set(ids) - set(expected)), ("too few", set(expected) - set(ids))):
        if some:
            wrong.append(f"{about}: {len(some)} {what}, of {sorted({types[id].split('.')[1] for id in some})}")
    if not wrong and ids != expected:
        wrong.append(f"{about}: another order")
    # What masked roles must not read in events.
    said = {e["type"] for e in got if "hush" in json.dumps(e).lower() and (kind := _whose(e)[0]) in OWNED and is_masked(person, kind)}
    return [*wrong, f"{about}: reads what is masked, in {sorted(said)}"] if said else wrong
