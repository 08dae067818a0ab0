"""What the terminal shows while the demo plays: a line per stage with its count, its rate and the time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="progress.data.speed")


class Shown:
    """Stages as lines of a rich display."""

    def __init__(self, display: Progress) -> None:
        self._display = display

    def stage(self, says: str, total: int) -> Callable[[int], None]:
        line = self._display.add_task(says, total=total)
        return lambda done: self._display.advance(line, done)


@contextmanager
def on_terminal() -> Iterator[Shown]:
    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), _Rate())
    with Progress(*columns, TimeRemainingColumn(compact=True, elapsed_when_finished=True)) as display:
        yield Shown(display)
