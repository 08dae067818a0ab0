"""What every event has in common, and its way onto the wire (CloudEvents 1.0.2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic_core import to_json

from shared.clock import READABLE_YEARS

REGISTRY: dict[str, type["Event"]] = {}
"""Every event by its full type: what readers decode by, and what the documents are generated from."""

SPEC_VERSION = "1.0"

EVERY_SERVICE = "every service"
"""The publisher of events that each service tells of its own, all in one topic."""

Exact = Annotated[
    Decimal,
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal"}),
]


class Money(BaseModel):
    """An exact amount with its ISO 4217 currency."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    amount: Exact
    currency: str


class ActorRef(BaseModel):
    """Who did it: a person's, a system's or our own id, never a name."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    id: UUID
    role: str


class Event(BaseModel):
    """A fact about one aggregate. Subclasses name their type: `class DealWon(DealEvent, type="deal.won")`.

    The aggregate is the type's first word. A part that is told of by the name of its whole says its own:
    `class DealTaskDue(DealTaskEvent, type="deal.task_due", aggregate="deal_task")`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    publisher: ClassVar[str] = ""
    type: ClassVar[str] = ""
    aggregate: ClassVar[str] = ""
    free_texts: ClassVar[frozenset[str]] = frozenset({"reason", "note"})
    """Fields that people fill with their own words. Whoever does not see personal data does not see them."""

    # Whom an event belongs to. Each class says one of three, itself or by its base: the streams of all services go by it.
    seen_as: ClassVar[str | None] = None
    """The kind of record that it belongs to (`shared.access.kinds`), with `owned_by` or `part_of`."""
    owned_by: ClassVar[str | None] = None
    """It is about a record that somebody owns: the field that tells the owner, in those of its events that say so."""
    part_of: ClassVar[str | None] = None
    """It is about a part of such a record: the field with the record's id."""
    audience: ClassVar[Literal["everybody", "operations"] | None] = None
    """It belongs to no such record: everybody signed in may see it, or those who run the system."""
    only_for: ClassVar[frozenset[str] | None] = None
    """Besides, the roles that see it: the feed, streams and histories show it to nobody else."""
    creates: ClassVar[bool] = False
    """Its actor has created the record, and sees it from then on."""
    unowned: ClassVar[bool] = False
    """The record that it makes has no owner, and it does not say so."""
    touches: ClassVar[bool] = False
    """Work on a deal: somebody dealt with the customer, or the deal went on. A deal without such events for long is stalled."""

    recorded_at: datetime | None = None
    actor: ActorRef | None = None
    correlation_id: str | None = None
    causation_id: UUID | None = None

    def __init_subclass__(cls, *, type: str | None = None, version: int = 1, aggregate: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, *, type: str | None = None, version: int = 1, aggregate: str | None = None, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if type is None:
            return
        cls.type = f"clinch.{type}.v{version}"
        cls.aggregate = aggregate or type.partition(".")[0]
        if cls.type in REGISTRY:
            raise TypeError(f"{cls.type} is declared twice: by {REGISTRY[cls.type].__name__} and {cls.__name__}")
        REGISTRY[cls.type] = cls

    @classmethod
    def of(cls, record: Any, **more: Any) -> Self:
        """The event with what a record (a dataclass) has under its names, and `more`, which goes first."""
        kind: Any = type(record)
        names, values = _told(cls, kind)
        return cls.model_validate({**dict(zip(names, values(record), strict=True)), **more})


@lru_cache(maxsize=1024)
def _told(event: type[Event], record: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names that the event and the record have in common, and what reads them."""
    held = {f.name for f in fields(record)} - Event.model_fields.keys()
    names = tuple(name for name in event.model_fields if name in held)
    values = attrgetter(*names) if len(names) > 1 else lambda row: tuple(getattr(row, name) for name in names)
    return names, values


class Stamp:
    """What the events of one transaction have in common: when we learnt of them, by whom, and what for."""

    def __init__(self, recorded_at: datetime, actor: ActorRef, correlation_id: str, causation_id: UUID | None) -> None:
        self._fields = {"recorded_at": recorded_at, "actor": actor, "correlation_id": correlation_id, "causation_id": causation_id}
        self._json = Event(**self._fields).model_dump_json().encode()[1:-1]

    def put_on(self, event: Event) -> bytes:
        """The event as JSON, with the stamp. Written once for all of them: a copy of each event would take twice as long."""
        before, blank, after = event.model_dump_json().encode().partition(_BLANK)
        if not blank:  # somebody has stamped it before
            return event.model_copy(update=self._fields).model_dump_json().encode()
        return before + self._json + after


_BLANK = Event().model_dump_json().encode()[1:-1]
"""The fields of the stamp as an event without one writes them. No text can look like it: in JSON its quotes would be escaped."""

E = TypeVar("E", bound=Event)


class Decided(BaseModel):
    """What a policy decided: `policy_version` is that of the document in the service that tells it."""

    policy_version: int | None = None


@dataclass(frozen=True, slots=True)
class Dimension:
    """How figures use a field of `Dimensions`: `name` is what they call it.

    `summed`: sums are kept by it, day by day; others are counted when they are asked for. `of_lead`: for a deal that came from a lead,
    what the lead has goes before what the deal has; otherwise it is the other way round.
    """

    name: str
    summed: bool = False
    of_lead: bool = False


class Dimensions(BaseModel):
    """What figures are broken down by. Events carry them as they were when it happened.

    `campaign` and `medium` are of the first touch, `deal_kind` is that of the deal or of the contract's deal.
    """

    owner_id: Annotated[UUID | None, Dimension("owner", summed=True)] = None
    team_id: Annotated[UUID | None, Dimension("team", summed=True)] = None
    source: Annotated[str | None, Dimension("source", summed=True, of_lead=True)] = None
    product: Annotated[str | None, Dimension("product", summed=True)] = None
    region: Annotated[str | None, Dimension("region", summed=True)] = None
    campaign: Annotated[str | None, Dimension("campaign", of_lead=True)] = None
    deal_kind: Annotated[str | None, Dimension("kind")] = None
    medium: Annotated[str | None, Dimension("channel", of_lead=True)] = None


class MemberAdded(BaseModel):
    """Somebody got a part in the record: `member` of its team, or another part."""

    person_id: UUID
    part: str


class MemberRemoved(BaseModel):
    """Somebody has that part no more."""

    person_id: UUID
    part: str


class OwnerChanged(BaseModel):
    """Whose the record was before, and the hand-over that changed its owner, with the reason that was given for it."""

    previous_owner_id: UUID | None = None
    hand_over_id: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope(Generic[E]):
    """An event as a reader gets it."""

    id: UUID
    type: str
    subject: UUID
    version: int
    time: datetime
    """When it happened in the business; `data.recorded_at` is when we learnt it."""
    data: E
    traceparent: str | None = None


def topic(aggregate: str) -> str:
    return f"clinch.{aggregate}.events.v1"


def headers(
    *,
    id: UUID,
    type: str,
    subject: UUID,
    version: int,
    time: datetime,
    traceparent: str | None,
    publisher: str | None = None,
    public_url: str = "",
) -> dict[str, str]:
    """CloudEvents attributes in Kafka's binary mode. `publisher` is who tells it, for a type that this version may not know.

    `public_url` is where the schemas are served. Without it `dataschema` begins at the origin, and is no absolute URI as CloudEvents asks.
    """
    made = {
        "ce_id": str(id),
        "ce_source": f"/clinch/{publisher or REGISTRY[type].publisher}",
        "ce_type": type,
        "ce_specversion": SPEC_VERSION,
        "ce_time": time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ce_subject": str(subject),
        "ce_dataschema": f"{public_url}/schemas/{type}.json",
        "ce_partitionkey": str(subject),
        "ce_sequence": f"{version:019d}",
        "content-type": "application/json",
    }
    if traceparent:
        made["traceparent"] = traceparent
    return made


def structured(headers: Mapping[str, str], value: bytes) -> bytes:
    """The same event in CloudEvents' structured mode, one JSON object: over HTTP and in webhooks. `value` must be JSON."""
    attributes = {name[3:]: text for name, text in headers.items() if name.startswith("ce_")}
    attributes["datacontenttype"] = headers.get("content-type", "application/json")
    if "traceparent" in headers:
        attributes["traceparent"] = headers["traceparent"]
    return to_json(attributes)[:-1] + b', "data": ' + value + b"}"


def read_time(text: str) -> datetime:
    """A time of an event. Raises ValueError for one that calendars and zones cannot reckon with: no reader may keep it."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"the header ce_time has no zone: {text}")
    if not READABLE_YEARS[0] <= time.year < READABLE_YEARS[1]:
        raise ValueError(f"nobody can reckon with the time in the header ce_time: {text}")
    return time


def decode(headers: Mapping[str, str], value: bytes, subject: UUID | None = None) -> Envelope[Event] | None:
    """The event of a message, or None for a type this reader does not know. Raises ValueError when it cannot be read.

    `subject` spares reading it again.
    """
    kind = REGISTRY.get(headers.get("ce_type", ""))
    if kind is None:
        return None
    try:
        return Envelope(
            UUID(headers["ce_id"]),
            kind.type,
            subject or UUID(headers["ce_subject"]),
            int(headers["ce_sequence"]),
            read_time(headers["ce_time"]),
            kind.model_validate_json(value),
            headers.get("traceparent"),
        )
    except KeyError as missing:
        raise ValueError(f"the message has no header {missing}") from None
