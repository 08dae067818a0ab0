"""CSV files, sent and imported by clients that go on through everything."""

import time
from collections.abc import Iterator
from typing import Any

import httpx

PIECE = 64 * 1024
SECONDS = 300.0
"""For one file to be taken, and to be imported."""


def leads_csv(count: int, first: int = 0) -> bytes:
    numbers = range(first, first + count)
    rows = [f"L{n},Company {n},lead{n}@example.com,{('web', 'fair', 'call')[n % 3]},2025-{n % 12 + 1:02}-11" for n in numbers]
    return "\n".join(["external_id,company,email,source,captured_at", *rows, ""]).encode()


def deals_csv(count: int, first: int = 0) -> bytes:
    """Every third is won, every third lost, the others are open; each belongs to the lead of its number."""
    ends = ("won,2026-01-20,", "lost,2026-01-20,price", "open,,")
    rows = [f"D{n},L{n},2026-01-10,{100 + n},{ends[n % 3]}" for n in range(first, first + count)]
    return "\n".join(["external_id,lead_external_id,opened_at,amount,outcome,closed_at,lost_reason", *rows, ""]).encode()


def sent(client: httpx.Client, things: str, raw: bytes, name: str = "file") -> tuple[str, int]:
    """The id of the job, and how often the file was sent until it was taken. It takes its time, so that it can be cut off."""

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(raw), PIECE):
            yield raw[start : start + PIECE]
            time.sleep(0.1)

    key = {"Idempotency-Key": f"{name}-{things}"}
    until, tries = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        tries += 1
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
    raise AssertionError(f"the file was not taken within {SECONDS:.0f} s")


def finished(client: httpx.Client, things: str, job: str) -> dict[str, Any]:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            answer = client.get(f"/v1/imports/{things}/{job}")
        except httpx.TransportError:
            continue
        if answer.status_code == 200:
            found: dict[str, Any] = answer.json()
            if found["state"] not in ("queued", "reading", "running"):
                return found
        else:
            assert answer.status_code == 503, answer.text
        time.sleep(0.1)
    raise AssertionError(f"the import of {things} did not end within {SECONDS:.0f} s")
