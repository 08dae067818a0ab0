"""The README's walk, the examples of the other pages, and what the runbooks look at: pasted as they are, against a system that
`clinch up` started."""

import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.clinch.embedded import eventually
from tests.clinch.running import clinch
from tests.clinch.running import origin as origin
from tests.clinch.walk import ROOT, STEPS, blocks, walk
from tests.operations.figures import exported

ONLY_WITH_LISTENERS = {"clinch_webhook_deliveries_total", "clinch_feed_readers"}
"""What the walk has none of: receivers of webhooks, and readers of the stream."""


PASTED = (
    "docs/attachments.md",
    "docs/bulk.md",
    "docs/documents.md",
    "docs/events.md",
    "docs/exports.md",
    "docs/frontends.md",
    "docs/forms.md",
    "docs/figures.md",
    "docs/imports.md",
    "docs/rates.md",
    "docs/scoring.md",
    "docs/search.md",
    "docs/stream.md",
    "docs/worklist.md",
)
NOT_PASTED = {
    "docs/bi.md": "tests/clinch/test_bi.py does it, and comes in",
    "docs/building-blocks.md": "looks at what a system with data has",
    "docs/campaigns.md": "tests/lead/test_campaigns.py does the same",
    "docs/consent.md": "tests/lead/test_consent.py does the same",
    "docs/notifications.md": "needs a robot; tests/metrics/test_notifications.py has stand-ins",
    "docs/pool.md": "tests/lead/test_pool.py does the same",
    "docs/signals.md": "tests/lead/test_signals.py does the same",
    "docs/working-leads.md": "moves the clock: a test of its own",
    "docs/working-quotes.md": "moves the clock: a test of its own",
    "docs/operations/containers.md": "needs Docker; tests/containers has it",
    "docs/operations/embedded.md": "moves the log to Kafka; tests/clinch/test_bus.py does",
    "docs/operations/kafka.md": "needs three brokers",
    "docs/operations/rezone.md": "changes the zone of all data; tests/faults/test_rezone.py does",
}


def figures(port: int) -> set[str]:
    """The names of the series that a process gives now."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=20).text
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def test_the_walk_works_as_it_is_printed(origin: tuple[str, dict[str, str]]) -> None:
    where, environment = origin
    assert walk(where, environment) == dict.fromkeys(STEPS, 1)
    checked = clinch(environment, "verify")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    admin = int(environment["CLINCH_ADMIN_PORT"])
    for port in (admin, admin + 1):
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=20).json() == {"status": "ready"}
    wanted = {name for name in exported() if name.startswith(("clinch_", "http_"))} - ONLY_WITH_LISTENERS
    eventually(lambda: wanted <= figures(admin) | figures(admin + 1))  # some are looked at every few seconds only
    assert {page: what for page in PASTED if (what := pasted(where, environment, page))} == {}
    example = re.search(r"`\?(state=\S+)`", (ROOT / "docs/frontends.md").read_text())
    assert example
    token = clinch(environment, "token", "--role", "admin").stdout.split()[-1]
    found = httpx.get(f"{where}/v1/leads?{example[1]}", headers={"Authorization": f"Bearer {token}"}, timeout=20)
    assert found.status_code == 200, found.text
    said = {f"{page}: {commands}": looked(where, environment, commands) for page, commands in runbooks()}
    assert len(said) >= 15
    assert {commands: what for commands, what in said.items() if what} == {}


def test_each_page_with_commands_is_run_or_named_with_the_reason() -> None:
    pages = {str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md") if blocks(str(page.relative_to(ROOT)))}
    assert pages == {*PASTED} | NOT_PASTED.keys()


def test_a_lead_is_worked_as_its_page_says(origin: tuple[str, dict[str, str]]) -> None:
    """From a form to three attempts in vain, a campaign that takes it up again, a merge and back."""
    done = paste(*origin, "docs/working-leads.md")
    assert done.returncode == 0, done.stdout + done.stderr
    assert refused(done) == [], done.stdout
    said = [line for line in done.stdout.splitlines() if re.fullmatch(r"[a-z_]+[0-9]?|[0-9]", line)]
    assert said == ["mql", "1", "2", "3", "no_response_3", "1", "mql", "merged", "captured"]
    checked = clinch(origin[1], "verify")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_quote_is_approved_sent_and_accepted_as_its_page_says(origin: tuple[str, dict[str, str]]) -> None:
    """Priced, decided on by three people with a delegate and too late, and accepted by a link; all that tells of it agrees."""
    done = paste(*origin, "docs/working-quotes.md")
    assert done.returncode == 0, done.stdout + done.stderr
    assert refused(done) == [], done.stdout
    walked, last, checked = done.stdout.rpartition("70980.00\n")
    assert "All invariants hold" in checked
    said = [line for line in (walked + last).splitlines() if re.fullmatch(r"[a-z_]+|%PDF-|accepted: \d+|[0-9.]+", line)]
    assert said == [
        *("active", "109200.00", "director_finance", "pending_approval", "director"),
        *("pending_approval", "pending_approval", "approved", "sent"),
        "%PDF-",
        "negotiation",
        *("1", "accepted: 303", "accepted", "70980.00", "70980.00", "70980.00"),
    ]


def pasted(where: str, environment: dict[str, str], page: str) -> str:
    """What goes wrong when all that a page gives for bash is pasted: a command that fails, or a refusal of the API."""
    done = paste(where, environment, page)
    return done.stdout + done.stderr if done.returncode or refused(done) else ""


def refused(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stdout.splitlines() if '"/problems/' in line]


def paste(where: str, environment: dict[str, str], page: str) -> subprocess.CompletedProcess[str]:
    text = "\n".join(blocks(page))
    for printed, here in (
        ("http://127.0.0.1:8000", where),
        ("/tmp/", "${CLINCH_DATA}/example-"),  # before the interpreter, which may lie there too
        (".venv/bin/clinch", f"{sys.executable} -m clinch.main"),
        ("curl -sN", "stream"),
    ):
        text = text.replace(printed, here)
    stream = 'stream() { curl -sN --max-time 3 "$@" || [ $? -eq 28 ]; }  # it ends only by the time that it is given'
    script = f"set -eo pipefail\n{stream}\n{text}"
    return subprocess.run(["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)


def runbooks() -> Iterator[tuple[str, str]]:
    """What each runbook gives to look at."""
    for page in sorted((ROOT / "docs/operations/runbooks").glob("*.md")):
        for commands in re.findall(r"^```\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
            yield page.name, commands


def looked(where: str, environment: dict[str, str], commands: str) -> str:
    """What is wrong with them: an error of a command, or a refusal of the API. To find nothing is none."""
    admin = int(environment["CLINCH_ADMIN_PORT"])
    for printed, here in (
        (":9100", f":{admin}"),
        (":9101", f":{admin + 1}"),
        ("http://127.0.0.1:8000", where),
        (" .clinch", " ${CLINCH_DATA}"),
    ):
        commands = commands.replace(printed, here)
    script = f'clinch() {{ "{sys.executable}" -m clinch.main "$@"; }}\n{commands}'
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return done.stderr + "".join(line for line in done.stdout.splitlines() if '"/problems/' in line)
