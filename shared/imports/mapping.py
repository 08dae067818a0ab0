"""Which column fills which field."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from shared.errors import Invalid


def pairs(given: Sequence[str], what: str, fields: Collection[str]) -> dict[str, str]:
    """`field=column` or `field=value`, as written in the options."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not value:
            raise Invalid(f"Write {what} as field={'column' if what == 'map' else 'value'}.", pointer=what, code="bad_pair")
        if name not in fields:
            raise Invalid(f"There is no such field; the fields are {', '.join(fields)}.", pointer=what, code="unknown_field")
        found[name] = value
    return found


def mapping(fields: Mapping[str, Any], given: Mapping[str, str], constants: Collection[str], header: Sequence[str]) -> dict[str, str]:
    """The column of each field: as given, else the column of the field's name.

    `Invalid` when the file has no such column.
    """
    found = {name: name for name in fields if name in header and name not in given} | dict(given)
    for name, column in found.items():
        if column not in header:
            columns = ", ".join(each for each in header if each)
            says = f"The file does not have the column that `map` names for {name}; its columns are {columns}."
            raise Invalid(says, pointer="map", code="unknown_column")
        if header.count(column) > 1:
            says = f"The first line names the column of {name} twice; give each its own name."
            raise Invalid(says, pointer="file", code="repeated_column")
    needed_fields(fields, {*found, *constants})
    return found


def needed_fields(fields: Mapping[str, Any], filled: Collection[str]) -> None:
    missing = [name for name, field in fields.items() if field.is_required() and name not in filled]
    if missing:
        raise Invalid(f"No column fills {', '.join(missing)}; add map={missing[0]}=<column>.", pointer="map", code="missing_field")
