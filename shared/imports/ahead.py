"""Reads and checks the next rows of a file while Postgres still writes those before them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.db.database import Database
from shared.imports.outcome import Problem
from shared.imports.record import Job
from shared.imports.rows import RowReader
from shared.imports.survey import form_of, source_of
from shared.imports.taking import Check

SLICE = 20
"""Rows that are read before others in this process have their turn, above all the statements of the batch before: Postgres must not
wait for us between two short ones, and works longest at the last."""


@dataclass(slots=True)
class Batch:
    """Rows of a file, read and checked."""

    position: int = 0
    """Where the next row starts."""
    line: int = 0
    last: bool = False
    good: list[tuple[int, Any]] = field(default_factory=list)
    """The rows that fit the form, with their lines."""
    problems: list[Problem] = field(default_factory=list)
    """What is wrong with the others."""


class Ahead:
    """Gives a job's batches one by one, and reads the next one meanwhile."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._file: _File | None = None
        self._next: asyncio.Task[Batch] | None = None

    async def next(self, job: Job, checks: Callable[[], Check], size: int) -> Batch:
        """The rows from where the job is.

        Those after them are begun; they are dropped when they are not asked for next.
        """
        if self._file is None or not self._file.is_at(job):
            await self.forget()
            self._file = _File(self._db, job, checks(), size)
        reading = self._next or asyncio.create_task(self._file.read())
        self._next = None
        batch = await reading
        self._file.given = batch.position
        if not batch.last:
            self._next = asyncio.create_task(self._file.read())
        return batch

    async def forget(self) -> None:
        """End what is in progress."""
        reading, self._next, self._file = self._next, None, None
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


class _File:
    """One job's file, from where the job is on."""

    def __init__(self, db: Database, job: Job, check: Check, size: int) -> None:
        if job.form is None:
            raise ValueError("how the file is written is not known yet")
        self._db, self._job, self._check, self._size = db, job, check, size
        self._reader = RowReader(source_of(job.id, job.form), form_of(job.form), job.bytes_done, job.line)
        self.given = job.bytes_done
        """To here the rows were given."""

    def is_at(self, job: Job) -> bool:
        """Whether the job is where this one is: nobody else has moved it, or has it read in another way."""
        ours = self._job
        return (ours.id, self.given, ours.options, ours.form, ours.columns) == (
            job.id,
            job.bytes_done,
            job.options,
            job.form,
            job.columns,
        )

    async def read(self) -> Batch:
        reader = self._reader
        if reader.position == 0:
            await reader.take(self, 1)  # the header
        batch, left = Batch(), self._size
        while left and not batch.last:
            wanted = min(SLICE, left)
            rows = await reader.take(self, wanted)
            left -= wanted
            batch.last = len(rows) < wanted
            batch.good += self._check(rows, batch.problems)
            await asyncio.sleep(0)
        batch.position, batch.line = reader.position, reader.line
        return batch

    async def row(self, sql: str, *args: Any) -> Any:
        """A piece of the file. No connection is kept in between: there may be few, and one of them writes."""
        async with self._db.connection() as conn:
            return await conn.fetchrow(sql, *args)
