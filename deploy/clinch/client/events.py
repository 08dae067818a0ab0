"""`clinch events`: what happens in the system, as the stream tells it."""

import json
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clinch.client.token import access_token
from clinch.errors import CommandError
from clinch.options import Data, Token, Url, base_url

if TYPE_CHECKING:
    import httpx

AGAIN_SECONDS = 2.0


def events(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show what comes, until Ctrl-C.")] = False,
    types: Annotated[str, typer.Option(help="Only these types, as a comma list; `clinch.deal.*` for all of deals.")] = "",
    last: Annotated[int, typer.Option("--last", "-n", min=0, help="Look at so many positions at the end.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One CloudEvent per line.")] = False,
    url: Url = None,
    data: Data = None,
    token: Token = None,
) -> None:
    """Show the events of the system: the last ones, and with --follow those to come."""
    base = base_url(url, data)
    source = _Source(base, types, lambda: access_token(token, base))
    show = _as_json if as_json else _as_line
    try:
        for event in source.last(last):
            typer.echo(show(event))
        for event in source.coming() if follow else ():
            typer.echo(show(event))
    except KeyboardInterrupt:
        return


class _Source:
    """The feed of one system, and how far it was read."""

    def __init__(self, base: str, types: str, token: Callable[[], str]) -> None:
        self._base, self._token = base, token
        self._types = {"types": types} if types else {}
        self._position = 0

    def last(self, positions: int) -> Iterator[Any]:
        end = self._page(after="latest")
        position = max(end["oldest"], end["latest"] - positions)
        while True:
            page = self._page(after=position, limit=500, **self._types)
            yield from (item["event"] for item in page["items"])
            self._position = position = page["next_after"]
            if position >= end["latest"]:
                return

    def coming(self) -> Iterator[Any]:
        """Without end: a stream that is cut, or ends with its token or process, is taken up where it was."""
        import httpx

        while True:
            try:
                yield from self._stream()
            except httpx.HTTPError:
                time.sleep(AGAIN_SECONDS)

    def _page(self, **asked: Any) -> Any:
        import httpx

        try:
            answer = httpx.get(f"{self._base}/v1/events", params=asked, headers=self._headers(), timeout=30)
        except httpx.HTTPError as error:
            raise CommandError(f"{self._base} does not answer ({error}): is Clinch running there?") from None
        _refuse_unless_ok(answer)
        return answer.json()

    def _stream(self) -> Iterator[Any]:
        import httpx

        headers = self._headers() | {"Last-Event-ID": str(self._position)}
        with httpx.stream("GET", f"{self._base}/v1/stream", params=self._types, headers=headers, timeout=60) as answer:
            if not answer.is_success:
                answer.read()
                _refuse_unless_ok(answer)
            kind = ""
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    self._position = int(value)
                elif name == "event":
                    kind = value
                elif name == "data" and kind == "gap":
                    raise CommandError(json.loads(value)["detail"])
                elif name == "data" and kind != "end":
                    yield json.loads(value)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token()}"}


def _refuse_unless_ok(answer: "httpx.Response") -> None:
    if answer.status_code in (429, 503):
        answer.raise_for_status()  # it will pass
    if not answer.is_success:
        try:
            detail = answer.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = f"status {answer.status_code}"
        raise CommandError(f"No events: {detail}", 2 if answer.status_code == 422 else 1)


def _as_line(event: Any) -> str:
    kind = event["type"].removeprefix("clinch.").rpartition(".v")[0]
    return f"{event['time'][:19]}Z  {kind:<28} {event['subject']}  v{int(event['sequence'])}"


def _as_json(event: Any) -> str:
    return json.dumps(event, ensure_ascii=False)
