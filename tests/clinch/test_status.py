"""`clinch status` on real databases and logs: it finds what waits, and answers whatever is down."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clinch.ops.bus.file import FolderBus, remember
from clinch.ops.status.figures import figures
from clinch.run.folder import DataFolder
from clinch.run.processes import alive
from clinch.run.settings import SERVICES, Embedded
from clinch.run.stopped import databases_alone
from tests.clinch.embedded import free_port, supervised
from tests.clinch.loghouse import LEADS, LogHouse, apart, events
from tests.clinch.test_commands import clinch


@pytest.fixture
def house(data: Path) -> LogHouse:
    return LogHouse(Embedded(DataFolder(data), 0))


_WAIT = "INSERT INTO outbox (event_id) SELECT id FROM event"
_OLD = "UPDATE event SET id = uuidv7(interval '-10 minutes')"
_LETTER = """
INSERT INTO dead_letter (id, consumer, topic, partition, "offset", subject, headers, value, error, attempts, parked_at, settled_at)
SELECT uuidv7(), 'deal-svc', 't', 0, n, 's', '{}', '', '', 3, now(), CASE WHEN n > 2 THEN now() END FROM generate_series(1, 3) n
"""
_OUTBOX_LETTER = """
INSERT INTO outbox_letter (id, event_id, type, aggregate, subject, version, error, attempts, parked_at, settled_at)
SELECT uuidv7(), uuidv7(), '', '', uuidv7(), 1, '', 1, now(), CASE WHEN n > 2 THEN now() END FROM generate_series(1, 3) n
"""
_BLOCKED = "INSERT INTO blocked_task (name, since, error) VALUES ('relay', now() - interval '3 seconds', 'BusUnavailable: refused')"
_TIMER = "INSERT INTO timer (id, kind, subject, due_at, data) VALUES ($1::uuid, 'k', $1::uuid, now() - interval '1 year', '{}')"
_LONG_AGO = "01900000-0000-7000-8000-000000000000"  # its first 48 bits: June 2024
_JOB = """
INSERT INTO import_job (id, things, state, options, columns, actor_id, actor_roles, correlation_id, created_at)
SELECT uuidv7(), 'leads', state, '{}', '[]', uuidv7(), '[]', '', now() FROM unnest('{queued,running,done}'::text[]) state
"""


@contextmanager
def started(house: LogHouse) -> Iterator[Embedded]:
    """A real Postgres; stand-ins for the API and the worker."""
    with supervised(house.run.folder.path) as run:
        yield run


def told(house: LogHouse, code: int) -> dict[str, Any]:
    done = clinch("status", "--json", data=house.run.folder.path)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_all_is_well(house: LogHouse) -> None:
    house.fill(events(40))
    with started(house) as run:
        done = clinch("status", data=run.folder.path)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        lines = done.stdout.splitlines()
        assert [line.split()[0] for line in lines[1:5]] == ["supervisor", "postgres", "api", "worker"]
        assert lines[-1].startswith(f"Clinch is ready on {run.origin}, with ")
        assert lines[-1].endswith("; its log is in its own Postgres. All is well.")
        found = told(house, 0)
    assert found["figures"]["services"]["deal-svc"]["consumers"] == [
        {"name": "deal-svc", "dead_letters": 0, "behind": 0, "catches_up": True, "outside": None}
    ]
    assert (found["ready"], found["running"], found["wrong"]) == (True, True, [])


def test_what_waits_is_counted_and_told(house: LogHouse) -> None:
    house.fill(events(40))
    with started(house):
        apart(house.execute("lead", _OLD))
        apart(house.execute("lead", _WAIT))
        apart(house.execute("lead", _JOB))
        apart(house.execute("deal", _LETTER))
        apart(house.execute("deal", _TIMER, [(_LONG_AGO,)]))
        apart(house.execute("deal", "UPDATE consumer_offset SET next = 0"))
        found = told(house, 1)
        text = clinch("status", data=house.run.folder.path).stdout
    lead, deal = (found["figures"]["services"][name] for name in ("lead-svc", "deal-svc"))
    assert (lead["outbox"], lead["imports"], lead["timers_late"], lead["timers_late_seconds"]) == (1, 2, 0, None)
    assert 599 < lead["outbox_oldest_seconds"] < 900
    assert deal["timers_late"] == 1
    assert deal["timers_late_seconds"] > 300 * 86400
    [consumer] = deal["consumers"]
    assert (consumer["dead_letters"], consumer["behind"]) == (2, 20)
    pages = [wrong["page"].split("/")[-1] for wrong in found["wrong"]]
    assert pages == ["ClinchOutboxOld.md", "ClinchDeadLetters.md", "ClinchTimersLate.md"]
    assert "! deal-svc: 2 events are parked as dead letters of reader deal-svc.\n    curl -s " in text
    assert "    docs/operations/runbooks/ClinchDeadLetters.md\n" in text


def test_a_relay_that_cannot_publish_and_what_it_has_parked_are_told(house: LogHouse) -> None:
    house.fill(events(4))
    with started(house):
        apart(house.execute("lead", _BLOCKED))
        apart(house.execute("deal", _OUTBOX_LETTER))
        found = told(house, 1)
        text = clinch("status", data=house.run.folder.path).stdout
    assert found["figures"]["services"]["lead-svc"]["relay_blocked_seconds"] >= 3
    assert [wrong["page"].split("/")[-1] for wrong in found["wrong"]] == ["ClinchOutboxOld.md", "ClinchOutboxLetters.md"]
    assert " s: BusUnavailable: refused.\n" in text
    assert "! deal-svc: 2 events cannot be published and are parked as letters of the outbox.\n    curl -s " in text
    assert '/v1/operations/deal-svc/outbox-letters" -H "Authorization: Bearer' in text


def test_a_consumer_that_stands_outside_the_log_or_does_not_catch_up_is_found(house: LogHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinch.ops.status.figures.MANY", 10)
    monkeypatch.setattr("clinch.ops.status.figures.SECOND_LOOK", 0.1)
    house.fill(events(40))
    with databases_alone(house.run):
        url = house.run.postgres().url
        apart(house.execute("deal", "UPDATE consumer_offset SET next = 0"))
        [slow] = apart(figures({"deal-svc": url("deal")}, house.url)).services["deal-svc"].consumers
        apart(house.execute("deal", "UPDATE consumer_offset SET next = 100 WHERE partition = 2"))
        [lost] = apart(figures({"deal-svc": url("deal")}, house.url)).services["deal-svc"].consumers
    assert (slow.behind, slow.catches_up, slow.outside) == (20, False, None)
    assert lost.outside is not None
    assert lost.outside.startswith(f"it stands at 100 of {LEADS}[2], which holds 0 up to ")


def test_a_kafka_that_is_down_and_a_database_that_is_missing_are_sentences(house: LogHouse) -> None:
    house.fill(events(4))
    nobody = f"kafka://127.0.0.1:{free_port()}"
    remember(house.run.folder, FolderBus(nobody))
    with started(house):
        apart(house.execute("postgres", "DROP DATABASE metrics"))
        found = told(house, 1)
        text = clinch("status", data=house.run.folder.path).stdout
    log, database = found["wrong"]
    assert log["says"].startswith(f"The log at {nobody} does not answer (")
    assert log["next"] == "clinch kafka status"
    assert database["says"] == 'No answer from the database of metrics-svc: database "metrics" does not exist.'
    assert found["figures"]["services"]["deal-svc"]["consumers"][0]["behind"] is None
    assert "deal-svc           0       -        0            0        0  deal-svc       ?             0\n" in text


def test_processes_that_stand_still_are_named(house: LogHouse) -> None:
    house.fill([])
    with started(house) as run:
        processes = alive(run.folder)
        for name, alert, code in (("worker", "WorkerDown", 1), ("postgres", "PostgresUnreachable", 1), ("api", "ApiDown", 3)):
            processes[name].send_signal(signal.SIGSTOP)
            try:
                [wrong] = told(house, code)["wrong"]
            finally:
                processes[name].send_signal(signal.SIGCONT)
            assert "stands still" in wrong["says"]
            assert wrong["next"] == f"kill -CONT {processes[name].pid}"
            assert wrong["page"] == f"runbooks/Clinch{alert}.md"


def test_a_system_that_runs_elsewhere_is_named_by_its_settings(house: LogHouse) -> None:
    house.fill(events(8))
    own = house.run.postgres().url
    settings = {f"CLINCH_{name.upper()}_DATABASE_URL": own(name) for name in SERVICES} | {"CLINCH_BUS_URL": own("bus")}
    with databases_alone(house.run):
        done = clinch("status", data=house.run.folder.path / "none", **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[0].startswith("service       outbox")
    assert "All is well; the log is at postgresql://" in done.stdout


def test_what_a_killed_supervisor_left_is_shown_as_that(house: LogHouse) -> None:
    house.fill([])
    with started(house) as run:
        lock, pid = run.folder.path / "lock", os.getpid()
        moved = lock.rename(lock.with_suffix(".held"))  # as if nobody held it
        found = told(house, 3)
        moved.rename(lock)
    assert (found["running"], found["ready"]) == (False, False)
    assert [process["name"] for process in found["processes"]] == ["postgres", "api", "worker"]
    assert str(pid) not in {str(process["pid"]) for process in found["processes"]}
    assert found["wrong"][0]["says"].startswith("The supervisor is gone")


def test_zone_and_currency_are_those_of_the_data(house: LogHouse) -> None:
    house.fill(events(4))
    with started(house):
        unknown = told(house, 0)
        apart(house.execute("lead", "INSERT INTO company VALUES (1, 'Asia/Shanghai', 'EUR', now(), 'done')"))
        found = told(house, 0)
        text = clinch("status", data=house.run.folder.path).stdout
        apart(house.execute("lead", "INSERT INTO company VALUES (2, 'UTC', 'EUR', now(), 'moving')"))
        changing = clinch("status", data=house.run.folder.path).stdout
    assert unknown["company"] is None
    its = {"time_zone": "Asia/Shanghai", "reporting_currency": "EUR", "changing": False, "country": "", "exceptions": []}
    assert found["company"] == its
    assert "Days are those of Asia/Shanghai, figures are in EUR.\n" in text
    assert "A change to UTC and EUR is not finished: run `clinch rezone` again.\n" in changing
