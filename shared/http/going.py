"""Routes that go, declared once: each answer and the OpenAPI document say so (RFC 9745, RFC 8594).

@router.get("/{note_id}/words")
@going(since=date(2026, 12, 1), until=date(2027, 6, 1), instead="/v1/notes/{note_id}")
async def read_words(note_id: UUID, ...) -> WordsOut:
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Going:
    """A route that is deprecated from the day `since` on and may be gone from the day `until` on."""

    since: date
    until: date
    instead: str

    def __post_init__(self) -> None:
        if self.until <= self.since:
            raise ValueError("a route works for some time after it is declared as going")

    @property
    def says(self) -> str:
        return f"Deprecated since {self.since}; it may be gone from {self.until} on. Use `{self.instead}` instead."

    def headers(self, path_params: Mapping[str, Any]) -> Headers:
        told = {
            "deprecation": f"@{int(_start(self.since).timestamp())}",
            "sunset": format_datetime(_start(self.until), usegmt=True),
            "link": f'<{self.instead.format(**path_params)}>; rel="successor-version"',
        }
        return [(name.encode(), value.encode()) for name, value in told.items()]


def going(*, since: date, until: date, instead: str) -> Callable[[F], F]:
    """Marks the function of a route.

    Each answer then has `Deprecation`, `Sunset` and a `Link` to what takes its place.
    """

    def mark(endpoint: F) -> F:
        endpoint.__dict__["going"] = Going(since, until, instead)
        return endpoint

    return mark


def going_of(route: Any) -> Going | None:
    """What is declared of the route that a request has found, if anything."""
    return getattr(getattr(route, "endpoint", None), "going", None)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
