"""Everything is killed while files are sent and imported: each row is there once, and every figure agrees (quality.md §2, F1, F2)."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.faults.system import READY_WITHIN, Name, System

LEADS, DEALS = 20_000, 6_000
PIECE = 64 * 1024
WHILE_SENDING: list[Name] = ["api", "api", "postgres"]
WHILE_IMPORTING: list[Name] = ["worker", "worker", "worker", "worker", "postgres"]


def leads_csv() -> bytes:
    rows = [f"L{n},Company {n},lead{n}@example.com,{('web', 'fair', 'call')[n % 3]},2025-{n % 12 + 1:02}-11" for n in range(LEADS)]
    return "\n".join(["external_id,company,email,source,captured_at", *rows, ""]).encode()


def deals_csv() -> bytes:
    """Every third is won, every third lost, the others are open; each belongs to a lead of the other file."""
    ends = ("won,2026-01-20,", "lost,2026-01-20,price", "open,,")
    rows = [f"D{n},L{n},2026-01-10,{100 + n},{ends[n % 3]}" for n in range(DEALS)]
    return "\n".join(["external_id,lead_external_id,opened_at,amount,outcome,closed_at,lost_reason", *rows, ""]).encode()


def test_an_import_goes_through_kills_of_everything(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    with httpx.Client(base_url=system.origin, headers=system.headers(), timeout=30) as client:
        jobs, tries = {}, 0
        with system.killing(1, WHILE_SENDING, pause=(0.3, 1.5)) as killed:
            for things, raw in (("leads", leads_csv()), ("deals", deals_csv())):
                jobs[things], n = sent(client, things, raw)
                tries += n
            assert killed.wait(60)
        with system.killing(2, WHILE_IMPORTING, pause=(0.2, 1.0)):
            ended = {things: finished(client, things, job) for things, job in jobs.items()}
        for things, n in (("leads", LEADS), ("deals", DEALS)):
            job = ended[things]
            assert (job["state"], job["created"], job["updated"], job["refused"]) == ("done", n, 0, 0), job
            listed = client.get(f"/v1/{things}", params={"limit": 1, "count": "exact"}).json()
            assert listed["count"] == n
        system.verified()
        steps = {s["step"]: s["n"] for s in client.get("/v1/metrics/funnel").json()["total"]["steps"]}
        assert (steps["F1"], steps["F8"]) == (LEADS, DEALS // 3)
    with capsys.disabled():
        print(system.figures(uploads_until_taken=tries, rows=LEADS + DEALS, lost=0, doubled=0))
    assert len(system.recoveries) == len(WHILE_SENDING) + len(WHILE_IMPORTING), "the files were in before everything was killed"
    assert max(seconds for _, seconds in system.recoveries) < READY_WITHIN


def sent(client: httpx.Client, things: str, raw: bytes) -> tuple[str, int]:
    """The id of the job, and how often the file was sent until it was taken. It takes its time, so that it can be cut off."""

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(raw), PIECE):
            yield raw[start : start + PIECE]
            time.sleep(0.1)

    key = {"Idempotency-Key": f"file-{things}"}
    for tries in range(1, 30):
        try:
            answer = client.post(f"/v1/imports/{things}", content=pieces(), headers=key)
        except httpx.TransportError:
            time.sleep(0.2)
            continue
        if answer.status_code == 202:
            again = client.post(f"/v1/imports/{things}", content=raw, headers=key)
            assert again.json()["id"] == answer.json()["id"]
            return answer.json()["id"], tries
        assert answer.status_code == 503, answer.text
        time.sleep(0.2)
    raise AssertionError("the file was never taken")


def finished(client: httpx.Client, things: str, job: str, seconds: float = 240) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            answer = client.get(f"/v1/imports/{things}/{job}")
        except httpx.TransportError:
            continue
        if answer.status_code == 200:
            found: dict[str, Any] = answer.json()
            if found["state"] not in ("queued", "running"):
                return found
        else:
            assert answer.status_code == 503, answer.text
        time.sleep(0.1)
    raise AssertionError(f"the import of {things} did not end within {seconds:.0f} s")
