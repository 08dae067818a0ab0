"""`clinch export`: facts and KPIs as files, for a spreadsheet, a notebook or a warehouse."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from clinch.client.api import Api, api, told
from clinch.errors import CommandError
from clinch.options import Data, Token, Url

if TYPE_CHECKING:
    import httpx
    from rich.progress import Progress


def export(
    names: Annotated[
        list[str] | None, typer.Argument(help="What to take; --list says what there is.", show_default="every fact that you may take")
    ] = None,
    since: Annotated[str | None, typer.Option(help="The first day, for example 2026-01-01.", show_default="from the beginning")] = None,
    until: Annotated[str | None, typer.Option(help="The day after the last.", show_default="until now")] = None,
    format: Annotated[Literal["csv", "parquet"], typer.Option(help="Of the files.")] = "csv",
    to: Annotated[Path, typer.Option(help="The folder to write to; files of the same names in it are replaced.", file_okay=False)] = Path(),
    by: Annotated[str | None, typer.Option(help="Of KPIs: by this dimension, for example source, team or owner.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only what is credited to you, if you may not take all that you see.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Say what there is, and write nothing.")] = False,
    url: Url = None,
    data: Data = None,
    token: Token = None,
) -> None:
    """Write facts (leads, deals, payments ...) and KPIs per day or month into files, one for each."""
    with api(url, data, token) as system:
        there = {one["name"]: one for one in system.get("/v1/exports")["items"]}
        if list_:
            for one in there.values():
                typer.echo(f"{one['name']:<16} v{one['version']}  {one['description']}")
            return
        if not there:
            raise CommandError("There is nothing that you may take: your roles show no figures.")
        wanted = _wanted(names, there)
        to.mkdir(parents=True, exist_ok=True)
        asked = {"since": since, "until": until, "format": format, "owner_id": "me" if mine else None}
        size = _take(system, wanted, {name: value for name, value in asked.items() if value is not None}, by, to)
    many = f"{len(wanted)} files" if len(wanted) > 1 else "1 file"
    typer.echo(f"Wrote {many} ({_readable(size)}) to {to.absolute()}.")
    typer.echo(f"Look into one with pandas.read_{format}(...), or in DuckDB:  FROM '{to.absolute() / wanted[0]}.{format}';")
    typer.echo("What the columns mean: docs/export-columns.md. For a BI tool, without files: docs/bi.md")


def _wanted(names: list[str] | None, there: dict[str, Any]) -> list[str]:
    if not names:
        return [name for name, one in there.items() if one["view"]]
    if unknown := [name for name in names if name not in there]:
        raise CommandError(f"There is no {', '.join(unknown)} that you may take; there is {', '.join(there)}.", 2)
    return list(dict.fromkeys(names))


def _take(system: Api, names: list[str], asked: dict[str, str], by: str | None, to: Path) -> int:
    """Take one after the other; how many bytes they are together."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    size = 0
    columns = (TextColumn("{task.description:<16}"), BarColumn(), DownloadColumn())
    with Progress(*columns, transient=True, disable=not sys.stdout.isatty()) as shown:
        for name in names:
            of_kpis = {"by": by} if by and name.startswith("kpi_") else {}
            file = to / f"{name}.{asked['format']}"
            size += _write(system, name, asked | of_kpis, file, shown)
            shown.console.print(f"{file.name:<24} {_readable(file.stat().st_size):>10}", highlight=False)
    return size


def _write(system: Api, name: str, asked: dict[str, str], file: Path, shown: "Progress") -> int:
    """Write one file under another name first: what has its own is whole."""
    import httpx

    draft = file.with_name(f"{file.name}.part")
    task = shown.add_task(name, total=None)
    try:
        with system.stream(f"/v1/exports/{name}", asked) as answer, draft.open("wb") as out:
            _refuse_unless_ok(answer)
            for piece in answer.iter_bytes():
                out.write(piece)
                shown.advance(task, len(piece))
        draft.replace(file)
    except httpx.TransportError as error:
        raise CommandError(f"{name} was cut off ({error}), and nothing of it is kept: take it again.") from None
    finally:
        shown.remove_task(task)
        draft.unlink(missing_ok=True)
    return file.stat().st_size


def _refuse_unless_ok(answer: "httpx.Response") -> None:
    if not answer.is_success:
        answer.read()
        told(answer)


def _readable(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
