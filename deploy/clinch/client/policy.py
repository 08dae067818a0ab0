"""`clinch policy`: the documents of policy, for people who keep them in files."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from clinch.client.api import Api, api, told
from clinch.client.policy_file import as_yaml, name_of, policies, read_file
from clinch.errors import CommandError
from clinch.options import Data, Token, Url

policy = typer.Typer(no_args_is_help=True, help="Show and change the numbers of the process.")

_SHOWN = 10
Service = Annotated[str, typer.Argument(help="lead, deal, contract, metrics, company, or one document of lead-svc such as assignment.")]
Number = Annotated[int, typer.Argument(help="The version's number.")]
File = Annotated[Path, typer.Argument(help="A YAML file, as `clinch policy show` writes it.", exists=True, dir_okay=False)]
From = Annotated[str | None, typer.Option("--from", help="From when on: a day, or a time with its zone. At once without it.")]


@policy.command()
def show(
    service: Annotated[
        str | None, typer.Argument(help="lead, deal, contract, metrics, company, or one document such as assignment; all without it.")
    ] = None,
    url: Url = None,
    data: Data = None,
    token: Token = None,
) -> None:
    """Print the active document as YAML, in the form that `diff` and `apply` read."""
    with api(url, data, token) as its:
        names = [name_of(service)] if service else policies()
        typer.echo("---\n".join(as_yaml(its.get(f"/v1/policies/{name}")) for name in names), nl=False)


@policy.command()
def diff(file: File, url: Url = None, data: Data = None, token: Token = None) -> None:
    """Say what a file would change. Nothing is stored."""
    with api(url, data, token) as its:
        for given in read_file(file):
            answer = its.ask("POST", f"{_path(given['policy'])}/versions", _body(given, None), dry_run="true")
            _show_changes(given["policy"], None if _is_same(answer) else told(answer))


@policy.command()
def apply(
    file: File,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Also approve it, with the token of --approver.")] = False,
    activate: Annotated[bool, typer.Option("--activate", help="Also make it active, once it is approved.")] = False,
    since: From = None,
    approver: Annotated[
        str | None, typer.Option(envvar="CLINCH_APPROVER_TOKEN", help="The token of a director who is not the author.")
    ] = None,
    url: Url = None,
    data: Data = None,
    token: Token = None,
) -> None:
    """Draft what a file says, where it differs from the active documents."""
    if activate and not approve:
        raise CommandError("--activate needs --approve: only an approved version can become active.", 2)
    if since and not activate:
        raise CommandError("--from says from when on it is active: give --activate too.", 2)
    with api(url, data, token) as its:
        for given in read_file(file):
            answer = its.ask("POST", f"{_path(given['policy'])}/versions", _body(given, note))
            version = None if _is_same(answer) else told(answer)
            _show_changes(given["policy"], version)
            if version is not None:
                typer.echo(f"Version {version['number']} of {version['policy']} is drafted.")
                _go_on(its, version, approve, activate, since, approver)


def _go_on(its: Api, version: dict[str, Any], approve: bool, activate: bool, since: str | None, approver: str | None) -> None:
    name, number = version["policy"], version["number"]
    if approve:
        its.post(f"{_path(name)}/versions/{number}/approve", token=approver)
        typer.echo(f"Version {number} of {name} is approved.")
    if activate:
        _activate(its, name, number, since)
    elif approve:
        typer.echo(f"Next: `clinch policy activate {_short(name)} {number} --from DAY`, or at once without --from.")
    else:
        if any(act["action"] == "simulate" and act["allowed"] for act in version["allowed_actions"]):
            typer.echo(f"Next: `clinch policy simulate {_short(name)} {number}` shows for which real records it would decide otherwise.")
        typer.echo(f"Next: `clinch policy approve {_short(name)} {number} --token ...`, by a director who is not its author.")


@policy.command("approve")
def approve_version(service: Service, number: Number, url: Url = None, data: Data = None, token: Token = None) -> None:
    """Approve a draft of somebody else, as a director."""
    name = name_of(service)
    with api(url, data, token) as its:
        its.post(f"{_path(name)}/versions/{number}/approve")
    typer.echo(f"Version {number} of {name} is approved.")
    typer.echo(f"Next: `clinch policy activate {_short(name)} {number} --from DAY`, or at once without --from.")


@policy.command("activate")
def activate_version(service: Service, number: Number, since: From = None, url: Url = None, data: Data = None, token: Token = None) -> None:
    """Make an approved version active, at once or from a moment on."""
    with api(url, data, token) as its:
        _activate(its, name_of(service), number, since)


@policy.command()
def withdraw(
    service: Service,
    number: Number,
    reason: Annotated[str, typer.Option(help="Why.")],
    url: Url = None,
    data: Data = None,
    token: Token = None,
) -> None:
    """Give up a draft, or an approved version before its time."""
    name = name_of(service)
    with api(url, data, token) as its:
        its.post(f"{_path(name)}/versions/{number}/withdraw", {"reason": reason})
    typer.echo(f"Version {number} of {name} is withdrawn.")


@policy.command()
def simulate(
    service: Service,
    number: Number,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days back it looks.")] = 90,
    url: Url = None,
    data: Data = None,
    token: Token = None,
) -> None:
    """Say for which real records of the last days a version would decide otherwise."""
    name = name_of(service)
    path = f"{_path(name)}/versions/{number}/simulation"
    with api(url, data, token) as its:
        report = _watched(its, path, its.post(path, {"days": days}))
        if report["state"] != "done":
            raise CommandError(f"The simulation is {report['state']}. {report['error'] or ''}".strip())
        for part in report["parts"]:
            typer.echo(f"{part['says']} Of {_counted(part['records'], 'record')} of the last {days} days {part['differ']:,} would differ.")
            for change in part["changes"]:
                typer.echo(f"  {change['change']}: {change['records']:,}")
        if report["kept"]:
            for row in its.get(f"{path}/records", limit=_SHOWN)["items"]:
                typer.echo(f"  {row['kind']} {row['record_id']}: {row['before']} → {row['after']}")
            more = f" {report['left_out']:,} more would differ, and are not listed." if report["left_out"] else ""
            typer.echo(f"All {report['kept']:,}: GET {its.base}{path}/records.{more}")


def _watched(its: Api, path: str, report: dict[str, Any]) -> dict[str, Any]:
    """Show how far the report is until it ends."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        bar = progress.add_task("Waiting for a worker", total=None)
        while report["state"] in ("queued", "running"):
            seen, differ = (sum(part[what] for part in report["parts"]) for what in ("records", "differ"))
            if report["state"] == "running":
                progress.update(bar, description=f"{seen:,} records looked at, {differ:,} would differ")
            time.sleep(0.2)
            report = its.get(path)
    return report


def _activate(its: Api, name: str, number: int, since: str | None) -> None:
    version = its.post(f"{_path(name)}/versions/{number}/activate", {"from": since} if since else {})
    if version["state"] == "active":
        typer.echo(f"Version {number} of {name} is active.")
    else:
        typer.echo(f"Version {number} of {name} will be active from {version['active_from']} on.")


def _path(name: str) -> str:
    return f"/v1/policies/{name}"


def _short(name: str) -> str:
    return name.removesuffix("-svc")


def _body(given: dict[str, Any], note: str | None) -> dict[str, Any]:
    body = {"document": given["document"], "running": given.get("running"), "note": note or given.get("note")}
    return {name: value for name, value in body.items() if value is not None}


def _is_same(answer: Any) -> bool:
    """Whether a draft was refused because it says what the active version says."""
    return bool(answer.status_code == 409 and answer.json().get("code") == "no_change")


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")


def _show_changes(name: str, version: dict[str, Any] | None) -> None:
    if version is None:
        typer.echo(f"{name}: nothing differs from the active version.")
        return
    typer.echo(f"{name} differs from version {version['based_on']} in {_counted(len(version['changes']), 'value')}:")
    for change in version["changes"]:
        typer.echo(f"  {change['pointer'].lstrip('/').replace('/', '.')}: {change['before']} → {change['after']}   ({change['title']})")
