"""What a service says about its imports: the form of a row, its command, and who may import."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import BaseModel

from shared.acts import Who
from shared.imports.outcome import Take
from shared.imports.record import Acts

_NOBODY = Who()


@dataclass(frozen=True)
class Importer:
    """The form of a row, the command that takes many of them at once, and who may import.

    `take` gets (line, row) pairs in file order and never sees an `external_id` twice in a batch. It refuses a row by a problem. What it
    raises fails the batch, which is then taken again in halves, down to the row that makes it raise.
    """

    things: str
    row: type[BaseModel]
    take: Take
    who: Who
    """Whose imports they are: they start, read, cancel and resume all of these records."""
    key: str = "external_id"
    work: bool = False
    """Whether rows can start tasks: `take` and `correct` then get `work`, which somebody has to ask for."""
    correct: Take | None = None
    """What takes rows that replace a known history, for those who may have it corrected."""
    correcting: Who = _NOBODY

    def takes(self, options: Mapping[str, Any]) -> Take:
        """The command for a job with these options."""
        take = self.correct if options.get("correct") and self.correct else self.take
        return partial(take, work=bool(options.get("work"))) if self.work else take

    @property
    def acts(self) -> Acts:
        return Acts.of(self.things, self.who, self.correcting)

    @property
    def fields(self) -> Mapping[str, Any]:
        return self.row.model_fields
