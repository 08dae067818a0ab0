"""What follows from what: which reader of which service hears which events, and what its functions say that they do."""

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.log.readers import Reader
    from shared.process.service import Service

HEAD = "| event | service | reader | what it does |\n|---|---|---|---|\n"


def section(services: "Iterable[Service]") -> str:
    """A row for each thing that a reader does, with the events that it does it for. Services whose reader does the same share one."""
    services = list(services)
    rows: dict[tuple[str, str, str], list[str]] = {}
    for service in services:
        for reader in service.heard:
            for says, types in done(reader):
                rows.setdefault((reader.name, types, says), []).append(service.name)
    return HEAD + "".join(
        f"| {types} | {'every service' if len(names) == len(services) else ', '.join(names)} | `{reader}` | {says} |\n"
        for (reader, types, says), names in rows.items()
    )


def done(reader: "Reader") -> Iterator[tuple[str, str]]:
    """What a reader does, each with the events that it does it for."""
    from shared.log.reactions import Fold, Reactions, Verbatim

    handle = reader.handle
    if isinstance(handle, Reactions):
        by_sentence: dict[str, list[str]] = {}
        for reaction in handle.listed:
            by_sentence.setdefault(said(reader, reaction.function), []).append(reaction.kind.type)
        yield from ((says, _short(types)) for says, types in by_sentence.items())
    elif isinstance(handle, Fold):
        yield " ".join(said(reader, function) for function in handle.functions), _short(sorted(handle.types))
    else:
        yield said(reader, handle.function if isinstance(handle, Verbatim) else handle), "all"


def said(reader: "Reader", function: Any) -> str:
    """The first paragraph of its docstring."""
    if not function.__doc__:
        raise TypeError(f"the reader {reader.name} does not say what {function.__module__}.{function.__qualname__} does: its docstring")
    return " ".join(cleandoc(function.__doc__).partition("\n\n")[0].split())


def _short(types: Iterable[str]) -> str:
    """`clinch.deal.won.v1` as the page names it."""
    return ", ".join(f"`{type_.removeprefix('clinch.').rpartition('.')[0]}`" for type_ in types)
