"""Spans of a test, as an exporter would get them: names and attributes, in the order in which they began."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace


class Kept(trace.NonRecordingSpan):
    """A span that keeps what is said of it."""

    def __init__(self, name: str, attributes: Any) -> None:
        super().__init__(trace.INVALID_SPAN_CONTEXT)
        self.said: list[Any] = [name, dict(attributes or {})]

    def is_recording(self) -> bool:
        return True

    def set_attribute(self, key: str, value: Any) -> None:
        self.said.append({key: value})

    def set_attributes(self, attributes: Any) -> None:
        self.said.append(dict(attributes))

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        self.said.append([name, dict(attributes or {})])

    def update_name(self, name: str) -> None:
        self.said.append(name)

    def record_exception(self, exception: BaseException, *given: Any, **more: Any) -> None:
        self.said.append(repr(exception))


class Spans(trace.TracerProvider, trace.Tracer):
    """Keeps all spans that are begun."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []

    def get_tracer(self, *given: Any, **more: Any) -> trace.Tracer:
        return self

    def start_span(self, name: str, context: Any = None, kind: Any = None, attributes: Any = None, *given: Any, **more: Any) -> Kept:
        self.kept.append(Kept(name, attributes))
        return self.kept[-1]

    @contextmanager
    def start_as_current_span(self, name: str, *given: Any, **more: Any) -> Iterator[Kept]:
        yield self.start_span(name, attributes=more.get("attributes"))
