"""The acts of all records, as docs/domain.md shows them: who may do what, from which state to which, and what tells of it."""

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from clinch.dev.fields import importers, modules
from shared.access.kinds import KINDS, Kind
from shared.acts import Act, declared_in, nobody
from shared.auth.actor import Role

if TYPE_CHECKING:
    from shared.process.service import Service


def acts_of(package: str) -> list[Act[Any, Any]]:
    """Every act that a service declares in the `rules.py` of a feature, in the order of its features and declarations."""
    return list(declared_in(*map(import_module, [name for name in modules(package) if name.endswith(".rules")])))


def acts_in(service: "Service") -> list[Act[Any, Any]]:
    """Every act of a service: its own, those of its imports, and those that `shared` declares for operations that it has."""
    from clinch.dev.documents import openapi

    operations = {operation["operationId"] for path in openapi(service)["paths"].values() for operation in path.values()}
    of_all = declared_in(*map(import_module, [name for name in modules("shared") if not name.startswith("shared.migrations")]))
    return [
        *acts_of(service.name.replace("-", "_")),
        *(act for importer in importers([service]) for act in importer.acts),
        *(act for act in of_all if act.operation in operations),
    ]


def every_act(services: "Iterable[Service]") -> list[dict[str, Any]]:
    """What people and other systems may do in all services, for `GET /v1/me`: who, by roles and scope, on which records."""
    return [
        {
            "service": service.name,
            "record": act.of.name,
            "action": act.name,
            "operation_id": act.operation,
            **{on: [role.value for role in Role if role in getattr(act.who, on)] for on in ("every", "own", "unowned")},
            "scope": act.who.scope,
        }
        for service in services
        for act in acts_in(service)
        if act.operation is not None and (act.who.roles or act.who.scope)
    ]


def by_record(acts: Iterable[Act[Any, Any]]) -> dict[str, list[Act[Any, Any]]]:
    records: dict[str, list[Act[Any, Any]]] = {}
    for act in acts:
        records.setdefault(act.of.name, []).append(act)
    return records


def section(acts: Sequence[Act[Any, Any]]) -> str:
    """A table of one record's acts, and a diagram of its states if it has some."""
    head = "| act | what it does | who | from | to | needs | tells |\n|---|---|---|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(_cells(act))} |\n" for act in acts) + (_diagram(acts) if acts[0].of.states else "")


def _cells(act: Act[Any, Any]) -> Iterator[str]:
    yield f"`{act.name}`"
    yield act.says + (" Also with [many at once](bulk.md)." if act.bulk else "")
    yield who(act)
    before = {a for a, _ in act.paths} if act.moves else {*(act.states or ())}
    yield "" if act.makes else ", ".join(s for s in _in_order(act, before)) or "any"
    yield ", ".join(_in_order(act, {b for _, b in act.paths})) or "stays"
    yield act.asks
    yield ", ".join(f"`{'.'.join(event.type.split('.')[1:-1])}`" for event in act.tells)


def who(act: Act[Any, Any]) -> str:
    """`marketing, manager; own: rep, kam; unowned: rep; scope leads:write`, roles in the order of their declaration."""
    parts = [("", act.who.every), ("own: ", act.who.own - act.who.every), ("unowned: ", act.who.unowned - act.who.every)]
    said = [f"{label}{', '.join(role.value for role in Role if role in roles)}" for label, roles in parts if roles]
    said += [f"scope `{act.who.scope}`"] if act.who.scope else []
    said += ["anybody, without a token"] if act.who.anybody else []
    said += ["whom the record names"] if act.named is not nobody else []
    return "; ".join(said) or "the system"


def _in_order(act: Act[Any, Any], states: set[Any]) -> list[str]:
    return [state for state in map(str, act.of.states or ()) if state in states]


def _diagram(acts: Sequence[Act[Any, Any]]) -> str:
    """Every step from state to state. An act that leads from each state to each other one says nothing here, and is left out."""
    steps: dict[tuple[str, str], list[str]] = {}
    for act in acts:
        moves = {(a, b) for a, b in act.paths if a != b}
        if len(moves) < len(act.of.states or ()) * (len(act.of.states or ()) - 1):
            for a, b in act.paths:
                if a != b:
                    steps.setdefault((a or "[*]", b), []).append(act.name)
    lines = [f"    {a} --> {b}: {', '.join(dict.fromkeys(names))}\n" for (a, b), names in steps.items()]
    return f"\n```mermaid\nstateDiagram-v2\n{''.join(lines)}```\n" if lines else ""


def who_sees() -> str:
    """The table of roles and kinds, made from `shared.access.kinds`."""
    kinds = list(KINDS.values())
    head = f"| role | {' | '.join(kind.label for kind in kinds)} |\n|---|{'---|' * len(kinds)}\n"
    rows = [f"| {role.value} | {' | '.join(_how_far(kind, role) for kind in kinds)} |\n" for role in Role if role is not Role.system]
    return head + "".join(rows)


def _how_far(kind: Kind, role: Role) -> str:
    if role is Role.service:
        return "scope " + " or ".join(f"`{name}:...`" for name in kind.scopes) + _masked(kind, role)
    far = [
        ("all", kind.every),
        ("tree", kind.tree),
        ("own", kind.own),
        ("pool", kind.pool),
        ("of own accounts", kind.accounts),
        ("up for approval", kind.review),
        ("of what they see", kind.through),
    ]
    said = [words for words, roles in far if role in roles]
    return ", ".join(said) + _masked(kind, role) if said else "–"


def _masked(kind: Kind, role: Role) -> str:
    return " (masked)" if role in kind.masked else ""
