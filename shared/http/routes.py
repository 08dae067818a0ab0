"""Finding a request's route: FastAPI tries all routes of a service one after the other, twice for included routers (2 µs for each)."""

from collections import defaultdict
from collections.abc import Iterable

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send


class Routes:
    """Looks up by method and number of path segments, and leaves what it does not find (404, probes, docs) to the app's router."""

    def __init__(self, app: FastAPI) -> None:
        self._search = app.router.app
        self._routes: defaultdict[tuple[str, int], list[APIRoute]] = defaultdict(list)
        for route in app.router.routes:
            if isinstance(route, APIRoute):
                for method in route.methods or ():
                    self._routes[method, route.path.count("/")].append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for route in self._routes.get((scope["method"], scope["path"].count("/")), ()):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope.update(found)
                    await route.handle(scope, receive, send)
                    return
            if allowed := self._methods_at(scope):
                raise HTTPException(405, headers={"Allow": ", ".join(allowed)})
        await self._search(scope, receive, send)

    def _methods_at(self, scope: Scope) -> list[str]:
        """All methods that the address takes: FastAPI has a route for each, and would name the first one's only."""
        of_length = [(method, routes) for (method, n), routes in self._routes.items() if n == scope["path"].count("/")]
        return sorted(method for method, routes in of_length if any(r.matches(scope)[0] is not Match.NONE for r in routes))


def install(app: FastAPI, routes: Iterable[BaseRoute]) -> None:
    """Add the routes themselves, not their routers, which FastAPI would match as a whole and build a second time."""
    app.router.routes += routes
    app.router.middleware_stack = Routes(app)
