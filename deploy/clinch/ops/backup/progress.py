"""A progress bar for work that takes longer than a person likes to wait without a sign."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(does: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give it what was done since the last call. Nothing is shown where there is no terminal."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True, disable=not sys.stdout.isatty()) as progress:
        task = progress.add_task(does, total=total)
        yield lambda done: progress.advance(task, done)
