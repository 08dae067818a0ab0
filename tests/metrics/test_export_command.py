"""`clinch export`, as it is typed, against a service on a port."""

import asyncio
import csv
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pandas

from metrics_svc.exports.catalogue import EXPORTS
from tests.harness import Running
from tests.metrics.streams import listening
from tests.metrics.told import Deal, events_of, hear, on, person


async def clinch_export(base: str, *arguments: str, token: str = "director:") -> tuple[int | None, str, str]:
    command = ("-P", "-m", "clinch.main", "export", "--url", base, "--token", token, *arguments)
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE, stderr=PIPE)
    out, error = await process.communicate()
    return process.returncode, out.decode(), error.decode()


def files(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


async def told(svc: Running) -> None:
    deals = [Deal(name, owner_id=person(name)).opened(on(day)).won(on(day + 9), amount=7) for day, name in enumerate(("ann", "bob"))]
    await hear(svc, events_of(deals))


async def test_it_writes_every_fact_into_a_folder_and_says_so(svc: Running, tmp_path: Path) -> None:
    await told(svc)
    async with listening(svc) as base:
        code, said, error = await clinch_export(base, "--to", str(tmp_path / "facts"))
        assert (code, error) == (0, "")
        assert files(tmp_path / "facts") == {f"{name}.csv" for name in EXPORTS}
        assert f"Wrote {len(EXPORTS)} files (" in said
        assert str(tmp_path / "facts") in said
        found = pandas.read_csv(tmp_path / "facts/deal_outcomes.csv")
        assert found["amount"].tolist() == [7, 7]
        code, said, _ = await clinch_export(base, "--list")
        assert [line.split()[0] for line in said.splitlines()] == [*EXPORTS, "kpi_days", "kpi_months"]


async def test_it_takes_what_is_named_of_the_days_that_are_named(svc: Running, tmp_path: Path) -> None:
    await told(svc)
    days = ("--since", "2025-01-11", "--until", "2025-02-01")
    async with listening(svc) as base:
        wanted = ("deal_outcomes", "kpi_months", "--by", "owner", "--format", "parquet", "--to", str(tmp_path))
        assert (await clinch_export(base, *wanted, *days))[0] == 0
        assert pandas.read_parquet(tmp_path / "deal_outcomes.parquet")["owner_id"].tolist() == [str(person("bob"))]
        assert set(pandas.read_parquet(tmp_path / "kpi_months.parquet")["dimension"]) == {"owner"}
        assert (await clinch_export(base, "deals", "--mine", "--to", str(tmp_path), token="rep:ann"))[0] == 0
        with (tmp_path / "deals.csv").open(encoding="utf-8-sig", newline="") as file:
            assert [row["owner_id"] for row in csv.DictReader(file)] == [str(person("ann"))]


async def test_what_it_cannot_do_is_one_sentence_and_no_file(svc: Running, tmp_path: Path) -> None:
    await told(svc)
    to = ("--to", str(tmp_path))
    async with listening(svc) as base:
        for arguments, token, expected in (
            (("secrets",), "director:", 2),
            (("deals", "--since", "yesterday"), "director:", 2),
            (("kpi_days",), "director:", 2),
            (("deals",), "rep:ann", 1),
            ((), "legal:", 1),
        ):
            code, _, error = await clinch_export(base, *arguments, *to, token=token)
            assert (code, error.count("\n")) == (expected, 1), error
    code, _, error = await clinch_export(base, *to)
    assert (code, error.count("\n")) == (1, 1)
    assert files(tmp_path) == set()
