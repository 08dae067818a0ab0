"""What a field of a row holds, where that decides how its column is read."""

from typing import Any, get_args

from pydantic.fields import FieldInfo


class Kind:
    """Stands in the annotation of a field."""

    def __init__(self, name: str) -> None:
        self.name = name


DATE = Kind("date")
AMOUNT = Kind("amount")


def kind_of(field: FieldInfo) -> Kind | None:
    """The kind that a field's annotation names, also inside `| None`."""
    return next((found for found in [*field.metadata, *_inside(field.annotation)] if isinstance(found, Kind)), None)


def _inside(annotation: Any) -> list[Any]:
    parts = list(get_args(annotation))
    return parts + [deeper for part in parts for deeper in _inside(part)]
