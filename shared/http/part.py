"""In the OpenAPI documents: items of a list that was asked for some of their fields (`fields=`)."""

from collections.abc import Mapping
from typing import Any

from shared.http.told import MARK

_AT = "#/components/schemas/"
_SAYS = "Some of the fields of `{}`: those that `fields` has named. Without it, items have all of them."


def say_parts(paths: Mapping[str, Any], schemas: dict[str, Any]) -> None:
    """Say in each list that takes `fields` that its items have all fields, or those alone that were asked for (`LeadItem.Part`)."""
    for operation in (operation for methods in paths.values() for operation in methods.values()):
        if any(parameter["name"] == "fields" for parameter in operation.get("parameters", ())):
            shown = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
            listed = schemas[shown.removeprefix(_AT)]["properties"]["items"]
            if "$ref" in listed["items"]:
                name = listed["items"]["$ref"].removeprefix(_AT)
                schemas[f"{name}.Part"] = _part(name, schemas[name])
                listed["items"] = {"anyOf": [listed["items"], {"$ref": f"{_AT}{name}.Part"}]}


def _part(name: str, whole: Mapping[str, Any]) -> dict[str, Any]:
    """An item of which nothing is required. The data of an event is not typed by its type, which need not be there."""
    fields = {field: {key: value for key, value in said.items() if key != MARK} for field, said in whole["properties"].items()}
    said = {"properties": fields, "title": f"{name}.Part", "description": _SAYS.format(name), "minProperties": 1}
    return {key: value for key, value in whole.items() if key != "required"} | said
