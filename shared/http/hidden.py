"""Takes the secret of a link out of the address before anything else sees it: no log, figure or trace can tell it."""

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

PREFIX = "/p/"
"""All addresses for customers begin so: /p/quotes/<secret>, /p/quotes/<secret>/document."""


class App(FastAPI):
    """FastAPI begins its trace in `__call__`, so this is where the secret goes: to `request.state.secret`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            scope = without_secret(scope)
        await super().__call__(scope, receive, send)


def without_secret(scope: Scope) -> Scope:
    things, _, rest = scope["path"].removeprefix(PREFIX).partition("/")
    secret, slash, more = rest.partition("/")
    if not secret:
        return scope
    path = f"{PREFIX}{things}/-{slash}{more}"
    return {**scope, "path": path, "raw_path": path.encode(), "state": {**scope.get("state", {}), "secret": secret}}
