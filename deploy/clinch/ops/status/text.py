"""The state as a person reads it: two tables and a few sentences."""

from collections.abc import Iterator, Sequence

from clinch.ops.status.figures import Waiting
from clinch.ops.status.state import SystemState


def duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{int(seconds)} s" if minutes < 2 else f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def tables(system: SystemState) -> Iterator[str]:
    """The processes, and what waits in each service; lines for the terminal."""
    rows = [(p.name, str(p.pid), duration(p.up_seconds), f"{p.memory_mb:.0f} MB", system.health(p)) for p in system.processes]
    if rows:
        yield from _aligned([("process", "id", "up", "memory", "state"), *rows], texts=(0, 4))
        yield ""
    figures = system.figures
    if not figures.services:
        return
    head = ("service", "outbox", "oldest", "letters", "late timers", "imports", "reader", "behind", "dead letters")
    waiting = [row for name, of in figures.services.items() for row in _rows(name, of)]
    yield from _aligned([head, *waiting, *((name, *["?"] * 5, "", "", "") for name in figures.silent)], texts=(0, 6))
    yield ""


def rebuilding(system: SystemState) -> Iterator[str]:
    """What is being computed again. Nothing is wrong, and nobody need do anything."""
    for service, of in system.figures.services.items():
        if it := of.rebuilding:
            left = "" if it.seconds_left is None else f", about {duration(it.seconds_left)} left"
            done = f"{it.done:,} of {it.of:,} {it.what} (lane {it.lane}){left}"
            yield f"{service}: figures are being built again: {done}. The old ones are served."


def _rows(service: str, waiting: Waiting) -> Iterator[Sequence[str]]:
    """One for each reader, the service's own figures in the first."""
    age = waiting.outbox_oldest_seconds
    oldest = "-" if age is None else duration(age)
    own = (service, f"{waiting.outbox:,}", oldest, f"{waiting.outbox_letters:,}", f"{waiting.timers_late:,}", f"{waiting.imports:,}")
    for one in waiting.consumers:
        yield (*own, one.name, "?" if one.behind is None else f"{one.behind:,}", f"{one.dead_letters:,}")
        own = ("", "", "", "", "", "")
    if not waiting.consumers:
        yield (*own, "-", "", "")


def _aligned(rows: Sequence[Sequence[str]], texts: Sequence[int] = (0,)) -> Iterator[str]:
    """Columns two spaces apart; those in `texts` to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) if n in texts else cell.rjust(width) for n, (cell, width) in enumerate(zip(row, widths, strict=True))]
        yield "  ".join(cells).rstrip()
