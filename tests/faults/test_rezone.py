"""A change of zone and currency that is killed at every step: nothing starts in between, and the same command continues."""

import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.clock import utcnow
from tests.faults.system import System, embedded

STEPS = ("Announced", "deal database", "contract database", "lead database", "Projected", "Released")
KPIS = ("leads_captured", "win_rate", "average_deal_size", "sales_cycle")
BOTH = timedelta(minutes=5)
"""Until two folders have their demo, on a busy machine."""
UNFINISHED = "A change of time zone or reporting currency is not finished: run `clinch rezone` again"


def killed_after(system: System, step: str, *arguments: str) -> None:
    """`clinch rezone`, killed when it says that this step is done."""
    command = [sys.executable, "-P", "-u", "-m", "clinch.main", "rezone", *arguments, "--data", str(system.data)]
    env = {k: v for k, v in os.environ.items() if not k.startswith("CLINCH_")} | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if step in line:
                process.send_signal(signal.SIGKILL)
                return
        raise AssertionError(f"it never said {step}: {process.stderr.read() if process.stderr else ''}")


def rates(place: Path) -> Path:
    file = place / "rates.csv"
    days = [date.today() - timedelta(days=n) for n in range(-2, 500)]  # noqa: DTZ011  # covers today in every zone
    file.write_text("\n".join(f"{day},{0.12 + n / 100_000:.5f}" for n, day in enumerate(days)))
    return file


def figures(system: System) -> list[Any]:
    with httpx.Client(base_url=system.origin, headers=system.headers(), timeout=60) as http:
        return [http.get(f"/v1/metrics/kpis/{kpi}", params={"grain": "day"}).json()["rows"] for kpi in KPIS]


def test_a_change_that_is_killed_at_every_step_goes_on_where_it_stopped(place: Path) -> None:
    with embedded(place / "data") as system:
        demo = system.clinch("demo", "--leads", "60")
        assert demo.returncode == 0, demo.stderr
        before = figures(system)
        refused = system.clinch("rezone", "--currency", "EUR")
        assert (refused.returncode, "There is no rate of CNY to EUR for " in refused.stderr) == (2, True), refused.stderr
        assert httpx.get(f"{system.origin}/readyz").status_code == 200, "a refusal stops nothing"
    to = ("--time-zone", "Pacific/Auckland", "--currency", "EUR", "--rates", str(rates(place)))
    for step in STEPS[:-1]:
        killed_after(system, step, *to)
        to = ()  # it knows what it was about
        refused = system.clinch("up", "--port", str(system.port))
        assert (refused.returncode, UNFINISHED in refused.stderr) == (2, True), refused.stderr
    done = system.clinch("rezone")
    assert done.returncode == 0, done.stderr
    assert "All data are kept in Pacific/Auckland and EUR now" in done.stdout
    with system.up():
        system.verified()
        assert figures(system) != before
        again = system.clinch("rezone", "--time-zone", "Pacific/Auckland")
        assert (again.returncode, "nothing to change" in again.stdout) == (0, True)
    other = System(system.data, system.port, {"CLINCH_TIME_ZONE": "UTC"})
    refused = other.clinch("up", "--port", str(other.port))
    assert (refused.returncode, "`clinch rezone --time-zone UTC`" in refused.stderr) == (2, True), refused.stderr


def test_figures_by_day_are_those_of_a_folder_that_was_in_the_zone_from_the_start(place: Path) -> None:
    """Of the demo, figures whose days do not depend on days that people named. It ends with the last full hour, so both are of one hour."""
    if (left := timedelta(hours=1) - timedelta(minutes=(now := utcnow()).minute, seconds=now.second)) < BOTH:
        time.sleep(left.total_seconds())
    found = []
    for name, settings in (("moved", {}), ("always", {"CLINCH_TIME_ZONE": "Pacific/Auckland"})):
        with embedded(place / name, settings) as system:
            demo = system.clinch("demo", "--leads", "60")
            assert demo.returncode == 0, demo.stderr
            if not settings:
                assert system.clinch("rezone", "--time-zone", "Pacific/Auckland").returncode == 0
                assert system.clinch("up", "--port", str(system.port)).returncode == 0
            system.verified()
            found.append(figures(system))
    assert found[0] == found[1]


@pytest.mark.parametrize("wrong", [("--time-zone", "Moon/Crater"), ("--currency", "eur")])
def test_what_cannot_be_is_one_sentence(place: Path, wrong: tuple[str, str]) -> None:
    refused = System(place / "data", 0).clinch("rezone", *wrong)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert wrong[0] in refused.stderr
