"""Finding a request's route: FastAPI tries all routes of a service one after the other, twice for included routers (2 µs for each)."""

from collections import defaultdict
from collections.abc import Iterable

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send


class Routes:
    """Looks up by address, or by the number of segments of those with parameters; then by method.

    What it does not find (404, probes, docs) is left to the app's router.
    """

    def __init__(self, app: FastAPI) -> None:
        self._search = app.router.app
        self._routes: defaultdict[str | int, defaultdict[str, list[APIRoute]]] = defaultdict(lambda: defaultdict(list))
        for route in app.router.routes:
            if isinstance(route, APIRoute):
                address = route.path.count("/") if "{" in route.path else route.path
                for method in route.methods or ():
                    self._routes[address][method].append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            by_method: dict[str, list[APIRoute]] = self._routes.get(path) or self._routes.get(path.count("/")) or {}
            wanted = scope if scope["method"] != "HEAD" else {**scope, "method": "GET"}  # the server looks at its own scope
            for route in by_method.get(wanted["method"], ()):
                match, found = route.matches(wanted)
                if match is Match.FULL:
                    wanted.update(found)
                    scope["route"] = route
                    await route.handle(wanted, receive, send)
                    return
            # FastAPI has a route for each method of an address, and would name the first one's only.
            if allowed := {m for m, routes in by_method.items() if any(r.matches(scope)[0] is not Match.NONE for r in routes)}:
                allowed |= {"HEAD"} if "GET" in allowed else set()
                raise HTTPException(405, headers={"Allow": ", ".join(sorted(allowed))})
        await self._search(scope, receive, send)


def install(app: FastAPI, routes: Iterable[BaseRoute]) -> None:
    """Add the routes themselves, not their routers, which FastAPI would match as a whole and build a second time."""
    app.router.routes += routes
    app.router.middleware_stack = Routes(app)
