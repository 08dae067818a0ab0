"""Documents of policy: pydantic models whose defaults are the numbers that the process starts with.

class DealPolicy(Document):
    quote_valid_days: int = value(30, "Validity of a quote", "报价有效天数", "Days that a quote is valid when nobody says.", ge=1)

POLICY = Policy("deal-svc", DealPolicy)
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from shared.ids import external_id

if TYPE_CHECKING:
    from shared.db.database import Database
    from shared.db.tx import Tx
    from shared.process.settings import Settings

LABEL_ZH = "x-title-zh"
"""Where the schema of a field has its Chinese name; `title` has the English one."""


def value(default: Any, en: str, zh: str, says: str, **limits: Any) -> Any:
    """A field of a document: its default, its name in English and Chinese, what it decides, and its limits."""
    return Field(default=default, title=en, description=says, json_schema_extra={LABEL_ZH: zh}, validate_default=True, **limits)


class Part(BaseModel):
    """A group of fields inside a document. Every field has a default, names and a description."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for name, its in cls.model_fields.items():
            extra = its.json_schema_extra
            if not (its.title and its.description and isinstance(extra, dict) and extra.get(LABEL_ZH)):
                raise TypeError(f"{cls.__name__}.{name} needs names and a description: declare it with `value`")


class Document(Part):
    """A document of policy. `version` is its number, 1 for the defaults that nobody has changed yet."""

    _version: int = PrivateAttr(default=1)

    @property
    def version(self) -> int:
        return self._version

    @classmethod
    def read(cls, stored: Mapping[str, Any], version: int) -> Self:
        """A stored document as this release understands it.

        A field that was added since has its default; one that is no longer known is passed over.
        """
        known: Any = deepcopy(dict(stored))
        while True:
            try:
                document = cls.model_validate(known)
            except ValidationError as error:
                if not _without_unknown(known, error):
                    raise
            else:
                document._version = version
                return document

    def stored(self) -> dict[str, Any]:
        """As plain JSON values."""
        return self.model_dump(mode="json")


def _without_unknown(stored: Any, error: ValidationError) -> bool:
    """Remove what `error` calls unknown; whether there was any."""
    found = [problem["loc"] for problem in error.errors() if problem["type"] == "extra_forbidden"]
    for *path, name in found:
        inside = stored
        for step in path:
            inside = inside[step]
        inside.pop(name, None)
    return bool(found)


D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Difference:
    """A record for which a draft would decide otherwise than the active document.

    `before` and `after` are what each of the two says of it, as plain JSON values.
    """

    kind: str
    id: UUID
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Looked:
    """A batch that a simulation has looked at: how many records, those that would differ, and what else it counts, by name."""

    records: int
    differ: Sequence[Difference] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Simulation(Generic[D]):
    """A report on a draft: what would have been different.

    `run(db, active, draft, days)` looks at the real records of the last days, in batches. `ratios` are figures of what it counts, by the
    names of two counts; without the second there is none.
    """

    name: str
    says: str
    run: "Callable[[Database, D, D, int], AsyncIterator[Looked]]"
    ratios: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def figures(self, counts: Mapping[str, int]) -> dict[str, float | None]:
        """Its ratios for these counts."""
        return {name: counts.get(of, 0) / counts[to] if counts.get(to) else None for name, (of, to) in self.ratios.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Policy(Generic[D]):
    """A document and the service that owns it.

    `move(tx, old, new, after_id)` brings a batch of what runs to a new version and returns the last id it looked at, None at the end;
    it is asked when a version says that what runs moves with it. `begins` makes the first version where it is not the defaults alone.
    Those who lead teams draft it too if it is `of_teams`.
    `check` refuses what the settings do not allow, and `align` brings a document in step with them when they are others.
    """

    service: str
    model: type[D]
    simulations: "Sequence[Simulation[D]]" = ()
    move: "Callable[[Tx, D, D, UUID | None], Awaitable[UUID | None]] | None" = None
    begins: "Callable[[Settings], D] | None" = None
    check: "Callable[[D, Settings], None] | None" = None
    align: "Callable[[D, Settings], D] | None" = None
    name: str = ""
    of_teams: bool = False

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.service)

    def first(self, settings: "Settings | None") -> D:
        """What counts before a version is stored, and what the first one says."""
        if settings is None:
            return self.model()
        document = self.begins(settings) if self.begins else self.model()
        return self.align(document, settings) if self.align else document

    @property
    def subject(self) -> UUID:
        """The aggregate of its events: the same in every installation."""
        return external_id("policy", self.name)
