"""Files into a running service, as its worker takes them, and what came of them."""

import asyncio
import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deal_svc.imports.api import run_imports as run_deals
from lead_svc.imports.api import run_imports as run_leads
from tests.harness import Running

FILES = Path(__file__).with_name("files")
OPEN = ("queued", "reading", "running")


@dataclass(frozen=True)
class Imported:
    job: dict[str, Any]
    problems: list[dict[str, str]]
    rows: dict[str, dict[str, Any]]
    """What is stored, by external id."""

    @property
    def counts(self) -> tuple[str, int, int]:
        return self.job["state"], self.job["created"], self.job["refused"]

    @property
    def refused(self) -> list[tuple[int, str]]:
        return [(int(p["line"]), p["message"]) for p in self.problems if p["kind"] == "refused"]

    def found(self, what: str) -> str:
        """What the first pass says about it."""
        return next((str(f["value"]) for f in self.job["findings"] if f["what"] == what), "")


async def bring(svc: Running, raw: bytes | str, **options: Any) -> Imported:
    """Import the bytes, or the file of that name; `Imported` when the job has ended."""
    found = await bring_or_refuse(svc, (FILES / raw).read_bytes() if isinstance(raw, str) else raw, **options)
    assert isinstance(found, Imported), found.text
    return found


async def bring_or_refuse(svc: Running, raw: bytes, **options: Any) -> Imported | httpx.Response:
    """The answer, when the file is refused at once."""
    things = "leads" if svc.service.name == "lead-svc" else "deals"
    async with svc.client("admin") as client:
        sent = await client.post(f"/v1/imports/{things}", params=options, content=raw, headers={"Content-Type": "text/csv"})
        if sent.status_code != 202:
            return sent
        where = sent.headers["location"]
        stop = asyncio.Event()
        working = asyncio.create_task((run_leads if things == "leads" else run_deals)(svc.db, svc.settings, svc.clock, stop))
        try:
            async with asyncio.timeout(120):
                while (job := (await client.get(where)).json())["state"] in OPEN:  # noqa: ASYNC110 (the other side is a task)
                    await asyncio.sleep(0.02)
        finally:
            stop.set()
            await working
        report = await client.get(f"{where}/problems.csv")
    async with svc.db.connection() as conn:
        stored = await conn.fetch(f"SELECT * FROM {things.removesuffix('s')}")
    return Imported(job, list(csv.DictReader(io.StringIO(report.text))), {str(row["external_id"]): dict(row) for row in stored})
