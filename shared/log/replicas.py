"""Whether the log's topics have the replicas that they should have: a topic that is made while a broker is down keeps fewer."""

import asyncio
from collections.abc import Sequence

import structlog
from prometheus_client import Gauge

from shared.log.bus import Bus
from shared.process.outage import Outage, every

log = structlog.get_logger()

MISSING = Gauge(
    "clinch_topic_replicas_missing",
    "Replicas in sync that the topic's worst partition lacks, of those that it has or could have.",
    ["service", "topic"],
)
SAMPLE_SECONDS = 60.0


async def sample(bus: Bus, topics: Sequence[str], stop: asyncio.Event, *, service: str) -> None:
    """Keep the gauge current until `stop` is set, and say so once when replicas are missing, once when all are there."""
    short: dict[str, int] = {}

    async def look() -> None:
        nonlocal short
        found = await bus.replicas_missing(topics)
        for topic, missing in found.items():
            MISSING.labels(service, topic).set(missing)
        before, short = short, {topic: missing for topic, missing in found.items() if missing}
        if short and short != before:
            log.warning("replicas_missing", service=service, topics=short, hint="docs/operations/runbooks/ClinchTopicReplicasMissing.md")
        elif before and not short:
            log.info("replicas_complete", service=service)

    await every(SAMPLE_SECONDS, look, stop, Outage("replica sampler", service=service))
