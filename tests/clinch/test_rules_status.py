"""What `clinch status` calls wrong, and what it calls well."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from clinch.ops.status.company import CompanyState
from clinch.ops.status.figures import Consumer, Figures, Waiting
from clinch.ops.status.findings import Wrong, judge
from clinch.ops.status.processes import ProcessState
from clinch.ops.status.state import SystemState
from clinch.ops.status.text import duration, rebuilding, tables
from metrics_svc.rebuild.progress import Progress, read

QUIET = Waiting(0, None, 0, None, 0, (Consumer("deal-svc", 0, 0),))
WELL = SystemState(
    "in its own Postgres",
    False,
    "http://127.0.0.1:8000",
    processes=tuple(ProcessState(name, n, 100, 20, False) for n, name in enumerate(("supervisor", "postgres", "api", "worker"), 1)),
    api={},
    figures=Figures({"deal-svc": QUIET}),
)


def wrong(system: SystemState) -> list[Wrong]:
    return judge(system, lambda words: f"clinch {words}")


def waiting(**change: object) -> SystemState:
    return replace(WELL, figures=Figures({"deal-svc": replace(QUIET, **change)}))  # type: ignore[arg-type]


def consumer(**change: object) -> SystemState:
    return waiting(consumers=(replace(QUIET.consumers[0], **change),))  # type: ignore[arg-type]


def without(name: str) -> Sequence[ProcessState]:
    return tuple(process for process in WELL.processes if process.name != name)


def still(name: str) -> tuple[ProcessState, ...]:
    return tuple(replace(process, stopped=process.name == name) for process in WELL.processes)


@pytest.mark.parametrize(
    "system",
    [
        WELL,
        waiting(outbox=5000, outbox_oldest_seconds=59.0),
        waiting(outbox=1, relay_blocked_seconds=1.9, relay_error="BusUnavailable: reset"),
        waiting(timers_late=3, timers_late_seconds=299.0),
        waiting(imports=2),
        waiting(rebuilding=Progress("sales", "events", 1, 2)),
        consumer(behind=5000),
        replace(WELL, worker={}),
        SystemState("at kafka://b1:9092", True, embedded=False, figures=WELL.figures),
    ],
)
def test_what_passes_by_itself_is_not_wrong(system: SystemState) -> None:
    assert wrong(system) == []


@pytest.mark.parametrize(
    ("system", "says", "page"),
    [
        (waiting(outbox=5, outbox_oldest_seconds=61.0), "5 events wait to be published, the oldest for 61 s", "ClinchOutboxOld"),
        (
            waiting(outbox=1, outbox_oldest_seconds=3.0, relay_blocked_seconds=2.5, relay_error="BusUnavailable: refused"),
            "deal-svc: the relay has published nothing for 2 s: BusUnavailable: refused.",
            "ClinchOutboxOld",
        ),
        (
            waiting(outbox=5, outbox_oldest_seconds=61.0, relay_blocked_seconds=61.0, relay_error="?"),
            "5 events wait to be published, the oldest for 61 s",
            "ClinchOutboxOld",
        ),
        (waiting(outbox_letters=2), "2 events cannot be published and are parked as letters of the outbox.", "ClinchOutboxLetters"),
        (waiting(timers_late=3, timers_late_seconds=7200.0), "3 timers are due and have not fired, the oldest for 2 h", "ClinchTimersLate"),
        (consumer(behind=5000, catches_up=False), "has not dealt with 5,000 events, and does not catch up", "ClinchConsumerLagGrowing"),
        (consumer(behind=None, dead_letters=2), "2 events are parked as dead letters of reader deal-svc", "ClinchDeadLetters"),
        (consumer(outside="it stands at 9 of t[0]"), "cannot go on, events are missing: it stands at 9 of t[0]", "ClinchConsumerStopped"),
        (replace(WELL, processes=without("worker")), "The worker does not run", "ClinchWorkerDown"),
        (replace(WELL, processes=still("postgres"), figures=Figures({}, {"deal-svc": "?"})), "Postgres stands still", "ClinchPostgres"),
        (replace(WELL, figures=Figures({}, {"a": "full", "b": "full"})), "No answer from the database of a, b: full.", "ClinchPostgres"),
        (replace(WELL, api=None), "The API does not answer", "ClinchApiDown"),
        (replace(WELL, api={"deal-svc": "draining"}), "The API of deal-svc is not ready: draining.", "ClinchNotReady"),
        (replace(WELL, worker={"": "consumer feed has stopped"}), "The worker is not ready: consumer feed has stopped.", "ClinchNotReady"),
        (replace(WELL, log="at kafka://b1:9092", figures=Figures(log_silent="refused")), "does not answer (refused)", "kafka.md"),
        (replace(WELL, figures=Figures(replicas_missing={"t": 1})), "t lacks 1 of its replicas.", "ClinchTopicReplicasMissing"),
        (replace(WELL, url=None), "The supervisor is gone", "embedded.md"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_a_page(system: SystemState, says: str, page: str) -> None:
    [one] = wrong(system)
    assert says in one.says
    assert page in one.page


def test_what_helps_next_can_be_pasted() -> None:
    [one] = wrong(consumer(dead_letters=1))
    assert one.next == (
        'curl -s "http://127.0.0.1:8000/v1/operations/deal-svc/dead-letters?consumer=deal-svc" '
        '-H "Authorization: Bearer $(clinch token --role ops 2>/dev/null)"'
    )
    [elsewhere] = wrong(replace(consumer(dead_letters=1), url=None, embedded=False))
    assert elsewhere.next == "GET /v1/operations/deal-svc/dead-letters?consumer=deal-svc"


def test_figures_that_are_being_built_again_are_told() -> None:
    progress = Progress("sales", "events", 412_000, 1_000_000, 51)
    assert read(progress.session) == progress
    assert read(replace(progress, seconds_left=None).session) == replace(progress, seconds_left=None)
    assert read("clinch") is None
    assert len(Progress("activity", "records", 10**9, 10**9, 10**5).session) < 64
    told = "412,000 of 1,000,000 events (lane sales), about 51 s left"
    assert list(rebuilding(waiting(rebuilding=progress))) == [f"deal-svc: figures are being built again: {told}. The old ones are served."]
    assert list(rebuilding(WELL)) == []


def test_the_tables_are_aligned_and_what_is_not_known_is_a_question_mark() -> None:
    consumers = (Consumer("metrics", 0, 12345), Consumer("feed", 2, None))
    figures = Figures({"metrics-svc": Waiting(7, 61.0, 0, None, 1, consumers)}, {"lead-svc": "no answer"})
    assert list(tables(replace(WELL, processes=still("worker")[2:], figures=figures))) == [
        "process  id     up  memory  state",
        "api       3  100 s   20 MB  ready",
        "worker    4  100 s   20 MB  stands still",
        "",
        "service      outbox  oldest  letters  late timers  imports  reader   behind  dead letters",
        "metrics-svc       7    61 s        0            0        1  metrics  12,345             0",
        "                                                            feed          ?             2",
        "lead-svc          ?       ?        ?            ?        ?",
        "",
    ]
    assert [duration(seconds) for seconds in (119, 120, 7199, 7200)] == ["119 s", "2 min", "119 min", "2 h"]


@pytest.mark.parametrize(
    ("country", "day", "exceptions", "warned"),
    [
        ("CN", datetime(2089, 11, 30, tzinfo=UTC), (), False),
        ("CN", datetime(2089, 12, 1, tzinfo=UTC), (), True),
        ("CN", datetime(2089, 12, 1, tzinfo=UTC), (2090,), False),
        ("CN", datetime(2025, 12, 1, tzinfo=UTC), (), False),
        ("DE", datetime(2026, 12, 1, tzinfo=UTC), (), False),
        ("", datetime(2089, 12, 1, tzinfo=UTC), (), False),
    ],
)
def test_from_december_on_the_next_years_official_days_are_missed(
    country: str, day: datetime, exceptions: tuple[int, ...], warned: bool
) -> None:
    its = replace(WELL, company=CompanyState("Asia/Shanghai", "CNY", False, country, exceptions))
    assert [one.says.partition(" are not known")[0] for one in judge(its, str, day)] == ["The official days of CN for 2090"] * warned
