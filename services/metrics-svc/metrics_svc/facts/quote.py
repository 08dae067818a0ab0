"""Quotes: what was offered to the customer of a deal, and what they said yes to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, Who, kept, read_kept
from metrics_svc.counting.fact import Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.times import Calendar, microseconds
from metrics_svc.histogram import bucket_of
from shared.events import quote as events
from shared.events.envelope import Envelope, Event

LANE = "quotes"


@dataclass(slots=True)
class QuotedDeal:
    """A deal with what its quotes told, in the order of the times: at, quote, kind, list price, net, and the dimensions.

    `skipped`: the guards that the deal had not met when a quote was accepted: at, quote, guards.
    """

    id: UUID
    quotes: list[list[Any]] = field(default_factory=list)
    skipped: list[list[Any]] = field(default_factory=list)


@dataclass(slots=True)
class QuoteFact(Placed):
    """The first quote of a deal was `sent`, or a later one `sent_again`; one was `accepted`, or its acceptance `taken_back`.

    An acceptance is taken back when a later version is sent or accepted, or the quote is withdrawn. `cohort_at` is when the deal was
    first quoted for, `owner_id` who had it then; `accepted_owner_id` who had it at the acceptance. Amounts are in the reporting currency.
    `skipped_gates` of an acceptance are the guards that the deal had not met by then.
    """

    deal_id: UUID
    n: int
    kind: str
    at: datetime
    cohort_at: datetime
    list_total: Decimal
    net: Decimal
    accepted_owner_id: UUID | None = None
    accepted_team_id: UUID | None = None
    wait_us: int | None = None  # from the first sending to the acceptance
    wait_bucket: int | None = None
    skipped_gates: list[str] = field(default_factory=list)


_KINDS: dict[type[Event], str] = {events.QuoteSent: "sent", events.QuoteAccepted: "accepted", events.QuoteWithdrawn: "withdrawn"}
_ORDER = tuple(_KINDS.values())
"""Of what happened to a quote at the same time."""


def _heard(row: QuotedDeal, e: Envelope[events.QuoteEvent], _: Calendar) -> None:
    """Versions of a quote are told apart from each other, so their order is that of their times."""
    data = e.data
    worth = [str(amount.amount * data.fx) for amount in (data.list_total, data.net)]
    told = [e.time.isoformat(), str(e.subject), _KINDS[type(data)], *worth, *kept(data)]
    row.quotes = sorted([*row.quotes, told], key=lambda entry: (datetime.fromisoformat(entry[0]), entry[1], _ORDER.index(entry[2])))
    if isinstance(data, events.QuoteAccepted) and data.skipped_gates:
        row.skipped = sorted([*row.skipped, [*told[:2], data.skipped_gates]], key=lambda entry: entry[:2])


class _Told(NamedTuple):
    at: datetime
    quote: str
    kind: str
    list_total: Decimal
    net: Decimal
    who: Who


def _read(quotes: Iterable[list[Any]]) -> Iterator[_Told]:
    for at, quote, kind, list_total, net, *who in quotes:
        yield _Told(datetime.fromisoformat(at), quote, kind, Decimal(list_total), Decimal(net), read_kept(who))


def derive(row: QuotedDeal) -> list[QuoteFact]:
    made: list[QuoteFact] = []
    first: _Told | None = None
    standing: _Told | None = None
    """The acceptance that holds."""
    skipped = {(datetime.fromisoformat(at), quote): gates for at, quote, gates in row.skipped}

    def add(kind: str, at: datetime, of: _Told, member: _Told) -> None:
        wait = microseconds(of.at - member.at) if kind in ("accepted", "taken_back") else None
        made.append(
            QuoteFact(
                *member.who,
                deal_id=row.id,
                n=len(made),
                kind=kind,
                at=at,
                cohort_at=member.at,
                list_total=of.list_total,
                net=of.net,
                accepted_owner_id=of.who[0] if wait is not None else None,
                accepted_team_id=of.who[1] if wait is not None else None,
                wait_us=wait,
                wait_bucket=None if wait is None else bucket_of(wait),
                skipped_gates=skipped.get((of.at, of.quote), []) if kind == "accepted" else [],
            )
        )

    for told in _read(row.quotes):
        if first is None and told.kind != "withdrawn":
            first = told
            add("sent", told.at, told, told)
        elif told.kind == "sent":
            add("sent_again", told.at, told, told)
        if first is not None and standing is not None and (told.kind != "withdrawn" or told.quote == standing.quote):
            add("taken_back", told.at, standing, first)
            standing = None
        if first is not None and told.kind == "accepted":
            add("accepted", told.at, told, first)
            standing = told
    return made


QUOTED_DEAL = Fact(
    "quoted_deal",
    QuotedDeal,
    ("id",),
    lane=LANE,
    record="deal",
    hears=dict.fromkeys(_KINDS, _heard),
    through=dict.fromkeys(_KINDS, "deal_id"),
    begins=(events.QuoteCreated,),
    derive=derive,
)

FACT = Fact(
    "quote_fact",
    QuoteFact,
    ("deal_id", "n"),
    lane=LANE,
    record="deal",
    indexes=("kind at", "kind cohort_at", "owner_id"),
    sparse=("accepted_owner_id",),
    constraints={"waiting": "wait_us >= 0 AND at >= cohort_at"},
)

# By when the deal was first quoted for: a deal counts once, whatever the versions of its quotes.
QUOTED = Measure("quoted", QuoteFact, at="at", cohort="cohort_at", where={"kind": "sent"})
YES = Measure("quote_accepted", QuoteFact, at="at", cohort="cohort_at", seconds="wait", where={"kind": "accepted"})
YES_BACK = Measure("quote_taken_back", QuoteFact, at="at", cohort="cohort_at", seconds="wait", where={"kind": "taken_back"})

# By when they were sent, whatever the version.
SENT = Measure("quotes_sent", QuoteFact, at="at", where={"kind": "sent"})
SENT_AGAIN = Measure("quotes_sent_again", QuoteFact, at="at", where={"kind": "sent_again"})

# By when the customer said yes; what is taken back is taken off in the period in which that happened.
ACCEPTED_LIST, ACCEPTED_NET, BACK_LIST, BACK_NET = (
    Measure(f"{kind}_{value}", QuoteFact, at="at", value=value, credit="accepted", where={"kind": kind})
    for kind in ("accepted", "taken_back")
    for value in ("list_total", "net")
)
