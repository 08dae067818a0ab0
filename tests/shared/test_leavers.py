"""People who left are refused by every service, soon and cheaply."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from clinch.run.postgres import Postgres
from contract_svc.service import service as contract_svc
from deal_svc.service import service as deal_svc
from lead_svc.service import service as lead_svc
from metrics_svc.service import service as metrics_svc
from shared.auth import Actor, Role
from shared.auth.leavers import FRESH, KEEP, Leavers
from shared.db.database import Database
from shared.errors import Forbidden
from shared.events.team import PersonAdded, PersonChanged, PersonTold
from shared.parties import people
from shared.process.service import Service
from tests.harness import Running, running

READS = {"deal-svc": "/v1/deals", "contract-svc": "/v1/contracts", "metrics-svc": "/v1/events"}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def person(svc: Running, subject: str, *, active: bool, version: int) -> Actor:
    async with svc.transaction() as tx:
        await people.keep(tx, svc.person(subject=subject), PersonTold(role="rep", active=active), version)
    return Actor.of(svc.person(subject=subject), {Role.rep})


async def is_refused(leavers: Leavers, actor: Actor) -> bool:
    try:
        await leavers.refuse(actor)
    except Forbidden:
        return True
    return False


@contextmanager
def counted(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[None]]:
    """One entry for each time a connection is asked for."""
    asked: list[None] = []
    read = db.read

    def counting() -> Any:
        asked.append(None)
        return read()

    monkeypatch.setattr(db, "read", counting)
    yield asked


async def test_they_are_read_once_in_a_while_not_for_each_request(notes: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob = await person(notes, "ann", active=False, version=1), await person(notes, "bob", active=True, version=1)
    clock = Clock()
    leavers = Leavers(notes.db, clock)
    with counted(notes.db, monkeypatch) as asked:
        assert [await is_refused(leavers, who) for who in (ann, bob) * 20] == [True, False] * 20
        assert len(asked) == 1
        await person(notes, "bob", active=False, version=2)
        clock.now = FRESH - 0.1
        assert not await is_refused(leavers, bob)
        clock.now = FRESH + 0.1  # this request starts the reading, and does not wait for it
        assert not await is_refused(leavers, bob)
        reading = leavers._reading
        assert reading is not None
        await reading
        assert await is_refused(leavers, bob)
        assert len(asked) == 2
        await person(notes, "bob", active=True, version=3)
        clock.now += KEEP + 0.1  # after a quiet time a request waits
        assert not await is_refused(leavers, bob)
        assert len(asked) == 3


async def test_a_database_that_is_away_sets_nobody_free(notes: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await person(notes, "ann", active=False, version=1)
    clock = Clock()
    leavers = Leavers(notes.db, clock)
    assert await is_refused(leavers, ann)

    def away() -> Any:
        raise OSError("no route to host")

    monkeypatch.setattr(notes.db, "read", away)
    clock.now = 1000
    assert await is_refused(leavers, ann)


async def test_many_requests_share_one_reading(notes: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await person(notes, "ann", active=False, version=1)
    leavers = Leavers(notes.db)
    with counted(notes.db, monkeypatch) as asked:
        assert all(await asyncio.gather(*[is_refused(leavers, ann) for _ in range(50)]))
    assert len(asked) == 1


@pytest.mark.parametrize("service", [deal_svc, contract_svc, metrics_svc], ids=lambda s: s.name)
async def test_every_service_heeds_the_roster(postgres: Postgres, service: Service) -> None:
    async with running(service, postgres) as svc:
        ann = svc.person(subject="ann")
        async with svc.client("director", "ann") as client:
            await svc.hear(PersonAdded(role="director"), ann)
            assert (await client.get(READS[service.name])).status_code == 200
            await svc.hear(PersonChanged(role="director", active=False), ann, 2)
            svc.app.state.leavers.forget()
            refused = await client.get(READS[service.name])
            assert (refused.status_code, refused.json()["code"]) == (403, "person_inactive")
            assert "active" in refused.json()["detail"]
            await svc.hear(PersonChanged(role="director", active=True), ann, 3)
            svc.app.state.leavers.forget()
            assert (await client.get(READS[service.name])).status_code == 200


async def test_lead_svc_refuses_them_from_the_next_request_on(postgres: Postgres) -> None:
    async with running(lead_svc, postgres) as svc, svc.client("admin") as admin, svc.client("rep", "ann") as ann:
        made = await admin.post("/v1/team/people", json={"name": "Ann", "role": "rep", "external_id": "ann"})
        path, active = f"/v1/team/people/{made.json()['id']}", {"active": False}
        lead = await ann.post("/v1/leads", json={"company": "Acme"}, headers={"Idempotency-Key": "a"})
        assert lead.status_code == 201
        dry = await admin.patch(path, json=active, headers={"If-Match": "*"}, params={"dry_run": "true"})
        assert dry.json()["active"] is False
        assert (await ann.get("/v1/leads")).status_code == 200
        assert (await admin.patch(path, json=active, headers={"If-Match": "*"})).status_code == 200
        again = await ann.post("/v1/leads", json={"company": "Acme"}, headers={"Idempotency-Key": "a"})
        answers = [again, await ann.get("/v1/leads"), await ann.get(f"/v1/leads/{lead.json()['id']}"), await ann.get("/v1/team/people/me")]
        assert {(a.status_code, a.json()["code"]) for a in answers} == {(403, "person_inactive")}
        assert (await admin.patch(path, json={"active": True}, headers={"If-Match": "*"})).status_code == 200
        assert (await ann.get("/v1/leads")).status_code == 200


async def test_nobody_sets_themselves_inactive(postgres: Postgres) -> None:
    async with running(lead_svc, postgres) as svc, svc.client("admin", "ada") as ada:
        me = {"name": "Ada", "role": "admin", "external_id": "ada"}
        made = await ada.post("/v1/team/people", json=me)
        refused = [
            await ada.patch(f"/v1/team/people/{made.json()['id']}", json={"active": False}, headers={"If-Match": "*"}),
            await ada.post("/v1/team/people", json=me | {"active": False}),
        ]
        assert [(r.status_code, r.json()["unmet"][0]["code"]) for r in refused] == [(409, "own_leaving")] * 2
