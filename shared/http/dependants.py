"""What a route depends on, as FastAPI has found out.

This is the one module that reads `APIRoute.dependant`, which FastAPI does not promise to keep.
tests/shared/test_private_parts.py fails when that changes, and pyproject.toml caps FastAPI for it.
"""

from collections.abc import Iterator
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel


def dependencies(route: APIRoute) -> list[Any]:
    """The functions that run before the route does, those that others need included."""
    return [each.call for each in _all(route.dependant)][1:]


def query_names(route: APIRoute) -> set[str]:
    """The query parameters that FastAPI reads. A model stands for one parameter for each of its fields."""
    return {name for each in _all(route.dependant) for parameter in each.query_params for name in _names(parameter)}


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for dependency in dependant.dependencies:
        yield from _all(dependency)


def _names(parameter: Any) -> Iterator[str]:
    model = parameter.field_info.annotation
    if isinstance(model, type) and issubclass(model, BaseModel):
        yield from (field.alias or name for name, field in model.model_fields.items())
    else:
        yield parameter.alias
