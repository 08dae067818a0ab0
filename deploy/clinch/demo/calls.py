"""Requests to the public API: a few at a time, each in the name of the right person, and safe to repeat."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from clinch.errors import CommandError

if TYPE_CHECKING:
    import httpx

AT_ONCE = 8
"""Requests on their way at a time."""
TRIES = 5
BUSY = (429, 503)
PATIENCE = 60.0
"""Seconds that the workers have to do what follows from a request."""

NOBODY = object()
"""A null that is meant: what is None is left out of a body."""
Token = Callable[[str], Awaitable[str]]
"""Gives the access token of a sample person, by their key."""
Advance = Callable[[int], None]
"""Told how many more things of a stage are done."""


class Progress(Protocol):
    """Shows how far it is."""

    def stage(self, says: str, total: int) -> Advance:
        """Begin a stage of so many things."""


class Refused(CommandError):
    """What a request was answered, as a sentence."""

    def __init__(self, says: str, code: str | None = None) -> None:
        super().__init__(says)
        self.code = code


class Calls:
    """The API as several people use it."""

    def __init__(self, http: "httpx.AsyncClient", token: Token) -> None:
        self._http, self._token = http, token
        self._tokens: dict[str, asyncio.Task[str]] = {}
        self._free = asyncio.Semaphore(AT_ONCE)
        self.made = 0

    async def send(
        self, method: str, path: str, *, by: str | None, key: str | None = None, media_type: str | None = None, **given: Any
    ) -> "httpx.Response":
        """A request, repeated while the server is busy or cannot be reached. `key` makes the repetition safe.

        `by` is None for a customer, who has no token. `media_type` is that of a file.
        """
        from httpx import TransportError

        headers = {"If-Match": "*", **(await self._authorization(by) if by else {}), **({"Idempotency-Key": key} if key else {})}
        headers |= {"Content-Type": media_type} if media_type else {}
        for n in range(TRIES):
            try:
                async with self._free:
                    self.made += 1
                    response = await self._http.request(method, path, headers=headers, **given)
                if response.status_code not in BUSY:
                    return response
            except TransportError as error:
                if n == TRIES - 1:
                    raise CommandError(f"{self._http.base_url} does not answer ({error}): is Clinch running there?") from None
            await asyncio.sleep(0.2 * 2**n)
        return response

    async def _authorization(self, person: str) -> Mapping[str, str]:
        if person not in self._tokens:
            self._tokens[person] = asyncio.create_task(_once(self._token, person))
        return {"Authorization": f"Bearer {await self._tokens[person]}"}

    async def get(self, path: str, *, by: str, **params: Any) -> Any:
        return answer_of(await self.send("GET", path, by=by, params=params), by)


async def _once(token: Token, person: str) -> str:
    return await token(person)


def answer_of(response: "httpx.Response", by: str) -> Any:
    """The answer's content. Raises `Refused`, which says who was refused what, and why."""
    return given(response, by).json()


def given(response: "httpx.Response", by: str) -> "httpx.Response":
    """The answer, if it is no refusal."""
    if response.is_success:
        return response
    what = f"{response.request.method} {response.request.url.path} as {by} was answered {response.status_code}"
    try:
        problem = response.json()
        reasons = [
            *(u["message"] for u in problem.get("unmet", ())),
            *(f"{e['pointer']}: {e['message']}" for e in problem.get("errors", ())),
        ]
        raise Refused(f"{what} {problem['code']}: {' '.join([problem.get('detail') or problem['title'], *reasons])}", problem["code"])
    except (ValueError, KeyError, TypeError):
        raise Refused(f"{what}.") from None


class Hand:
    """Everything that is done to one thing. Its acts are numbered, so that a demo that is run again gets the answers it got before."""

    def __init__(self, calls: Calls, key: str) -> None:
        self._calls, self._key = calls, key
        self._acts = 0

    async def post(self, by: str, path: str, **body: Any) -> Any:
        return await self._act("POST", path, by, body)

    async def put(self, by: str, path: str, **body: Any) -> Any:
        return await self._act("PUT", path, by, body)

    async def patch(self, by: str, path: str, **body: Any) -> Any:
        return await self._act("PATCH", path, by, body)

    async def _act(self, method: str, path: str, by: str, body: Mapping[str, Any]) -> Any:
        self._acts += 1
        return answer_of(await self._calls.send(method, path, by=by, key=f"{self._key}/{self._acts}", json=plain(body)), by)

    async def read(self, by: str | None, path: str, **params: Any) -> bytes:
        """A document. `by` is None for the customer."""
        return given(await self._calls.send("GET", path, by=by, params=params), by or "the customer").content

    async def say_yes(self, path: str, *, name: str) -> None:
        """Accept by a link, as the form of its page does. Said again, it changes nothing."""
        await self._calls.send("POST", f"{path}/viewed", by=None)
        answered = await self._calls.send("POST", f"{path}/accept", by=None, data={"name": name, "agreed": "yes"})
        if answered.status_code != HTTPStatus.SEE_OTHER:
            given(answered, "the customer")

    async def would(self, by: str, path: str, **body: Any) -> Any:
        """What an act would give: nothing is changed."""
        return answer_of(await self._calls.send("POST", path, by=by, params={"dry_run": "true"}, json=plain(body)), by)

    async def until(self, by: str, path: str, ready: Callable[[Any], Any] = bool, **params: Any) -> Any:
        """What `ready` finds in the answer, once the workers have come so far that it finds something and the thing is there."""
        wait, waited = 0.03, 0.0
        while waited < PATIENCE:
            response = await self._calls.send("GET", path, by=by, params=params)
            found = None if response.status_code == 404 else ready(answer_of(response, by))
            if found:
                return found
            await asyncio.sleep(wait)
            wait, waited = min(wait * 1.5, 0.5), waited + wait
        raise CommandError(f"What should follow did not within {PATIENCE:.0f} s (GET {path} as {by}); `clinch logs worker` may say why.")


def plain(value: Any) -> Any:
    """As JSON has it; what is None is left out."""
    match value:
        case Mapping():
            return {name: None if each is NOBODY else plain(each) for name, each in value.items() if each is not None}
        case list() | tuple():
            return [plain(each) for each in value]
        case datetime() | date():
            return value.isoformat()
        case Decimal() | UUID():
            return str(value)
        case _:
            return value
