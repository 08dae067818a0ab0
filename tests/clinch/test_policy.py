"""`clinch policy`, against a service that runs: what people type, and what they read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner

from clinch.client import policy_file
from clinch.client.policy_file import as_yaml, read_file
from clinch.errors import CommandError
from clinch.main import app
from clinch.run.postgres import Postgres
from deal_svc.policy import DealPolicy
from deal_svc.service import service
from lead_svc.scoring.policy import BehaviourRule, ScoringPolicy
from metrics_svc.service import service as metrics
from shared.policy.company import CompanyPolicy
from shared.process.service import Service
from tests.harness import running
from tests.ports import free_port
from tests.shared.until import until

FILE = """
policy: deal
document:
  quote_valid_days: 45
  stages:
    negotiation:
      stalled_after_days: 28
"""


class Terminal:
    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder

    async def says(self, *arguments: str, who: str = "sales_ops", **environment: str) -> str:
        code, text = await self.run(*arguments, who=who, **environment)
        assert code == 0, text
        return text

    async def run(self, *arguments: str, who: str = "sales_ops", **environment: str) -> tuple[int, str]:
        env = {"CLINCH_URL": self.url, "CLINCH_TOKEN": f"{who}:", **environment}
        result = await asyncio.to_thread(CliRunner().invoke, app, ["policy", *arguments], env=env)
        return result.exit_code, result.output

    def file(self, text: str = FILE) -> str:
        path = self.folder / "policy.yaml"
        path.write_text(text)
        return str(path)


@asynccontextmanager
async def terminal_of(service: Service, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Terminal]:
    async with running(service, postgres) as svc:
        port = free_port()
        server = uvicorn.Server(uvicorn.Config(svc.app, port=port, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve())

        async def answers() -> bool:
            return server.started

        await until(answers)
        yield Terminal(f"http://127.0.0.1:{port}", tmp_path)
        server.should_exit = True
        await serving


@pytest.fixture
async def terminal(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Terminal]:
    async with terminal_of(service, postgres, tmp_path) as its:
        yield its


async def test_the_walk_of_the_page(terminal: Terminal) -> None:
    assert (await terminal.says("show", "deal", who="rep")).startswith("# version 1\npolicy: deal-svc\ndocument:\n")
    file = terminal.file()
    changes = "stages.negotiation.stalled_after_days: 21 → 28   (Stages, Negotiation, Stalled after days)"
    assert changes in await terminal.says("diff", file)
    drafted = await terminal.says("apply", file)
    assert "Version 2 of deal-svc is drafted.\nNext: `clinch policy simulate deal 2`" in drafted
    assert "Next: `clinch policy approve deal 2 --token ...`" in drafted
    assert "Next: `clinch policy activate deal 2 --from DAY`" in await terminal.says("approve", "deal", "2", who="director")
    later = await terminal.says("activate", "deal", "2", "--from", "2026-04-01")
    assert later == "Version 2 of deal-svc will be active from 2026-04-01T00:00:00Z on.\n"
    assert await terminal.says("activate", "deal", "2") == "Version 2 of deal-svc is active.\n"
    assert await terminal.says("diff", file) == "deal-svc: nothing differs from the active version.\n"
    shown = terminal.file(await terminal.says("show", "deal"))
    assert await terminal.says("apply", shown) == "deal-svc: nothing differs from the active version.\n"


async def test_all_steps_at_once_with_the_token_of_an_approver(terminal: Terminal) -> None:
    done = await terminal.says("apply", terminal.file(), "--approve", "--activate", CLINCH_APPROVER_TOKEN="director:dee")
    assert done.endswith("Version 2 of deal-svc is drafted.\nVersion 2 of deal-svc is approved.\nVersion 2 of deal-svc is active.\n")


async def test_nobody_approves_their_own_draft_and_reads_why(terminal: Terminal) -> None:
    code, said = await terminal.run("apply", terminal.file(), "--approve", who="sales_ops+director")
    assert code == 1
    assert "You drafted it. Another director must approve it." in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "policy: deal\ndocument: {quote_valid_day: 3}",
            "/document/quote_valid_day: There is no field of this name here. Did you mean quote_valid_days?",
        ),
        ("policy: deal\ndocument: {quote_valid_days: many}", "/document/quote_valid_days: Write a whole number."),
        ("policy: king\ndocument: {}", "There is no such document: name one of company, lead, "),
        ("document: {}", "say `policy:`"),
        ("policy: deal\ndocument: {}\nnotes: x", "only policy, document, running and note may stand here, not notes."),
        ("a: [", "is not YAML in line 1."),
        ("", "is empty."),
    ],
)
async def test_what_is_wrong_with_a_file_is_a_sentence(terminal: Terminal, text: str, says: str) -> None:
    code, said = await terminal.run("diff", terminal.file(text))
    assert code == 2
    assert says in said.replace("\n", " ")


async def test_a_document_without_a_simulation_says_so(postgres: Postgres, tmp_path: Path) -> None:
    async with terminal_of(metrics, postgres, tmp_path) as terminal:
        await terminal.says("apply", terminal.file("policy: metrics\ndocument:\n  access_log_days: 90\n"))
        code, said = await terminal.run("simulate", "metrics", "2")
    assert code
    assert "There is no simulation for this document." in said


def test_every_document_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Times, days, percents and countries stay what they are, which YAML by itself would take for something else."""
    company = CompanyPolicy.model_validate(
        {"country": "NO", "overrides": {"2026-10-01": "holiday"}, "hours": [{"begins": "09:00", "ends": "18:00"}]}
    )
    lasting = ScoringPolicy(behaviours=(BehaviourRule(kinds=("demo_requested",), points=40, counts_past=True, half_life_days=None),))
    for document in (company, DealPolicy(), lasting):
        file = tmp_path / "policy.yaml"
        file.write_text(as_yaml({"policy": "company", "number": 3, "active_from": None, "document": document.stored()}))
        (given,) = read_file(file)
        assert type(document).model_validate(given["document"]) == document


def test_the_names_are_those_of_the_documents_of_all_services() -> None:
    with pytest.raises(CommandError, match="name one of"):
        policy_file.name_of("king")
    assert policy_file.name_of("metrics") == "metrics-svc"
    assert policy_file.name_of("assignment") == "assignment"
