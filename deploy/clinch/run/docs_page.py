"""One Swagger UI page for all services, from files that were installed: no CDN, no internet."""

import importlib.util
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from clinch.run.contracts import contract, contract_routes

_FILES = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Clinch API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon.png">
<style>nav { padding: 12px 24px; font: 16px sans-serif; background: #f4f4f4 } body { margin: 0 }</style>
</head>
<body>
<nav>Service <select id="service"></select> &nbsp; A token: <code>clinch token --role admin</code>, then Authorize.</nav>
<div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script>
const names = __NAMES__, select = document.getElementById("service");
const show = name => SwaggerUIBundle({url: `/openapi/${name}.json`, dom_id: "#ui", deepLinking: true, persistAuthorization: true,
  tagsSorter: "alpha", validatorUrl: null});
for (const name of names) select.add(new Option(name));
const wanted = new URLSearchParams(location.search).get("service");
if (names.includes(wanted)) select.value = wanted;
select.onchange = () => { history.replaceState(null, "", `?service=${select.value}`); show(select.value) };
show(select.value);
</script>
</body>
</html>
"""


def docs_routes(apps: Mapping[str, FastAPI]) -> list[Route]:
    """`page_routes`, the contracts, and the documents the page shows: `/openapi/<service>.json` for each of the FastAPI `apps`."""

    async def document(request: Request) -> Response:
        app = apps[request.url.path.rpartition("/")[2].removesuffix(".json")]
        return contract(request, orjson.dumps(app.openapi()))

    return [*page_routes(apps), *contract_routes(), *[Route(f"/openapi/{name}.json", document) for name in apps]]


def page_routes(services: Iterable[str]) -> list[Route]:
    """`/docs` and its files."""
    page = _PAGE.replace("__NAMES__", json.dumps(list(services)))
    files = _static_files()

    async def docs(_: Request) -> Response:
        return HTMLResponse(page)

    async def file(request: Request) -> Response:
        return FileResponse(files / request.url.path.rpartition("/")[2], headers={"Cache-Control": "max-age=86400"})

    return [
        Route("/docs", docs),
        *[Route(f"/docs/{name}", file) for name in _FILES],
    ]


def _static_files() -> Path:
    """Found without importing the package, of which only the files are wanted."""
    spec = importlib.util.find_spec("fastapi_offline")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "static"
