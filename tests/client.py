"""The one client of all tests: requests by people and roles, and what their answers say."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol
from uuid import UUID

import httpx

from shared.known import listed


class Host(Protocol):
    """What is called: one service on a database of its own (`Running`), or all of them."""

    def client(self, role: str = ..., subject: str = ...) -> httpx.AsyncClient: ...
    def person(self, role: str = ..., subject: str = ...) -> UUID: ...


@dataclass
class Client:
    """Who asks is a role ("admin"), a role and a person's external key ("rep:ann"), or one of `people` by the key alone ("ann")."""

    svc: Host
    people: ClassVar[dict[str, str]] = {}
    _clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def by(self, who: str) -> httpx.AsyncClient:
        if who not in self._clients:
            self._clients[who] = self.svc.client(*self._role_and_key(who))
        return self._clients[who]

    def id(self, who: str) -> str:
        return str(self.svc.person(*self._role_and_key(who)))

    def _role_and_key(self, who: str) -> tuple[str, str]:
        if who in self.people:
            return self.people[who], who
        role, _, key = who.partition(":")
        return role, key

    async def raw(
        self, who: str, method: str, path: str, body: Any = None, *, etag: Any = None, key: str | None = None, **params: Any
    ) -> httpx.Response:
        """`etag`: the version for If-Match, or "*". `key`: an Idempotency-Key. `params`: the query."""
        headers = {} if etag is None else {"If-Match": "*" if etag == "*" else f'"{etag}"'}
        if key is not None:
            headers["Idempotency-Key"] = key
        answer = await self.by(who).request(method, path, json=body, headers=headers, params=params)
        check_codes(answer)
        return answer

    async def ask(self, who: str, method: str, path: str, body: Any = None, *, expect: int = 200, **more: Any) -> Any:
        """The body of an answer that must have the status `expect`."""
        return done(await self.raw(who, method, path, body, **more), expect)


def check_codes(answer: httpx.Response) -> None:
    """Every code that a refusal has is one of those that the OpenAPI documents list, in whatever test it comes."""
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        problem = answer.json()
        assert problem["code"] in listed()["ProblemCode"], f"the documents do not list {problem['code']}: see deploy/clinch/dev/codes.py"
        unlisted = {guard["code"] for guard in problem.get("unmet", ())} - set(listed()["UnmetCode"])
        assert not unlisted, f"the documents do not list {unlisted}: see deploy/clinch/dev/codes.py"


def done(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, (answer.status_code, answer.text)
    return answer.json() if answer.content else None


def codes(problem: Any) -> set[str]:
    """The codes of the guards that a refusal names, given as an answer (a 409) or as its body."""
    body = done(problem, 409) if isinstance(problem, httpx.Response) else problem
    return {guard["code"] for guard in body.get("unmet", ())}


def allowed(record: dict[str, Any]) -> set[str]:
    """The actions that can be done now."""
    return {a["action"] for a in record["allowed_actions"] if a["allowed"]}


def unmet(record: dict[str, Any], action: str) -> set[str]:
    """What a listed action still needs."""
    return {guard["code"] for a in record["allowed_actions"] if a["action"] == action for guard in a["unmet"]}
