"""What is wrong, in a sentence each, and what helps next. The limits are those of the alerts (deploy/prometheus/alerts.yml)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from clinch.ops.status.figures import Consumer, Waiting
from clinch.ops.status.state import SystemState
from clinch.ops.status.text import duration

OUTBOX_OLD = 60.0  # seconds
RELAY_BLOCKED = 2.0  # what is shorter passes by itself, as a reconnection does
TIMERS_LATE = 300.0
CHILDREN = {
    "postgres": ("Postgres", "ClinchPostgresUnreachable"),
    "api": ("The API", "ClinchApiDown"),
    "worker": ("The worker", "ClinchWorkerDown"),
}


@dataclass(frozen=True)
class Wrong:
    """`next`: a command to be pasted, or None where the page alone helps; `page`: in docs/operations."""

    says: str
    next: str | None
    page: str


def judge(system: SystemState, command: Callable[[str], str], now: datetime | None = None) -> list[Wrong]:
    """`command` makes of "logs worker" what can be pasted. `now`: by the company's clock."""
    return [*_processes(system, command), *_bus(system, command), *_services(system, command), *_calendar(system, now)]


def _calendar(system: SystemState, now: datetime | None) -> Iterator[Wrong]:
    """From December on: whether the next year's official days are there. Countries announce them in autumn."""
    its = system.company
    if its is None or not its.country or now is None or now.month != 12 or now.year + 1 in its.exceptions:
        return
    from shared.calendar.official import official_year

    if not official_year(its.country, now.year + 1).known:
        yield Wrong(
            f"The official days of {its.country} for {now.year + 1} are not known: without them only the week counts. "
            "A newer release has them, or name them in the company's policy.",
            None,
            "calendar.md",
        )


def _runbook(alert: str) -> str:
    return f"runbooks/{alert}.md"


def _processes(system: SystemState, command: Callable[[str], str]) -> Iterator[Wrong]:
    if not system.embedded:
        return
    found = {process.name: process for process in system.processes}
    if not system.running and found:
        yield Wrong("The supervisor is gone: nothing is started again when it ends.", command("up"), "embedded.md")
    for name, (what, alert) in CHILDREN.items():
        if name not in found:
            if system.running:
                yield Wrong(f"{what} does not run; the supervisor tries to start it.", command(f"logs {name}"), _runbook(alert))
        elif found[name].stopped:
            yield Wrong(f"{what} stands still, as after SIGSTOP.", f"kill -CONT {found[name].pid}", _runbook(alert))
    if system.running and "api" in found and system.api is None and not found["api"].stopped:
        yield Wrong("The API does not answer.", command("logs api"), _runbook("ClinchApiDown"))
    for what, said in (("API", system.api), ("worker", system.worker)):
        for service, obstacle in (said or {}).items():
            whose = f" of {service}" if service else ""
            yield Wrong(f"The {what}{whose} is not ready: {obstacle}.", command(f"logs {what.lower()}"), _runbook("ClinchNotReady"))


def _bus(system: SystemState, command: Callable[[str], str]) -> Iterator[Wrong]:
    if why := system.figures.log_silent:
        says = f"The log {system.log} does not answer ({why}): events wait in the outboxes, and are published when it is back."
        yield Wrong(says, "clinch kafka status" if system.on_kafka else command("logs postgres"), "kafka.md")
    for topic, missing in system.figures.replicas_missing.items():
        yield Wrong(f"{topic} lacks {missing} of its replicas.", None, _runbook("ClinchTopicReplicasMissing"))


def _services(system: SystemState, command: Callable[[str], str]) -> Iterator[Wrong]:
    postgres = {process.name: process for process in system.processes}.get("postgres")
    if not system.embedded or (postgres and not postgres.stopped):  # otherwise it is told already why they are silent
        for why in dict.fromkeys(system.figures.silent.values()):
            services = ", ".join(service for service, its in system.figures.silent.items() if its == why)
            yield Wrong(
                f"No answer from the database of {services}: {why}.", command("logs postgres"), _runbook("ClinchPostgresUnreachable")
            )
    for service, waiting in system.figures.services.items():
        yield from _of_service(service, waiting, system, command)


def _of_service(service: str, waiting: Waiting, system: SystemState, command: Callable[[str], str]) -> Iterator[Wrong]:
    if (age := waiting.outbox_oldest_seconds or 0) > OUTBOX_OLD:
        says = f"{service}: {waiting.outbox:,} events wait to be published, the oldest for {duration(age)}."
        yield Wrong(says, command("logs worker"), _runbook("ClinchOutboxOld"))
    elif (since := waiting.relay_blocked_seconds or 0) > RELAY_BLOCKED and not system.figures.log_silent:
        says = f"{service}: the relay has published nothing for {duration(since)}: {waiting.relay_error}."
        yield Wrong(says, command("logs worker"), _runbook("ClinchOutboxOld"))
    if waiting.outbox_letters:
        says = f"{service}: {waiting.outbox_letters:,} events cannot be published and are parked as letters of the outbox."
        yield Wrong(says, _get(system, f"/v1/operations/{service}/outbox-letters", command), _runbook("ClinchOutboxLetters"))
    for consumer in waiting.consumers:
        yield from _of_consumer(service, consumer, system, command)
    if (late := waiting.timers_late_seconds or 0) > TIMERS_LATE:
        says = f"{service}: {waiting.timers_late:,} timers are due and have not fired, the oldest for {duration(late)}."
        yield Wrong(says, _get(system, f"/v1/operations/{service}/timers?state=late", command), _runbook("ClinchTimersLate"))


def _of_consumer(service: str, consumer: Consumer, system: SystemState, command: Callable[[str], str]) -> Iterator[Wrong]:
    if consumer.outside:
        says = f"{service}: reader {consumer.name} cannot go on, events are missing: {consumer.outside}."
        yield Wrong(says, None, _runbook("ClinchConsumerStopped"))
    elif not consumer.catches_up:
        says = f"{service}: reader {consumer.name} has not dealt with {consumer.behind:,} events, and does not catch up."
        yield Wrong(says, command("logs worker"), _runbook("ClinchConsumerLagGrowing"))
    if consumer.dead_letters:
        says = f"{service}: {consumer.dead_letters:,} events are parked as dead letters of reader {consumer.name}."
        yield Wrong(
            says, _get(system, f"/v1/operations/{service}/dead-letters?consumer={consumer.name}", command), _runbook("ClinchDeadLetters")
        )


def _get(system: SystemState, path: str, command: Callable[[str], str]) -> str:
    """A request that can be pasted, where it is known who gives tokens."""
    if system.url is None:
        return f"GET {path}"
    return f'curl -s "{system.url}{path}" -H "Authorization: Bearer $({command("token --role ops")} 2>/dev/null)"'
