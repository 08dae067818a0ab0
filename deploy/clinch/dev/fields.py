"""The fields of the rows that can be imported, as docs/imports.md shows them."""

from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.imports.importer import Importer
    from shared.process.service import Service


def importers(services: "Iterable[Service]") -> "Iterator[Importer]":
    """What each service imports: it says so in a feature's `imports.py`, or in the `api.py` of a feature `imports`."""
    from shared.imports.importer import Importer

    for service in services:
        features = [name for name in modules(service.name.replace("-", "_")) if name.endswith((".imports", ".imports.api"))]
        found = [value for name in features for value in vars(import_module(name)).values() if isinstance(value, Importer)]
        yield from {id(importer): importer for importer in found}.values()


def modules(package: str) -> list[str]:
    return [module.name for module in walk_packages(import_module(package).__path__, f"{package}.")]


def section(importer: "Importer") -> str:
    """A table of the row's fields: what a cell takes, and what it means."""
    schema = importer.row.model_json_schema()
    needed, known = schema.get("required", []), schema.get("$defs", {})
    rows = (
        f"| `{name}`{' (needed)' if name in needed else ''} | {_takes(said, known)} | {_means(said)} |\n"
        for name, said in schema["properties"].items()
    )
    return f"| {importer.things} | takes | means |\n|---|---|---|\n{''.join(rows)}"


def _options(said: dict[str, Any], known: dict[str, Any]) -> list[dict[str, Any]]:
    found = [known[option["$ref"].rpartition("/")[2]] if "$ref" in option else option for option in said.get("anyOf", [said])]
    return [option for option in found if option.get("type") != "null"]


def _takes(said: dict[str, Any], known: dict[str, Any]) -> str:
    options = _options(said, known)
    first = options[0]
    if "enum" in first:
        return ", ".join(f"`{value}`" for value in first["enum"])
    if any(option.get("type") == "number" for option in options):
        return "an amount"
    if kind := {"date": "a day", "date-time": "a day, or a time"}.get(first.get("format", "")):
        return kind
    if "maxLength" in first:
        return f"text, up to {first['maxLength']} characters"
    return f"text such as {first['examples'][0]}" if first.get("examples") else "text"


def _means(said: dict[str, Any]) -> str:
    text: str = said.get("description") or said.get("anyOf", [{}])[0].get("description", "")
    return text.removesuffix(".")
