"""The generated parts of files that are otherwise written by hand: each stands between two marks."""

from collections.abc import Iterator, Mapping, Sequence
from inspect import getdoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clinch.dev import fields, readers
from clinch.dev.acts import acts_of, by_record, section, who_sees
from clinch.errors import CommandError

if TYPE_CHECKING:
    from shared.events.envelope import Event
    from shared.policy.document import Policy
    from shared.process.service import Service

ROOT = Path(__file__).resolve().parents[3]


def pages(services: "Sequence[Service]", events: "Mapping[str, type[Event]]") -> dict[str, str]:
    """Each file as it should be: its path in the project, and its text."""
    return {
        "docs/events.md": _filled("docs/events.md", "<!-- {} -->", _log(services, events)),
        "docs/domain.md": _filled("docs/domain.md", "<!-- {} -->", _acts(services), new="\n## {}\n\n<!-- acts:{} --><!-- end -->\n"),
        "docs/policy.md": _filled("docs/policy.md", "<!-- {} -->", {"policies": _policies(services)}),
        "docs/imports.md": _filled("docs/imports.md", "<!-- {} -->", _rows(services)),
        "docs/export-columns.md": _filled("docs/export-columns.md", "<!-- {} -->", {"exports": _exports()}),
        "deploy/gateway/nginx.conf": _filled("deploy/gateway/nginx.conf", "    # {}\n", {"prefixes": _gateway(services)}),
        "deploy/helm/clinch/files/paths.yaml": _filled("deploy/helm/clinch/files/paths.yaml", "# {}\n", {"prefixes": _chart(services)}),
    }


def _filled(name: str, mark: str, parts: Mapping[str, str], new: str = "") -> str:
    """The file with each part between its mark, a comment of the file's language, and the next mark `end`.

    `new` is what a part without a mark gets at the end of the file; without it, that is an error.
    """
    text = (ROOT / name).read_text()
    for part, inside in parts.items():
        if new and mark.format(part) not in text:
            record = part.partition(":")[2]
            text += new.format(record.replace("_", " ").capitalize(), record)
        before, begin, behind = text.partition(mark.format(part))
        _, end, behind = behind.partition(mark.format("end"))
        if not end:
            raise CommandError(f"{name} has no lines {mark.format(part).strip()!r} and {mark.format('end').strip()!r}: its generated part.")
        text = f"{before}{begin}{inside}{end}{behind}"
    return text


def _log(services: "Sequence[Service]", events: "Mapping[str, type[Event]]") -> dict[str, str]:
    return {"events": _events(events), "reactions": f"\n\n{readers.section(services)}\n"}


def _events(events: "Mapping[str, type[Event]]") -> str:
    rows: dict[tuple[str, str], list[str]] = {}
    for type_, event in events.items():
        rows.setdefault((event.publisher, event.aggregate), []).append(f"`{type_}`")
    head = "| told by | about | types |\n|---|---|---|\n"
    return "\n\n" + head + "".join(f"| {who} | {what} | {', '.join(types)} |\n" for (who, what), types in sorted(rows.items())) + "\n"


def _acts(services: "Sequence[Service]") -> dict[str, str]:
    from shared.policy.rules import POLICY_ACTS

    acts = [act for service in services for act in acts_of(service.name.replace("-", "_"))]
    parts = {record: section(of_record) for record, of_record in by_record(acts).items()}
    parts["policy_version"] = section(POLICY_ACTS)
    parts |= {f"import_{i.things}": section([act for act in i.acts if act.who.roles]) for i in fields.importers(services)}
    return {"who sees what": f"\n\n{who_sees()}\n"} | {f"acts:{record}": f"\n\n{text}\n" for record, text in parts.items()}


def _policies(services: "Sequence[Service]") -> str:
    from shared.policy.rules import fields_of, labels

    parts = []
    for policy in (policy for service in services for policy in service.policies):
        head = f"### {policy.name}\n\n| value | name | 中文 | default | decides |\n|---|---|---|---|---|\n"
        known = policy.model().stored()
        rows = (
            f"| `{'.'.join(path)}` | {' | '.join(labels(policy.model, path))} | {_default(known, path)} | {field.description} |\n"
            for path, field in fields_of(policy.model)
        )
        parts.append(f"{head}{''.join(rows)}{_looks_and_moves(policy)}")
    return "\n\n" + "\n".join(parts) + "\n"


def _looks_and_moves(policy: "Policy[Any]") -> str:
    """What can be asked of a draft, and what goes over to a new version: as the functions that do it say."""
    says = [f"- Simulation `{one.name}`: {one.says}\n" for one in policy.simulations]
    says += [f"- With `running: move`: {(getdoc(policy.move) or '').splitlines()[0]}\n"] if policy.move else []
    return "\n" + "".join(says) if says else ""


def _default(document: "Mapping[str, Any]", path: tuple[str, ...]) -> str:
    value: Any = document
    for name in path:
        value = value[name]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "; ".join(" ".join(_plain(part) for part in item.values()) for item in value)
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value or (0 if value == 0 else "none"))


def _rows(services: "Sequence[Service]") -> dict[str, str]:
    return {f"fields:{importer.things}": f"\n\n{fields.section(importer)}\n" for importer in fields.importers(services)}


def _exports() -> str:
    """The columns of every export; the dimensions, which most have alike, once."""
    from metrics_svc.exports.catalogue import ALL
    from metrics_svc.exports.export import DIMENSIONS

    parts = []
    for one in ALL.values():
        own = [c for c in one.schema if c.says != DIMENSIONS.get(c.name)]
        key = ", ".join(f"`{name}`" for name in one.key)
        head = (
            f"## {one.name}\n\n{one.says}. Version {one.version}, key {key}, by day of `{one.day}`.\n\n| column | type | |\n|---|---|---|\n"
        )
        parts.append(head + "".join(f"| `{c.name}` | {c.type} | {c.says} |\n" for c in own))
    return "\n\n" + "\n".join(parts) + "\n"


def _owners(services: "Sequence[Service]") -> Iterator[tuple[str, str]]:
    for service in services:
        for path in service.paths:
            yield path, service.name.removesuffix("-svc")


def _gateway(services: "Sequence[Service]") -> str:
    return "".join(f"    {f'~^{path}(/|$)':<41} {owner}-api;\n" for path, owner in _owners(services))


def _chart(services: "Sequence[Service]") -> str:
    return "".join(f"- {{path: {path}, service: {owner}{_traffic(path)}}}\n" for path, owner in _owners(services))


def _traffic(path: str) -> str:
    """What the ingress must know: bodies of any length that take minutes, or answers that do not end."""
    if path.startswith("/v1/imports/"):
        return ", traffic: imports"
    return ", traffic: stream" if path == "/v1/stream" else ""
