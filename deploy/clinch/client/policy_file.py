"""Documents of policy as YAML files."""

from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from clinch.errors import CommandError
from clinch.run.settings import SERVICES

NOTHING = "null"
"""What a file says where there is no value. It is not the same as leaving the field out, which is its default."""
_KNOWN = {"policy", "document", "running", "note"}


@cache
def policies() -> tuple[str, ...]:
    """The names of all documents, the company's first."""
    from clinch.run.services import load
    from shared.policy.company import COMPANY_POLICY

    found = [policy.name for database in SERVICES for policy in load(database).policies]
    return tuple(sorted(found, key=lambda name: name != COMPANY_POLICY.name))


def name_of(service: str) -> str:
    """The document's name, from its short form too."""
    for name in policies():
        if service in (name, name.removesuffix("-svc")):
            return name
    raise CommandError(f"There is no such document: name one of {', '.join(name.removesuffix('-svc') for name in policies())}.", 2)


def as_yaml(active: dict[str, Any]) -> str:
    """The active document, with a line that says which version it is."""
    import yaml

    class Plain(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no types
        """Every value is a text, so none needs quotes to stay one."""

        yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    since = f", active since {active['active_from']}" if active["active_from"] else ""
    written = {"policy": active["policy"], "document": _texts(active["document"])}
    text: str = yaml.dump(written, Dumper=Plain, allow_unicode=True, sort_keys=False)
    return f"# version {active['number']}{since}\n{text}"


def _texts(value: Any) -> Any:
    match value:
        case dict():
            return {str(name): _texts(inside) for name, inside in value.items()}
        case list():
            return [_texts(inside) for inside in value]
        case bool():
            return str(value).lower()
        case None:
            return NOTHING
    return str(value)


def _values(written: Any) -> Any:
    match written:
        case dict():
            return {name: _values(inside) for name, inside in written.items()}
        case list():
            return [_values(inside) for inside in written]
    return None if written == NOTHING else written


def read_file(file: Path) -> list[dict[str, Any]]:
    """The documents of a file, of which there may be several, apart by `---`. Their values are texts, or None: the API reads them.

    YAML would take 18:00 for a number of seconds, and NO for false.
    """
    import yaml

    try:
        found = [given for given in yaml.load_all(file.read_text(), Loader=yaml.BaseLoader) if given]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        place = getattr(error, "problem_mark", None)
        where = f" in line {place.line + 1}" if place else ""
        raise CommandError(f"{file} is not YAML{where}.", 2) from None
    if not found:
        raise CommandError(f"{file} is empty.", 2)
    return [_checked(file, given) for given in found]


def _checked(file: Path, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict) or not isinstance(given.get("document"), dict) or "policy" not in given:
        raise CommandError(f"{file}: say `policy:`, one of {', '.join(policies())}, and `document:`, with the values below it.", 2)
    if unknown := given.keys() - _KNOWN:
        raise CommandError(f"{file}: only policy, document, running and note may stand here, not {', '.join(sorted(unknown))}.", 2)
    return {**given, "policy": name_of(given["policy"]), "document": _values(given["document"])}
