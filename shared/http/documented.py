"""What the OpenAPI document shows of dependencies that read a request themselves."""

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
Parameter = dict[str, Any]


def parameter(name: str, place: str, says: str, schema: dict[str, Any], *, required: bool = False) -> Parameter:
    """A parameter as OpenAPI has it; `place` is header or query."""
    return {"name": name, "in": place, "required": required, "description": says, "schema": schema}


def documented(*parameters: Parameter) -> Callable[[F], F]:
    """Marks a dependency that reads these parameters."""

    def mark(dependency: F) -> F:
        dependency.__dict__.update(openapi_parameters=parameters)
        return dependency

    return mark
