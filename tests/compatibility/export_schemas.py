"""The schemas of all exports as they were published, one file for each version: readers of the files and views rely on them."""

from pathlib import Path

import orjson

from metrics_svc.exports.catalogue import ALL
from metrics_svc.exports.models import ExportOut

PUBLISHED = Path(__file__).parent / "exports"
COMMAND = ".venv/bin/python -m tests.compatibility.export_schemas"


def schemas() -> dict[str, bytes]:
    """By file name: what `GET /v1/exports` says of each, without its words."""
    made = {}
    for export in ALL.values():
        said = ExportOut.of(export).model_dump(exclude={"description", "href"}) | {"columns": None}
        said["columns"] = [[column.name, column.type, column.nullable] for column in export.schema]
        made[f"{export.name}.v{export.version}.json"] = orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return made


if __name__ == "__main__":
    PUBLISHED.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        if not (PUBLISHED / name).exists():  # what was published is never written again
            (PUBLISHED / name).write_bytes(schema)
            print(f"wrote {name}")
