"""What `clinch import --check` shows: what fills each field, ten rows as they would be, and the problems."""

from typing import Any

import typer

from clinch.errors import CommandError

_LINES = 5
"""Of each kind of problem."""


def show(found: dict[str, Any]) -> None:
    """Print what a dry run has found. Ends with an error when the file cannot be read."""
    for one in found["findings"]:
        typer.echo(f"Read with {one['what']} {one['value']}: {one['why']}.")
    if found["error"]:
        choose = f" Choose from: {', '.join(map(repr, found['refusal']['candidates']))}." if found["refusal"]["candidates"] else ""
        raise CommandError(f"The file cannot be imported like this. {found['error']}{choose}", 2)
    _table("Fields", ["field", "is filled by"], [[f["field"], _source(f)] for f in found["fields"]])
    if found["unused_columns"]:
        typer.echo(f"Not used: {', '.join(found['unused_columns'])}")
    names = list(dict.fromkeys(name for row in found["sample"] for name in row["values"]))
    rows = [[str(row["line"]), *[_text(row["values"].get(name)) for name in names]] for row in found["sample"]]
    _table("The first rows, as they would be", ["line", *names], rows)
    typer.echo(
        f"{found['rows']:,} rows: {found['created']:,} would be created, {found['updated']:,} updated, {found['unchanged']:,} unchanged, "
        f"{found['refused']:,} refused, {found['flagged']:,} flagged."
    )
    if found["repeated"]:
        typer.echo(f"{found['repeated']:,} rows have a key that came before in the file.")
    for kind in found["problems"]:
        _problem(kind)
    typer.echo("Nothing was stored.")


def _source(field: dict[str, Any]) -> str:
    parts = [f"column {field['column']}"] if field["column"] else []
    parts += [f"always {field['value']}"] if field["value"] else []
    parts += [f"{field['default']} where it is empty"] if field["default"] else []
    parts += [f"{text} means {value}" for text, value in field["values"].items()]
    return ", ".join(parts)


def _problem(kind: dict[str, Any]) -> None:
    typer.echo(f"{kind['count']:,} {kind['kind']}, {kind['field'] or 'row'}: {kind['first'][0]['message']}")
    lines = ", ".join(str(one["line"]) for one in kind["first"][:_LINES])
    typer.echo(f"  lines {lines}{' ...' if kind['count'] > _LINES else ''}")


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _table(title: str, header: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)
