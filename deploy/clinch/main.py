"""The `clinch` command line. A command is one module with one function of the same name, registered here.

Such a module imports little at its top, and the rest inside its function: `clinch up` must not wait for what it does not use.
"""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from clinch.backup.command import backup
from clinch.backup.restore import restore
from clinch.bus.command import bus
from clinch.clean import clean
from clinch.demo.command import demo
from clinch.documents import docs
from clinch.down import down
from clinch.errors import CommandError
from clinch.events import events
from clinch.imports import import_file
from clinch.kafka.command import app as kafka
from clinch.logs import logs
from clinch.psql import psql
from clinch.restart import restart
from clinch.rezone.command import rezone
from clinch.status.command import status
from clinch.token import token
from clinch.up import up
from clinch.verify import verify
from shared.postgres import PostgresError

COMMANDS = (up, down, restart, status, logs, clean, token, demo, docs, events, verify, backup, restore, rezone)


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
app.command("import")(import_file)  # the word itself is Python's
app.add_typer(bus, name="bus")
app.add_typer(kafka, name="kafka")

if __name__ == "__main__":
    app()
