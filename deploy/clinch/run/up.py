"""`clinch up`: start everything, return when it is ready."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from typing import Annotated

import typer

from clinch.client.token import fetch
from clinch.errors import CommandError
from clinch.ops.bus.choice import settle_bus
from clinch.ops.bus.file import named
from clinch.options import Data, pasted
from clinch.run.arguments import Arguments
from clinch.run.folder import DataFolder, default_folder
from clinch.run.settings import Embedded


def up(
    foreground: Annotated[bool, typer.Option("--foreground", help="Keep everything in this terminal; Ctrl-C stops it.")] = False,
    port: Annotated[int, typer.Option(envvar="CLINCH_PORT", min=1, max=65535, help="The port of the one origin, on 127.0.0.1.")] = 8000,
    admin_port: Annotated[
        int,
        typer.Option(
            envvar="CLINCH_ADMIN_PORT",
            min=0,
            max=65534,
            help="Figures for Prometheus on 127.0.0.1: the API's here, the worker's on the next.",
        ),
    ] = 0,
    data: Data = None,
    bus: Annotated[
        str | None,
        typer.Option(
            envvar="CLINCH_BUS_URL",
            help="kafka://host:port, remembered from the first start on; without it the log is kept in the folder's own Postgres.",
        ),
    ] = None,
) -> None:
    """Start Postgres, the API, the worker and the development issuer; return when all are ready."""
    if bus:
        named(bus)
    folder = DataFolder(data or default_folder())
    if running := folder.run():
        typer.echo(f"Clinch is already running on http://127.0.0.1:{running.port} (process {running.pid}).")
        return
    folder.claim()
    run = Embedded(folder, port, admin_port)
    started = time.monotonic()
    settle_bus(run, bus, typer.echo)
    if foreground:
        _in_this_terminal(run)
    else:
        _detached(run)
        _enter_people(run)
        typer.echo(f"Clinch is ready after {time.monotonic() - started:.1f} s.\n{_first_steps(run)}")


def _detached(run: Embedded) -> None:
    with run.folder.log("supervisor").open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-P", "-m", "clinch.run.supervisor", *Arguments(run).to_list()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    assert supervisor.stdout is not None
    try:
        for line in supervisor.stdout:
            fact = json.loads(line)
            if "step" in fact:
                typer.echo(f"  {fact['step']} ...")
            elif "error" in fact:
                supervisor.wait()
                raise CommandError(fact["error"], fact["exit_code"])
            else:
                return
    except KeyboardInterrupt:
        supervisor.send_signal(signal.SIGTERM)
        supervisor.wait()
        raise
    raise CommandError(f"The supervisor ended before all was ready; {run.folder.log('supervisor')} says why.")


def _in_this_terminal(run: Embedded) -> None:
    from clinch.ops.logs import Tail
    from clinch.run.supervisor import Supervisor

    tail = Tail(run.folder, lines=0)
    supervisor = Supervisor(run, lambda step: typer.echo(f"  {step} ..."), tick=tail.show_news)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: supervisor.stop())

    def ready() -> None:
        _enter_people(run)
        typer.echo(f"Clinch is ready; Ctrl-C stops it.\n{_first_steps(run)}")

    supervisor.supervise(ready)
    tail.show_news()


def _first_steps(run: Embedded) -> str:
    """Lines that work as they are when pasted into a terminal at this place."""
    token, logs, down = (pasted(command, data=run.folder.path) for command in ("token", "logs", "down"))
    own = run.issuer == run.development_issuer
    first = (
        f"  A token    {token} --role admin\n"
        f'  First try  curl -s "{run.origin}/v1/leads?limit=3" -H "Authorization: Bearer $({token} --role admin 2>/dev/null)"\n'
        if own
        else f"  A token    from your identity provider, {run.issuer}\n"
        f'  First try  curl -s "{run.origin}/v1/leads?limit=3" -H "Authorization: Bearer $token"\n'
    )
    return f"  The page   {run.origin}/\n  API docs   {run.origin}/docs\n{first}  Logs       {logs} --follow\n  Stop       {down}"


def _enter_people(run: Embedded) -> None:
    """The people that the development issuer gives tokens to are on the roster, so that a fresh system has somebody to own things."""
    if run.issuer != run.development_issuer:
        return
    import httpx

    from clinch.run.seed import seed_people

    async def enter() -> None:
        token = fetch(run.origin, "admin")[0]
        async with httpx.AsyncClient(base_url=run.origin, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
            await seed_people(client)

    asyncio.run(enter())
