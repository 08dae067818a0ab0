"""`clinch import`: a file of rows into a running system, with progress and a summary; or what it would do, with `--check`."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from clinch.client.imports_check import show
from clinch.client.token import access_token
from clinch.errors import CommandError
from clinch.options import Data, Token, Url, base_url

if TYPE_CHECKING:
    import httpx

Pairs = list[str]
_SHOWN = 5
_OPTIONS = ("encoding", "delimiter", "sheet", "decimal", "date-format", "map")
PATIENCE = 60
"""Seconds to wait for a system that does not answer. The import itself goes on where it was when it is back."""


def import_file(
    things: Annotated[str, typer.Argument(help="What the rows are, such as leads or deals.")],
    file: Annotated[Path | None, typer.Argument(help="The file: CSV, XLSX or XLS.", exists=True, dir_okay=False)] = None,
    map: Annotated[Pairs | None, typer.Option(help="field=column: which column fills which field.")] = None,
    set: Annotated[Pairs | None, typer.Option(help="field=value: the same for every row.")] = None,
    default: Annotated[Pairs | None, typer.Option(help="field=value: where the cell is empty.")] = None,
    value: Annotated[
        Pairs | None, typer.Option(help='field:text=value: what a text of the file stands for, as in "stage:Closed Won=won".')
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="Found out unless given: , ; | or tab.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Found out unless given: utf-8, utf-16, windows-1252, gb18030, shift_jis ...")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook; the first unless given.")] = None,
    decimal: Annotated[str | None, typer.Option(help="The decimal mark of amounts; found out unless given: . or a comma.")] = None,
    date_format: Annotated[Pairs | None, typer.Option(help="strptime format of the dates, or excel; clear ones need none.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="Of times that name none, for example Asia/Shanghai.")] = None,
    correct: Annotated[
        bool, typer.Option("--correct", help="Replace the known history of deals that nobody has touched. For admin and ops.")
    ] = False,
    work: Annotated[
        bool, typer.Option("--work", help="Rows start tasks: next steps of open deals, wake-up dates of nurtured leads.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Only show what the import would do, and all problems.")] = False,
    resume: Annotated[
        str | None, typer.Option(help="Go on with a cancelled, refused or failed import, by its id; other options may be given.")
    ] = None,
    token: Token = None,
    url: Url = None,
    data: Data = None,
) -> None:
    """Import rows from a file. Importing the same file again changes nothing."""
    import httpx

    if (file is None) == (resume is None):
        raise CommandError("Name a file to import, or an import to go on with by --resume.", 2)
    if check and resume:
        raise CommandError("--check looks at a file; leave out --resume.", 2)
    base = base_url(url, data)
    options = {
        "map": map,
        "set": set,
        "default": default,
        "value": value,
        "correct": "true" if correct else None,
        "work": "true" if work else None,
        "delimiter": {"tab": "\t", "\\t": "\t"}.get(delimiter or "", delimiter),
        "encoding": encoding,
        "sheet": sheet,
        "decimal": decimal,
        "date_format": date_format,
        "time_zone": time_zone,
    }
    with httpx.Client(base_url=base, timeout=60, headers={"Authorization": f"Bearer {access_token(token, base)}"}) as client:
        path = f"/v1/imports/{things}"
        given = {k: v for k, v in options.items() if v}
        try:
            if file is None:
                job = _patiently(lambda: client.post(f"{path}/{resume}/resume", params=given))
            elif check:
                from shared.imports.upload import MOST_CHECKED, too_large

                if file.stat().st_size > MOST_CHECKED:  # a refusal may be lost while the file is still being sent
                    raise CommandError(too_large(), 2)
                client.timeout = httpx.Timeout(60, read=None)  # the whole file is read before the answer comes
                show(_upload(client, path, file, given | {"dry_run": "true"}))
                return
            else:
                job = _upload(client, path, file, given)
            _summary(client, path, _watched(client, path, job))
        except httpx.TransportError as error:
            raise CommandError(f"{base} does not answer ({error}): is Clinch running there?") from None


def _patiently(ask: "Callable[[], httpx.Response]") -> dict[str, Any]:
    """The answer, also of a system that is just being restarted: nothing asked here has a second effect."""
    import httpx

    until = time.monotonic() + PATIENCE
    while True:
        try:
            response = ask()
            if response.status_code != 503 or time.monotonic() > until:
                return _answer(response)
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
        time.sleep(0.5)


def _answer(response: "httpx.Response") -> dict[str, Any]:
    if response.is_success:
        found: dict[str, Any] = response.json()
        return found
    try:
        problem = response.json()
        if response.status_code == 404:
            raise CommandError("The system has no such import: neither of this kind of rows, nor with this id.", 2)
        raise CommandError(problem.get("detail") or problem.get("title"), 2 if response.status_code == 422 else 1)
    except ValueError:
        raise CommandError(f"The server answered {response.status_code}.") from None


def _upload(client: "httpx.Client", path: str, file: Path, options: dict[str, Any]) -> dict[str, Any]:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    size = file.stat().st_size
    with Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), transient=True) as progress:
        bar = progress.add_task(f"Sending {file.name}", total=size)

        def pieces() -> Iterator[bytes]:
            with file.open("rb") as opened:
                while piece := opened.read(256 * 1024):
                    yield piece
                    progress.advance(bar, len(piece))

        headers = {"Content-Type": "text/csv", "Content-Length": str(size), "Idempotency-Key": f"clinch-import-{uuid4()}"}

        def send() -> "httpx.Response":
            progress.update(bar, completed=0)
            return client.post(path, params=options, content=pieces(), headers=headers)

        return _patiently(send)


def _watched(client: "httpx.Client", path: str, job: dict[str, Any]) -> dict[str, Any]:
    """Show the job's progress until it ends. Ctrl-C cancels it, and says how to go on."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    id = job["id"]
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rows]:,} rows"))
    try:
        with Progress(*columns, TimeRemainingColumn(), transient=True) as progress:
            bar = progress.add_task("Importing", total=max(1, job["bytes_total"]), rows=0)
            while job["state"] in ("queued", "reading", "running"):
                reading = job["state"] == "reading"
                progress.update(
                    bar,
                    description="Reading" if reading else "Importing",
                    total=max(1, job["bytes_total"]),
                    completed=job["bytes_done"],
                    rows=job["rows"],
                )
                time.sleep(0.15)
                job = _patiently(lambda: client.get(f"{path}/{id}"))
    except KeyboardInterrupt:
        job = _patiently(lambda: client.post(f"{path}/{id}/cancel"))
    return job


def _summary(client: "httpx.Client", path: str, job: dict[str, Any]) -> None:
    things = job["things"]
    for found in job["findings"]:
        if found["why"] != "given":
            typer.echo(f"Read with {found['what']} {found['value']}: {found['why']}.")
    if job["state"] == "refused":
        choose = f" Choose from: {', '.join(map(repr, job['refusal']['candidates']))}." if job["refusal"]["candidates"] else ""
        option = str(job["refusal"]["option"]).replace("_", "-")
        again = f" Go on with `clinch import {things} --resume {job['id']} --{option} ...`." if option in _OPTIONS else ""
        raise CommandError(f"Nothing was imported. {job['error']}{choose}{again}", 2)
    typer.echo(
        f"{job['rows']:,} rows: {job['created']:,} created, {job['updated']:,} updated, {job['unchanged']:,} unchanged, "
        f"{job['refused']:,} refused, {job['flagged']:,} flagged."
    )
    for flag, rows in sorted(job["flags"].items()):
        typer.echo(f"  flagged {flag}: {rows:,}")
    if job["refused"] or job["flagged"]:
        report = f"{path}/{job['id']}/problems.csv"
        with client.stream("GET", report) as response:
            lines = response.iter_lines()
            first = "\n".join(line for _, line in zip(range(_SHOWN + 1), lines, strict=False))
        for row in csv.DictReader(io.StringIO(first)):
            typer.echo(f"  line {row['line']}, {row['field'] or 'row'}: {row['message']} ({row['kind']})")
        typer.echo(f"All of them: {client.base_url.join(report)}")
    if job["state"] == "cancelled":
        raise CommandError(f"Cancelled after line {job['line']:,}; go on with `clinch import {things} --resume {job['id']}`.")
    if job["state"] == "failed":
        raise CommandError(f"{job['error']} Go on with `clinch import {things} --resume {job['id']}` when that is put right.")
