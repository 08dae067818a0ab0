import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.clock import MovedClock, happened, kept_since, machine, moved_by, utcnow
from shared.errors import Invalid

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize("at", [None, NOW, NOW + timedelta(minutes=5), NOW - timedelta(days=400), datetime(1970, 1, 1, tzinfo=UTC)])
def test_now_and_the_past_are_taken(at: datetime | None) -> None:
    assert happened(at, NOW) == (at or NOW)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOW + timedelta(minutes=6), "future"),
        (datetime(1969, 12, 31, 23, 59, tzinfo=UTC), "too_early"),
        (NOW - timedelta(days=3), "before_previous"),
    ],
)
def test_other_times_are_refused_by_the_field_that_they_came_in(at: datetime, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        happened(at, NOW, since=NOW - timedelta(days=2), field="signed_at")
    assert [(e["pointer"], e["code"]) for e in refused.value.extra["errors"]] == [("/signed_at", code)]


def test_behind_a_moved_clock_is_the_machines() -> None:
    ahead, back = (MovedClock(lambda days=days: timedelta(days=days)) for days in (30, -30))
    assert abs(ahead() - utcnow() - timedelta(days=30)) < timedelta(minutes=1)
    assert (machine(ahead), moved_by(ahead), moved_by(utcnow)) == (utcnow, timedelta(days=30), timedelta())
    assert machine(lambda: NOW)() == NOW, "a test's clock stands for both"
    for clock in (ahead, back):
        assert kept_since(clock, days=1) <= utcnow() - timedelta(days=1), "no jump deletes anything early"


MACHINES_SQL = {
    "shared/http/idempotency.py", "shared/db/outbox.py",  # how long an answer to a key is kept
    "shared/log/relay.py", "shared/log/outbox_letters.py", "shared/log/split.py", "shared/log/bus/pglog.py",  # the relay and the log
    "shared/http/rate.py",  # it is the machine that the limit protects
    "shared/attachments/tables.py", "shared/attachments/upkeep.py",  # how long an upload that broke off is kept
    "shared/attachments/loose.py",  # and when an object without an attachment is deleted
    "services/deal-svc/deal_svc/quotes/printing.py",  # claims, and waits after a failure
    "deploy/clinch/ops/status/figures.py",  # what it shows is how long something waits
}  # fmt: skip
"""Where statements may ask for Postgres's time: only for what counts how long something takes or is kept."""
MACHINES_CODE = {
    "shared/clock.py", "shared/auth/verifier.py", "shared/log/relay.py", "deploy/clinch/ops/backup/command.py",
    "deploy/clinch/ops/clock.py", "deploy/clinch/ops/status/command.py", "deploy/clinch/ops/status/processes.py",
    "deploy/clinch/run/supervisor.py", "deploy/clinch/demo/command.py",
}  # fmt: skip
SQLS_NOW = re.compile(
    r"\b(?:now|clock_timestamp|transaction_timestamp|statement_timestamp)\(\)|\bcurrent_(?:timestamp|date)\b|\bfunc\.now\b", re.I
)
PYTHONS_NOW = re.compile(r"\bdatetime\.now\(|\bdatetime\.utcnow\(|\bdate\.today\(|\btime\.time\b")
ROOT = Path(__file__).parents[2]


def test_the_business_asks_its_clock_and_not_the_database_or_the_machine() -> None:
    code = {
        str(path.relative_to(ROOT)): re.sub(r"\butcnow\(\)|`now\(\)`", "", path.read_text())
        for folder in ("shared", "services", "deploy")
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    }
    assert {name for name, text in code.items() if SQLS_NOW.search(re.sub(r"datetime\.now\(\)", "", text))} == MACHINES_SQL
    assert {name for name, text in code.items() if PYTHONS_NOW.search(text)} == MACHINES_CODE
