"""`GET /v1/events` on a real Postgres, and the rules of what is asked for."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st

from metrics_svc.feed.commands import KNOWN, forget
from metrics_svc.feed.places import Places, TooManyStreams
from metrics_svc.feed.rules import wanted
from shared.errors import Invalid, Unavailable
from shared.events.lead import LeadAssigned, LeadCaptured, LeadDisqualified, LeadNurtured
from shared.events.team import PersonAdded
from shared.ids import external_id
from shared.process.telemetry import REQUESTS
from tests.harness import Running
from tests.metrics.streams import Listener, listening
from tests.metrics.test_feed import HISTORY, append
from tests.metrics.told import Lead, on


async def events(svc: Running, role: str = "admin", who: str = "", **params: Any) -> Any:
    async with svc.client(role, who) as http:
        answer = await http.get("/v1/events", params=params)
    return answer.json() | {"status": answer.status_code} if answer.status_code != 200 else answer.json()


async def test_a_poller_reads_all_page_by_page(svc: Running) -> None:
    await append(svc, HISTORY)
    first = await events(svc, limit=4)
    assert ([i["position"] for i in first["items"]], first["next_after"], first["oldest"], first["latest"]) == ([1, 2, 3, 4], 4, 0, 6)
    rest = await events(svc, limit=4, after=first["next_after"])
    assert ([i["position"] for i in rest["items"]], rest["next_after"]) == ([5, 6], 6)
    assert (await events(svc, after=6))["items"] == []
    assert (await events(svc, after="latest")) == {"items": [], "next_after": 6, "oldest": 0, "latest": 6}


async def test_an_item_is_a_cloud_event_as_the_sdk_reads_it(svc: Running) -> None:
    await append(svc, HISTORY)
    async with svc.client() as http:
        raw = (await http.get("/v1/events", params={"after": 5})).json()["items"][0]["event"]
    import orjson

    event = JSONFormat().read(None, orjson.dumps(raw))
    told = HISTORY[5]
    assert (event.get_id(), event.get_type(), event.get_subject()) == (str(told.id), told.type, str(told.subject))
    assert (event.get_source(), event.get_time(), event.get_specversion()) == ("/clinch/deal-svc", told.time, "1.0")
    assert (event.get_dataschema(), event.get_extension("sequence")) == (f"/schemas/{told.type}.json", f"{told.version:019d}")
    assert type(told.data).model_validate(event.get_data()) == told.data


async def test_masked_roles_read_no_reason_in_somebodys_own_words(svc: Running) -> None:
    lead = Lead("L9").captured(on(1))
    lead.tell(on(2), LeadNurtured(reason="Xanadu has no budget", from_state="captured"))
    lead.tell(on(3), LeadDisqualified(reason="no_budget", from_state="nurturing"))
    await append(svc, lead.events)
    async with listening(svc) as base:
        for role in ("auditor", "ops", "service=leads.read"):
            page = await events(svc, role)
            assert [i["event"]["data"].get("reason") for i in page["items"]] == [None, None, "no_budget"]
            assert [i["event"]["id"] for i in page["items"]] == [str(e.id) for e in lead.events]
            reader = await Listener(base, role, after=0).connect()
            assert [s.data["data"].get("reason") for s in await reader.until(3)] == [None, None, "no_budget"]
            await reader.cut()
    page = await events(svc, "director")
    assert page["items"][1]["event"]["data"]["reason"] == "Xanadu has no budget"


async def test_a_page_of_events_and_a_stream_are_logged_once_each_and_no_poll_that_found_nothing(svc: Running) -> None:
    lead = Lead("L9").captured(on(1))
    lead.tell(on(2), LeadNurtured(reason="Xanadu has no budget", from_state="captured"))
    await append(svc, lead.events)
    async with listening(svc) as base:
        for role in ("auditor", "director"):
            assert len((await events(svc, role))["items"]) == 2
            assert (await events(svc, role, after=2, wait=0.05))["items"] == []
            reader = await Listener(base, role, after=0).connect()
            await reader.until(2)
            await reader.cut()
    await svc.app.state.access_log.flush()
    async with svc.db.read() as db:
        read = await db.rows("SELECT actor_role, operation, records FROM access_log ORDER BY at, id")
    assert [tuple(entry.values()) for entry in read] == [("director", "list_events", 2), ("director", "stream_events", None)]


async def test_an_empty_feed_answers(svc: Running) -> None:
    assert await events(svc) == {"items": [], "next_after": 0, "oldest": 0, "latest": 0}
    assert (await events(svc, after=1))["status"] == 410


async def test_who_asks_for_deleted_events_is_told_what_there_is(svc: Running) -> None:
    await append(svc, HISTORY)
    async with svc.transaction() as tx:
        await forget(tx, svc.clock() + timedelta(days=1), 4)
    gone = await events(svc, after=3)
    assert (gone["status"], gone["code"], gone["oldest"], gone["latest"]) == (410, "position_gone", 4, 6)
    assert [i["position"] for i in (await events(svc))["items"]] == [5, 6]  # without `after`: what there is


async def test_a_waiting_poll_is_answered_by_the_next_event(svc: Running) -> None:
    await append(svc, HISTORY[:5])
    polling = asyncio.create_task(events(svc, after=5, wait=20, types="clinch.deal.won.v1"))
    await asyncio.sleep(0.3)
    await append(svc, Lead("L7").captured(on(1)).events)
    await asyncio.sleep(0.3)
    assert not polling.done()  # not what it waits for
    await append(svc, HISTORY[5:])
    found = await asyncio.wait_for(polling, 60)
    assert [i["position"] for i in found["items"]] == [7]


async def test_a_waiting_poll_ends_without_events_too(svc: Running) -> None:
    def took() -> float:
        return sum(s.value for m in REQUESTS.collect() for s in m.samples if s.name.endswith("_sum") and s.labels["route"] == "/v1/events")

    started, before = time.monotonic(), took()
    assert (await events(svc, wait=2))["items"] == []
    assert time.monotonic() - started >= 2
    assert took() - before < 2  # waiting is no slowness of ours
    svc.app.state.stopping.set()
    assert (await asyncio.wait_for(events(svc, wait=30), 25))["items"] == []


async def test_a_rep_sees_their_own_the_manager_their_teams_and_marketing_all(svc: Running) -> None:
    team = external_id("team", "north")
    for who, path in (("ann", [team]), ("bea", [team]), ("cid", [])):
        await svc.hear(PersonAdded(role="rep", team_id=team if path else None, team_path=path), svc.person("rep", who))
    lead, other = external_id("lead", "A"), external_id("lead", "C")
    await svc.hear(LeadCaptured(owner_id=svc.person("rep", "ann"), team_id=team), lead, 1)
    await svc.hear(LeadCaptured(owner_id=svc.person("rep", "cid")), other, 1)

    async def subjects(role: str, who: str) -> list[str]:
        return [i["event"]["subject"] for i in (await events(svc, role, who, aggregate="lead"))["items"]]

    assert await subjects("rep", "ann") == [str(lead)]
    assert await subjects("rep", "cid") == [str(other)]
    assert await subjects("manager", "bea") == [str(lead)]
    assert await subjects("marketing", "mara") == [str(lead), str(other)]
    for role in ("finance", "legal", "csm", "support", "service=deals.read"):
        assert await subjects(role, "fin") == []
    await svc.hear(LeadAssigned(owner_id=svc.person("rep", "cid"), team_id=None), lead, 2)
    assert await subjects("rep", "ann") == []
    assert await subjects("rep", "cid") == [str(lead), str(other), str(lead)]


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"types": "clinch.deal.wun.v1"}, "types"),
        ({"types": "clinch.boat.*"}, "types"),
        ({"types": "*a*a*a*a*a*a*a*a*a*a*a*a"}, "types"),
        ({"aggregate": "deel"}, "aggregate"),
        ({"subject": "me"}, "subject"),
        ({"after": "soon"}, "after"),
        ({"limit": 501}, "limit"),
        ({"wait": 31}, "wait"),
        ({"type": "clinch.deal.won.v1"}, "type"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(svc: Running, params: dict[str, Any], pointer: str) -> None:
    refused = await events(svc, **params)
    assert (refused["status"], refused["errors"][0]["pointer"]) == (422, pointer)


async def test_nobody_reads_without_a_token(svc: Running) -> None:
    async with svc.client() as http:
        del http.headers["Authorization"]
        for path in ("/v1/events", "/v1/stream", "/v1/events?types=nonsense"):
            assert (await http.get(path)).status_code == 401


def test_a_misspelt_type_is_answered_with_what_is_near() -> None:
    with pytest.raises(Invalid, match=r"clinch\.deal\.won\.v1"):
        wanted(["clinch.deal.wun.v1"], [], None, KNOWN)
    with pytest.raises(Invalid, match="deal"):
        wanted([], ["deel"], None, KNOWN)
    assert wanted(["clinch.deal.won.v1, clinch.lead.*", "clinch.lead.*"], ["deal,lead"], None, KNOWN).types == (
        "clinch.deal.won.v1",
        "clinch.lead.*",
    )


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40))
def test_places_are_never_more_than_there_are(steps: list[tuple[str, bool]]) -> None:
    places, held = Places(4, 2), []
    for name, take in steps:
        who = external_id("person", name)
        mine = sum(w == who for w, _ in held)
        if take:
            place = places.taken(who)
            try:
                place.__enter__()
            except TooManyStreams:
                assert mine == 2
            except Unavailable:
                assert len(held) == 4
            else:
                assert mine < 2
                held.append((who, place))
        elif held:
            held.pop(0)[1].__exit__(None, None, None)
        assert places.used == len(held) <= 4
