"""An identity provider of one's own, and Clinch with its page behind it: signing in is the real protocol, the data are those of the demo.

Its access tokens are those of the development issuer, so that the API takes them; all else (discovery, codes, proofs, refresh tokens that
are good once) is as RFC 6749 and 7636 have it.
"""

import asyncio
import base64
import hashlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from clinch.client.token import fetch
from clinch.run.web import CLIENT_ID, Page, Shown
from tests.ports import free_port

PEOPLE = ("dev-rep", "dev-manager")


@dataclass
class Identity:
    """What the provider remembers. `lifetime` is told with each token, in seconds."""

    demo: str
    lifetime: int = 300
    codes: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Code: person, challenge, redirect_uri."""
    refreshing: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """The kinds of grant that were asked for, and "reused" for a refresh token that was used before."""
    cookie: dict[str, str] = field(default_factory=dict)

    def app(self, url: str) -> Starlette:
        async def discovery(_: Request) -> Response:
            paths = {"authorization": "auth", "token": "token", "end_session": "end"}
            at = {f"{name}_endpoint": f"{url}/{path}" for name, path in paths.items()}
            return JSONResponse({"issuer": url, **at}, headers={"Access-Control-Allow-Origin": "*"})

        async def auth(request: Request) -> Response:
            """Who has a session goes straight back; others choose."""
            asked = request.query_params
            if asked["client_id"] != CLIENT_ID or asked["code_challenge_method"] != "S256" or asked["response_type"] != "code":
                return Response("bad request", 400)
            person = asked.get("as") or self.cookie.get(request.cookies.get("session", ""))
            if not person:
                links = [f'<a id="{one}" href="?{urlencode({**asked, "as": one})}">{one}</a>' for one in PEOPLE]
                return HTMLResponse('<link rel="icon" href="data:,">' + " ".join(links))
            code, session = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
            self.codes[code] = (person, asked["code_challenge"], asked["redirect_uri"])
            self.cookie[session] = person
            back = RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")
            back.set_cookie("session", session)
            return back

        async def token(request: Request) -> Response:
            given = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
            self.asked.append(given["grant_type"])
            person = self._person(given)
            if person is None:
                return JSONResponse({"error": "invalid_grant"}, 400, headers={"Access-Control-Allow-Origin": "*"})
            refresh = secrets.token_urlsafe(16)
            self.refreshing[refresh] = person
            access, _ = await asyncio.to_thread(fetch, self.demo, None, person)
            body = {"access_token": access, "token_type": "Bearer", "expires_in": self.lifetime, "refresh_token": refresh}
            return JSONResponse(body, headers={"Access-Control-Allow-Origin": "*"})

        async def end(request: Request) -> Response:
            self.cookie.pop(request.cookies.get("session", ""), None)
            return RedirectResponse(request.query_params["post_logout_redirect_uri"])

        paths = {"/.well-known/openid-configuration": discovery, "/auth": auth, "/end": end}
        return Starlette(routes=[*[Route(path, answer) for path, answer in paths.items()], Route("/token", token, methods=["POST"])])

    def _person(self, given: dict[str, str]) -> str | None:
        if given["client_id"] != CLIENT_ID:
            return None
        if given["grant_type"] == "refresh_token":
            person = self.refreshing.pop(given["refresh_token"], None)
            if person is None:
                self.asked.append("reused")
            return person
        person, challenge, redirect = self.codes.pop(given["code"], ("", "", ""))
        proof = base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        return person if person and (proof, given["redirect_uri"]) == (challenge, redirect) else None


def behind(demo: str, issuer: str) -> Starlette:
    """The page with this issuer; the API is that of the demo."""
    http = httpx.AsyncClient(base_url=demo, timeout=60)

    async def api(request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "accept-encoding")}
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        sent = http.build_request(request.method, path, headers=headers, content=await request.body())
        got = await http.send(sent, stream=True)
        kept = {name: value for name, value in got.headers.items() if name in ("content-type", "etag")}
        return StreamingResponse(got.aiter_bytes(), got.status_code, headers=kept)

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(routes=[*Page(Shown(issuer, development=False)).routes(), Route("/v1/{path:path}", api, methods=methods)])


@contextmanager
def served(app: Starlette, port: int) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def signing_in(demo: str) -> Iterator[tuple[str, Identity]]:
    """Where the page is, and the provider."""
    identity, port = Identity(demo), free_port()
    issuer = f"http://127.0.0.1:{port}"
    with served(identity.app(issuer), port), served(behind(demo, issuer), free_port()) as page:
        yield page, identity
