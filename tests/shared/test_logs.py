"""What a process writes to standard error: one JSON line for each fact, whoever says it, without what callers sent."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from pydantic import BaseModel, ValidationError
from structlog.testing import LogCapture

from clinch.run.postgres import Postgres
from shared.process.logs import configure_logging, without_values
from shared.process.settings import LogSettings
from shared.process.telemetry import of_request
from tests.harness import running
from tests.shared.notes_service import service

SAYS = """
import logging, warnings
import structlog
from shared.process.logs import configure_logging
from shared.process.settings import LogSettings
configure_logging(LogSettings(version="1.2.3"), "note-svc")
structlog.contextvars.bind_contextvars(trace_id="a" * 32, request_id="r-1", actor_id="u-1")
structlog.get_logger().info("ours", n=1)
structlog.contextvars.clear_contextvars()
logging.getLogger("uvicorn.error").warning("theirs, %s", "formatted")
logging.getLogger("alembic").info("too quiet to be heard")
warnings.warn("a warning")
try:
    raise ValueError("bad")
except ValueError:
    logging.getLogger("asyncpg").exception("theirs, with an exception")
"""


def test_every_line_is_json_with_the_same_keys_whoever_speaks() -> None:
    done = subprocess.run([sys.executable, "-c", SAYS], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    ours, theirs, warned, failed = [json.loads(line) for line in done.stderr.splitlines()]
    for line in (ours, theirs, warned, failed):
        assert {"timestamp", "level", "event", "service", "version"} <= line.keys()
        assert (line["service"], line["version"]) == ("note-svc", "1.2.3")
    assert (ours["trace_id"], ours["request_id"], ours["actor_id"]) == ("a" * 32, "r-1", "u-1")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("theirs, formatted", "warning", "uvicorn.error")
    assert "a warning" in warned["event"]
    assert failed["exception"].endswith("ValueError: bad")


def test_the_default_version_is_that_of_the_package() -> None:
    assert LogSettings().version[0].isdigit()


class _Person(BaseModel):
    age: int


async def test_exceptions_are_logged_without_the_values_that_they_quote(postgres: Postgres) -> None:
    said: list[str] = []
    conn = await asyncpg.connect(postgres.url("postgres"))
    await conn.execute("CREATE TEMP TABLE person (email text UNIQUE, age int)")
    await conn.execute("INSERT INTO person VALUES ('ann@secret.example')")
    for statement, argument in (
        ("INSERT INTO person VALUES ($1)", "ann@secret.example"),
        ("INSERT INTO person (age) VALUES ($1)", "ann@secret.example"),
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011  # two kinds of asyncpg's
            await conn.execute(statement, argument)
        said.append(f"{caught.type.__name__}: {caught.value}")
    await conn.close()
    with pytest.raises(ValidationError) as invalid:
        _Person.model_validate({"age": "ann@secret.example"})
    said.append(str(invalid.value))
    for text in said:
        assert "secret" in text
        cleaned = without_values(None, "error", {"exception": text, "error": text})
        assert "secret" not in cleaned["exception"] + cleaned["error"]
        assert len(cleaned["exception"]) > 40


async def test_a_line_of_a_request_says_whose_and_which_it_was(postgres: Postgres) -> None:
    heard = LogCapture()
    before = structlog.get_config()
    async with running(service, postgres) as notes, notes.client("rep", "ann") as ann:
        structlog.configure(processors=[of_request, heard], cache_logger_on_first_use=False)
        try:
            written = (await ann.post("/v1/notes", json={"text": "a"})).json()
            url, sent = f"/v1/notes/{written['id']}", {"X-Request-ID": "gateway-7", "If-Match": "*"}
            answer = await ann.patch(url, json={"text": "crash"}, headers=sent)
            await ann.patch(url, json={"text": "crash"}, headers={"X-Request-ID": "a b", "If-Match": "*"})
        finally:
            structlog.configure(**before)
    first, second = heard.entries
    assert first["event"] == "unexpected_error"
    assert first["service"] == "note-svc"
    assert first["trace_id"] == answer.json()["trace_id"]
    assert (first["request_id"], first["actor_id"]) == ("gateway-7", str(notes.person("rep", "ann")))
    assert len(second["request_id"]) == 16


@pytest.fixture(autouse=True)
def _as_before() -> Any:
    kept = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers[:] = kept


def test_a_person_at_a_terminal_can_have_it_plain(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    configure_logging(LogSettings(log_format="console"), "note-svc")
    try:
        logging.getLogger("x").warning("hello")
    finally:
        structlog.configure(**before)
    assert "hello" in capsys.readouterr().err
