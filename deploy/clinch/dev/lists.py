"""What the lists of all services take, as saved views check it: made of their routes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute
from sqlalchemy import ARRAY, BigInteger, Integer, SmallInteger

from shared.http.filters import Filter, PersonFilter
from shared.http.page import item_of
from shared.http.parameters import Parameters

if TYPE_CHECKING:
    from shared.process.service import Service

LISTS = "services/lead-svc/lead_svc/views/lists.json"


def lists(services: "Iterable[Service]") -> dict[str, Any]:
    """Each list that can have views, by its name."""
    from lead_svc.views.record import ViewKind

    wanted = {f"/v1/{kind}": kind.value for kind in ViewKind}
    routes = [route for service in services for router in service.routers for route in router.routes if isinstance(route, APIRoute)]
    found = {wanted[route.path]: _said(route) for route in routes if route.path in wanted and "GET" in (route.methods or ())}
    return {kind: found[kind] for kind in wanted.values() if kind in found}


def _said(route: APIRoute) -> dict[str, Any]:
    (takes,) = [one.call for one in route.dependant.dependencies if isinstance(one.call, Parameters)]
    return {
        "searchable": takes.searchable,
        "personal": sorted(takes.personal),
        "sorts": sorted(takes.sorts),
        "columns": list(item_of(route.response_model).model_fields),
        "filters": [_filter(one) for _, one in sorted(takes.filters.items())],
    }


def _filter(one: Filter) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": _type(one),
        "nullable": one.nullable,
        "person": isinstance(one, PersonFilter),
        "choices": one.kind.schema.get("enum", []),
        "ranges": "gte" in one.operators(),
    }


def _type(one: Filter) -> str:
    given: Any = one.column.type
    kind = given.item_type if isinstance(given, ARRAY) else given
    match kind:
        case SmallInteger():
            return "int16"
        case BigInteger():
            return "int64"
        case Integer():
            return "int32"
    return str(kind.python_type.__name__)
