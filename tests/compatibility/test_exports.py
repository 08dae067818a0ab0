"""Columns of exports do not change under a version: whoever reads the files or the views says which one they know."""

from tests.compatibility.export_schemas import COMMAND, PUBLISHED, schemas


def test_an_export_is_as_its_version_was_published() -> None:
    now = schemas()
    missing = [name for name in now if not (PUBLISHED / name).exists()]
    assert not missing, f"a new version: run `{COMMAND}` and commit what it writes: {missing}"
    changed = [name for name, schema in now.items() if (PUBLISHED / name).read_bytes() != schema]
    assert not changed, f"columns came, went or are others: give the export another version: {changed}"


def test_a_published_export_is_still_there() -> None:
    """A later version takes its place; none goes without one."""
    names = {name.partition(".")[0] for name in schemas()}
    assert {path.name.partition(".")[0] for path in PUBLISHED.glob("*.json")} <= names
