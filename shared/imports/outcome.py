"""What becomes of the rows of an import."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong (`refused`) or odd (`flagged`) about a row."""

    line: int
    field: str
    code: str
    message: str
    kind: Literal["refused", "flagged"] = "refused"


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.problems += other.problems

    @property
    def flagged(self) -> int:
        """How many rows are odd."""
        return len({p.line for p in self.problems if p.kind == "flagged"})

    @property
    def flags(self) -> Counter[str]:
        """How many rows have each flag."""
        return Counter(code for code, _ in {(p.code, p.line) for p in self.problems if p.kind == "flagged"})


Take = Callable[..., Awaitable[Outcome]]
"""A service's command: `(tx, rows, settings)`. It takes many rows at once, given with their lines, in file order, and never two of one key.

It refuses a row by a problem. What it raises costs the row that makes it raise.
"""
