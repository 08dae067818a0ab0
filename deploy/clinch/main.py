"""The `clinch` command line. A command is one module with one function of the same name, registered here.

Such a module imports little at its top, and the rest inside its function: `clinch up` must not wait for what it does not use.
"""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from clinch.client.events import events
from clinch.client.export import export
from clinch.client.imports import import_file
from clinch.client.policy import policy
from clinch.client.token import token
from clinch.demo.command import demo
from clinch.dev.documents import docs
from clinch.errors import CommandError
from clinch.ops.backup.command import backup
from clinch.ops.backup.restore import restore
from clinch.ops.bi.command import bi
from clinch.ops.bus.command import bus
from clinch.ops.clock import clock
from clinch.ops.kafka.command import app as kafka
from clinch.ops.logs import logs
from clinch.ops.psql import psql
from clinch.ops.replay import replay
from clinch.ops.rezone.command import rezone
from clinch.ops.status.command import status
from clinch.ops.verify import verify
from clinch.run.clean import clean
from clinch.run.down import down
from clinch.run.postgres import PostgresError
from clinch.run.restart import restart
from clinch.run.up import up

COMMANDS = (up, down, restart, status, logs, clean, token, demo, docs, events, export, verify, backup, restore, rezone, replay)


class Commands(TyperGroup):
    """What a command cannot do is a sentence on standard error, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (CommandError, PostgresError) as error:
            print(f"clinch: {error}", file=sys.stderr)
            raise SystemExit(getattr(error, "exit_code", 1)) from None


app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def clinch() -> None:
    """Clinch, lead to cash: run the whole system on this machine, fill it, look at it."""


for command in COMMANDS:
    app.command()(command)
app.command(context_settings={"ignore_unknown_options": True})(psql)
app.command(context_settings={"ignore_unknown_options": True})(clock)  # -2d is no option
app.command("import")(import_file)  # the word itself is Python's
app.add_typer(bi, name="bi")
app.add_typer(bus, name="bus")
app.add_typer(kafka, name="kafka")
app.add_typer(policy, name="policy")

if __name__ == "__main__":
    app()
