"""Asking the API from a command: what it refuses is a sentence."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from clinch.client.token import access_token
from clinch.errors import CommandError
from clinch.options import base_url

if TYPE_CHECKING:
    import httpx


class Api:
    """A system, asked with one token."""

    def __init__(self, client: "httpx.Client", base: str) -> None:
        self._client, self.base = client, base

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None, **params: Any) -> "httpx.Response":
        """The answer, whatever it is. A change is sent with a key of its own, on whatever the record is now."""
        import httpx

        headers = {"If-Match": "*", "Idempotency-Key": f"clinch-{uuid4()}"} if method != "GET" else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            return self._client.request(method, path, json=body, params=params, headers=headers)
        except httpx.TransportError as error:
            raise CommandError(f"{self.base} does not answer ({error}): is Clinch running there?") from None

    def get(self, path: str, **params: Any) -> Any:
        return told(self.ask("GET", path, **params))

    def stream(self, path: str, params: dict[str, str]) -> AbstractContextManager["httpx.Response"]:
        """An answer that is read as it comes, however long it is."""
        return self._client.stream("GET", path, params=params, timeout=300)

    def post(self, path: str, body: Any = None, *, token: str | None = None, **params: Any) -> Any:
        return told(self.ask("POST", path, body, token=token, **params))


def told(answer: "httpx.Response") -> Any:
    """What an answer says; a refusal with everything that stands in the way."""
    if answer.is_success:
        return answer.json()
    try:
        problem = answer.json()
    except ValueError:
        raise CommandError(f"The server answered {answer.status_code}.") from None
    errors = [f"{error['pointer']}: {error['message']}" for error in problem.get("errors") or ()]
    unmet = [guard["message"] for guard in problem.get("unmet") or ()]
    says = " ".join(errors or [problem.get("detail") or problem.get("title", ""), *unmet])
    raise CommandError(says, 2 if answer.status_code == 422 else 1)


@contextmanager
def api(url: str | None, data: Path | None, token: str | None) -> Iterator[Api]:
    import httpx

    base = base_url(url, data)
    with httpx.Client(base_url=base, timeout=60, headers={"Authorization": f"Bearer {access_token(token, base)}"}) as client:
        yield Api(client, base)
