"""Those who change the policy of the service of notes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx

from shared.db.database import Database
from shared.ids import new_id
from shared.policy import simulation
from shared.policy.document import Difference, Looked, Policy, Simulation
from tests.harness import Running
from tests.shared.notes_service import NOTE_POLICY, NotePolicy

PATH = "/v1/policies/note-svc"


class Desk:
    """Somebody of sales operations and two directors at the policies."""

    def __init__(self, svc: Running) -> None:
        self.svc = svc

    async def ask(self, who: str, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        role, _, key = who.partition(" ")
        headers = {"If-Match": "*"}
        async with self.svc.client(role, key) as client:
            return await client.request(method, f"{PATH}{path}", json=body, headers=headers, params=params)

    async def ok(self, who: str, method: str, path: str, body: Any = None, **params: Any) -> Any:
        answer = await self.ask(who, method, path, body, **params)
        assert answer.is_success, answer.text
        return answer.json()

    async def drafted(self, body: Any = None, who: str = "sales_ops") -> Any:
        return await self.ok(who, "POST", "/versions", body or {"document": {"longest": 50}})

    async def approved(self, **document: Any) -> int:
        number: int = (await self.drafted({"document": document or {"longest": 50}}))["number"]
        await self.ok("director", "POST", f"/versions/{number}/approve")
        return number

    async def longest(self) -> int:
        async with self.svc.db.read() as db:
            return db.policy(NOTE_POLICY).longest


# -- Simulations ----------------------------------------------------------------------------------------------------------------

NOTES = [new_id() for _ in range(30)]


async def too_long(db: Database, active: NotePolicy, draft: NotePolicy, days: int) -> AsyncIterator[Looked]:
    """Thirty notes of 10, 20 ... letters, ten in a batch."""
    for start in range(0, 30, 10):
        batch = list(enumerate(NOTES[start : start + 10], start + 1))
        differ = [
            Difference("note", id, n * 10 <= active.longest, n * 10 <= draft.longest)
            for n, id in batch
            if (n * 10 <= active.longest) != (n * 10 <= draft.longest)
        ]
        yield Looked(len(batch), differ)


SIMULATED = Policy("note-svc", NotePolicy, simulations=[Simulation("notes", "Notes that would be too long.", too_long)])


async def work(desk: Desk, policy: Policy[Any] = SIMULATED) -> None:
    """Do what a worker does until there is nothing left to do."""
    while True:
        async with desk.svc.db.read() as db:
            open_ones = await db.all(simulation._OPEN, names=[policy.name])
        if not open_ones:
            return
        for report in open_ones:
            await simulation._take(policy, desk.svc.db, desk.svc.clock, report, asyncio.Event())
