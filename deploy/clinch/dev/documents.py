"""`clinch docs`: what is generated from the code and committed: contracts, tables in pages, prefix tables. A test compares them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clinch.errors import CommandError
from clinch.run.settings import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.events.envelope import Event
    from shared.process.service import Service

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
HINT = "run `make docs` and commit what it writes"


def docs(check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a document is not up to date.")] = False) -> None:
    """Write what follows from the code: OpenAPI, AsyncAPI, the events' schemas, the tables of docs/, the prefix tables of deploy/."""
    made = documents()
    if broken := broken_promises(made):
        raise CommandError(
            "An event that others rely on would change: " + "; ".join(broken) + ". Publish a new version of it instead "
            "(type=..., version=2) and keep telling the old one for a release. If it was never released, delete its file in docs/schemas."
        )
    stale = [name for name, text in made.items() if _committed(name) != text]
    if check and stale:
        raise CommandError(f"Not up to date: {', '.join(stale)}; {HINT}.")
    for name in stale:
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[name])
    print(f"{len(made)} documents, {len(stale)} of them changed." if stale else f"All {len(made)} documents are up to date.")


def documents() -> dict[str, str]:
    """Every generated document: its path in the project, and its text."""
    from clinch.dev.acts import acts_in, every_act
    from clinch.dev.asyncapi import asyncapi
    from clinch.dev.codes import unmet_codes
    from clinch.dev.known import KNOWN, known
    from clinch.dev.labels import LABELS, labels
    from clinch.dev.lists import LISTS, lists
    from clinch.dev.pages import pages
    from shared.known import listed

    services = list(_services())
    acts = [act for service in services for act in acts_in(service)]
    packages = ["shared", *(service.name.replace("-", "_") for service in services)]
    words = labels(published(), {act.name for act in acts if act.operation}, set(unmet_codes(packages)))
    values = known(packages, services, acts, published(), words)
    listed().update(values)  # so that the documents have them as the code does now
    made: dict[str, Any] = {f"docs/schemas/{type_}.json": schema(event) for type_, event in published().items()}
    made["docs/asyncapi/asyncapi.json"] = asyncapi(published(), {service.name: _heard(service) for service in services})
    made |= {f"docs/openapi/{service.name}.json": openapi(service) for service in services}
    made |= {"services/lead-svc/lead_svc/me/acts.json": every_act(services), LABELS: words, KNOWN: values, LISTS: lists(services)}
    return {name: _text(document) for name, document in made.items()} | pages(services, published())


def broken_promises(made: dict[str, str]) -> list[str]:
    """What the committed schemas promise and the code no longer keeps."""
    import orjson

    from clinch.dev.evolution import breaks

    found = []
    for path in sorted((DOCS / "schemas").glob("*.json")):
        now = made.get(f"docs/schemas/{path.name}")
        why = breaks(orjson.loads(path.read_bytes()), orjson.loads(now)) if now else ["nobody tells it any more"]
        found += [f"{path.stem}: {sentence}" for sentence in why]
    return found


def published() -> dict[str, "type[Event]"]:
    """Every event of the contract, by its type."""
    from importlib import import_module
    from pkgutil import iter_modules

    import shared.events
    from shared.events.envelope import REGISTRY

    modules = {f"{shared.events.__name__}.{module.name}" for module in iter_modules(shared.events.__path__)}
    for module in modules:
        import_module(module)
    return {type_: event for type_, event in sorted(REGISTRY.items()) if event.__module__ in modules}


def schema(event: "type[Event]") -> dict[str, Any]:
    """JSON Schema 2020-12. `required` is what every event since the first has, so it holds for the whole log."""
    from pydantic.json_schema import GenerateJsonSchema

    class Untitled(GenerateJsonSchema):
        def field_title_should_be_set(self, schema: Any) -> bool:
            return False

    made = event.model_json_schema(schema_generator=Untitled)
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": f"/schemas/{event.type}.json", **made}


def openapi(service: "Service") -> dict[str, Any]:
    nowhere = "postgresql://nobody@nowhere/none"
    return service.app(service.settings(database_url=nowhere, bus_url=nowhere, issuer="https://issuer.example")).openapi()


def _services() -> "Iterator[Service]":
    from importlib.util import find_spec

    from clinch.run.services import load

    for database, module in SERVICES.items():
        if find_spec(module.partition(".")[0]) and find_spec(module):
            try:
                yield load(database)
            except ImportError as error:
                raise CommandError(f"{module} cannot be loaded: {error}.") from None


def _heard(service: "Service") -> list[str]:
    """The event types that its readers read; without a list of them, all of their topics."""
    from shared.events.envelope import topic
    from shared.log.reactions import types_of

    heard: set[str] = set()
    for reader in service.heard:
        types = types_of(reader.handle)
        heard |= types if types is not None else {t for t, event in published().items() if topic(event.aggregate) in reader.topics}
    return sorted(heard)


def _text(document: Any) -> str:
    import orjson

    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _committed(name: str) -> str | None:
    path = ROOT / name
    return path.read_text() if path.exists() else None
