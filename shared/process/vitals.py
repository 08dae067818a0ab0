"""How a process is, whatever it does: its version, whether it is ready, and how late its event loop runs."""

import asyncio
from collections.abc import Iterable

import prometheus_client
from prometheus_client import Gauge, Histogram

BUILD = Gauge("clinch_build_info", "1; the labels tell which service in which version the process runs.", ["service", "version"])
READY = Gauge("clinch_ready", "1 when the process can work for the service, 0 when /readyz says what is in the way.", ["service"])
LOOP_LAG = Histogram(
    "clinch_event_loop_lag_seconds",
    "How late the event loop runs what is due, tried four times a second. All requests of the process wait as long.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
TICK = 0.25

# A second series for each of ours, only to tell when it began.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


def tell_version(services: Iterable[str], version: str) -> None:
    for service in services:
        BUILD.labels(service, version).set(1)


async def watch_loop() -> None:
    """Measure for as long as the process lives."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + TICK
        await asyncio.sleep(TICK)
        LOOP_LAG.observe(max(0.0, loop.time() - due))
