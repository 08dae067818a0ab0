"""The places of open streams in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from shared.errors import Problem, Unavailable


class TooManyStreams(Problem):
    status = 429
    code = "too_many_streams"
    title = "You have as many open streams as one may have"


class Places:
    """How many streams may be open, in all and for one principal: each costs memory, and a client that leaks them must notice."""

    def __init__(self, most: int, most_each: int) -> None:
        self._most, self._most_each = most, most_each
        self._by_principal: Counter[UUID] = Counter()

    @property
    def used(self) -> int:
        return self._by_principal.total()

    @contextmanager
    def taken(self, principal: UUID) -> Iterator[None]:
        """A place, while the block runs. `TooManyStreams` for the principal's own limit, `Unavailable` when all places are taken."""
        if self._by_principal[principal] >= self._most_each:
            raise TooManyStreams(f"{self._most_each} streams are open already; close one.", headers={"Retry-After": "10"})
        if self.used >= self._most:
            raise Unavailable("All places for streams are taken; try again, or poll without `wait`.", retry_after=10)
        self._by_principal[principal] += 1
        try:
            yield
        finally:
            self._by_principal[principal] -= 1
            self._by_principal += Counter()  # forgets those who have none
