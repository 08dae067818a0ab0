"""A dry run: the whole file is read and each row is taken, and nothing of it stays.

Each batch is rolled back, so nobody waits for a lock of it for long. A key that comes again in a later batch is therefore counted as if
it came for the first time; how many do so is told.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel, Field
from pydantic_core import to_jsonable_python
from starlette.requests import ClientDisconnect

from shared.clock import Clock
from shared.db.context import Context
from shared.db.database import Database
from shared.imports.columns import Unsettled
from shared.imports.importer import Importer
from shared.imports.outcome import Outcome, Problem
from shared.imports.record import Job
from shared.imports.rows import Row, RowReader
from shared.imports.survey import form_of, source_of, survey
from shared.imports.taking import Taken, checks, take_rows
from shared.process.outage import is_outage
from shared.process.settings import Settings

_BATCH = 250
"""Rows of one transaction: few, because other requests wait for the same process."""
_LINES = 20
_KINDS = 200
_SAMPLE = 10


class Finding(BaseModel):
    """How the file is read: given, or found in the whole file."""

    what: str
    value: str
    why: str


class Refusal(BaseModel):
    """Which option settles how the file is to be read, and what to choose from."""

    code: str
    option: str
    candidates: list[str]


class FilledField(BaseModel):
    """What fills a field: a column, a value for every row or for empty cells, and what texts stand for."""

    field: str
    column: str | None
    value: str | None
    default: str | None
    values: dict[str, str]


class SampleRow(BaseModel):
    """A row as it would be taken."""

    line: int
    values: dict[str, Any]


class ProblemLine(BaseModel):
    line: int
    message: str


class ProblemKind(BaseModel):
    """Problems of one kind: how many there are, and the first of them."""

    kind: str
    field: str
    code: str
    count: int
    first: list[ProblemLine]


class ImportCheck(BaseModel):
    """What an import of this file would do.

    `error` and `refusal` say why the file cannot be read at all, or in more than one way.
    """

    things: str
    bytes_total: int
    columns: list[str]
    unused_columns: list[str]
    findings: list[Finding]
    error: str | None
    refusal: Refusal | None
    fields: list[FilledField]
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    flagged: int = 0
    flags: dict[str, int] = {}
    repeated: int = Field(0, description="Rows whose key has come before in the file; the last of them counts.")
    sample: list[SampleRow] = Field([], description="The first rows that can be read, as they would be.")
    problems: list[ProblemKind] = []
    problems_total: int = 0


async def check(
    db: Database, importer: Importer, settings: Settings, clock: Clock, job: Job, gone: Callable[[], Awaitable[bool]]
) -> ImportCheck:
    """Look at a stored file whose job nobody works on. `ClientDisconnect` when the caller is `gone`."""
    if await gone():
        raise ClientDisconnect
    context = Context(f"{importer.things}-import", job.actor, clock(), job.correlation_id)
    try:
        async with db.begin(context) as tx:
            found = await survey(tx, job.id, job.options, importer.fields, tx.now.year)
    except Unsettled as unsettled:
        refusal = Refusal(code=unsettled.code, option=unsettled.option, candidates=unsettled.candidates)
        return _told(job, job.columns, {}, [], error=unsettled.message, refusal=refusal)
    job = _surveyed(job, found.form, found.columns, found.size)
    told = _told(job, found.columns, found.form["map"], found.why)
    counts = _Counts(importer.key)
    reader = RowReader(source_of(job.id, found.form), form_of(found.form), 0, 0)
    async with db.read() as reading:
        await reader.take(reading, 1)  # the header
    while True:
        async with db.read() as reading:
            rows = await reader.take(reading, _BATCH)
        if not rows:
            break
        if await gone():
            raise ClientDisconnect
        counts.add(*await _tried(db, importer, settings, context, job, rows), len(rows))
    return counts.into(told)


async def _tried(
    db: Database, importer: Importer, settings: Settings, context: Context, job: Job, rows: list[Row]
) -> tuple[Outcome, int, list[Taken]]:
    """What an import would make of the rows, by the same code."""
    problems: list[Problem] = []
    read = checks(importer, job, settings)(rows, problems)
    for carefully in (False, True):
        try:
            async with db.begin(context, keep=False) as tx:
                outcome, refused = await take_rows(importer, tx, settings, job, read, problems, carefully=carefully)
                await tx.flush()
        except Exception as error:
            if carefully or is_outage(error):
                raise
        else:
            return outcome, refused, read
    raise AssertionError("unreachable")


class _Counts:
    """What the batches came to."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.total, self.rows, self.refused, self.problems, self.repeated = Outcome(), 0, 0, 0, 0
        self._seen: set[int] = set()
        self.flagged, self.flags = 0, dict[str, int]()
        self.sample: list[Taken] = []
        self.kinds: dict[tuple[str, str, str], ProblemKind] = {}

    def add(self, outcome: Outcome, refused: int, read: list[Taken], rows: int) -> None:
        self.rows += rows
        self.sample += read[: max(0, _SAMPLE - len(self.sample))]
        for _, row in read:
            key = hash(getattr(row, self._key))
            self.repeated += key in self._seen
            self._seen.add(key)
        self.refused += refused
        self.flagged += outcome.flagged
        for flag, n in outcome.flags.items():
            self.flags[flag] = self.flags.get(flag, 0) + n
        self.problems += len(outcome.problems)
        for problem in outcome.problems:
            self._note(problem)
        outcome.problems = []
        self.total.add(outcome)

    def _note(self, problem: Problem) -> None:
        key = (problem.kind, problem.field, problem.code)
        if key not in self.kinds and len(self.kinds) == _KINDS:
            return
        kind = self.kinds.setdefault(key, ProblemKind(kind=problem.kind, field=problem.field, code=problem.code, count=0, first=[]))
        kind.count += 1
        if len(kind.first) < _LINES:
            kind.first.append(ProblemLine(line=problem.line, message=problem.message))

    def into(self, told: ImportCheck) -> ImportCheck:
        shown = [SampleRow(line=line, values=to_jsonable_python(row.model_dump(exclude_unset=True))) for line, row in self.sample]
        ordered = sorted(self.kinds.values(), key=lambda kind: (kind.kind != "refused", -kind.count))
        return told.model_copy(
            update={
                "rows": self.rows,
                "created": self.total.created,
                "updated": self.total.updated,
                "unchanged": self.total.unchanged,
                "refused": self.refused,
                "repeated": self.repeated,
                "flagged": self.flagged,
                "flags": self.flags,
                "sample": shown,
                "problems": ordered,
                "problems_total": self.problems,
            }
        )


def _told(
    job: Job,
    columns: list[str],
    mapped: dict[str, str],
    why: list[dict[str, str]],
    error: str | None = None,
    refusal: Refusal | None = None,
) -> ImportCheck:
    options = job.options
    named = list(dict.fromkeys([*mapped, *options["set"], *options["defaults"]]))
    return ImportCheck(
        things=job.things,
        bytes_total=job.bytes_total,
        columns=columns,
        unused_columns=[c for c in columns if c and c not in mapped.values()],
        findings=[Finding(**one) for one in why],
        error=error,
        refusal=refusal,
        fields=[
            FilledField(
                field=name,
                column=mapped.get(name) if name not in options["set"] else None,
                value=options["set"].get(name),
                default=options["defaults"].get(name),
                values=options["values"].get(name, {}),
            )
            for name in named
        ],
    )


def _surveyed(job: Job, form: dict[str, Any], columns: list[str], size: int) -> Job:
    return Job(
        **{n: getattr(job, n) for n in Job.__dataclass_fields__} | {"found": {"form": form}, "columns": columns, "bytes_total": size}
    )
