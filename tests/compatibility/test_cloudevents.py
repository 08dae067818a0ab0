"""Our CloudEvents codec against the official SDK, in both directions."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from clinch.dev.documents import published
from shared.events.deal import DealWon
from shared.events.envelope import Money, decode, headers
from tests.compatibility.samples import sample

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=9, minutes=30))])
TIMES = st.datetimes(datetime(1900, 1, 2), datetime(8999, 12, 30), timezones=ZONES)  # noqa: DTZ001 (hypothesis adds the zone)
VERSIONS = st.integers(1, 2**63 - 1)
TRACES = st.none() | st.from_regex(r"\A00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\Z")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**14), max_value=10**14)

DEALS = st.builds(
    DealWon,
    recorded_at=st.none() | TIMES,
    owner_id=st.none() | st.uuids(),
    source=st.none() | TEXTS,
    amount=st.builds(Money, amount=AMOUNTS, currency=st.just("CNY")),
    fx=AMOUNTS,
    reason=st.none() | TEXTS,
    from_stage=TEXTS,
    cycle=st.integers(1, 9),
    opened_at=TIMES,
    seconds_in_stage=st.floats(0, 1e9),
)


def test_the_schema_of_an_event_is_named_by_an_absolute_uri_where_the_origin_is_known() -> None:
    told: Any = {"id": UUID(int=1), "type": DealWon.type, "subject": UUID(int=2), "version": 3, "traceparent": None}
    made = headers(**told, time=datetime(2026, 1, 31, tzinfo=UTC), public_url="https://clinch.example.com/crm")
    assert made["ce_dataschema"] == "https://clinch.example.com/crm/schemas/clinch.deal.won.v1.json"


@given(id=st.uuids(), subject=st.uuids(), version=VERSIONS, time=TIMES, trace=TRACES, data=DEALS)
def test_the_sdk_reads_what_we_write(id: UUID, subject: UUID, version: int, time: datetime, trace: str | None, data: DealWon) -> None:
    made = headers(id=id, type=DealWon.type, subject=subject, version=version, time=time, traceparent=trace)
    value = data.model_dump_json().encode()
    event = from_kafka(KafkaMessage({k: v.encode() for k, v in made.items()}, str(subject), value), JSONFormat())
    assert event.get_specversion() == "1.0"
    assert event.get_id() == str(id)
    assert event.get_type() == "clinch.deal.won.v1"
    assert event.get_source() == "/clinch/deal-svc"
    assert event.get_subject() == str(subject)
    assert event.get_time() == time
    assert event.get_datacontenttype() == "application/json"
    assert event.get_dataschema() == "/schemas/clinch.deal.won.v1.json"
    assert event.get_extension("partitionkey") == str(subject)
    assert int(event.get_extension("sequence")) == version
    read: Any = event.get_data()
    assert DealWon.model_validate(read) == data
    assert Decimal(read["amount"]["amount"]) == data.amount.amount


@given(id=st.uuids(), subject=st.uuids(), version=VERSIONS, time=TIMES, data=DEALS)
def test_we_read_what_the_sdk_writes(id: UUID, subject: UUID, version: int, time: datetime, data: DealWon) -> None:
    attributes = {
        "id": str(id),
        "type": DealWon.type,
        "source": "/clinch/deal-svc",
        "specversion": "1.0",
        "subject": str(subject),
        "time": time,
        "datacontenttype": "application/json",
        "partitionkey": str(subject),
        "sequence": f"{version:019d}",
        "unknownattribute": "left alone",
    }
    message = to_binary(CloudEvent(attributes, data.model_dump(mode="json")), JSONFormat())
    event = decode({k: v.decode() for k, v in message.headers.items()}, message.value)
    assert event is not None
    assert (event.id, event.subject, event.version, event.time) == (id, subject, version, time)
    assert event.data == data


@given(st.lists(st.tuples(VERSIONS, VERSIONS), max_size=5))
def test_sequences_sort_as_text_as_they_sort_as_numbers(pairs: list[tuple[int, int]]) -> None:
    def sequence(version: int) -> str:
        made = headers(id=UUID(int=1), type=DealWon.type, subject=UUID(int=2), version=version, time=datetime.now(UTC), traceparent=None)
        return made["ce_sequence"]

    for a, b in pairs:
        assert (sequence(a) < sequence(b)) == (a < b)


def test_the_headers_of_every_event_are_those_of_the_sdk() -> None:
    """Its own writer gives the very same headers, so that a reader cannot tell who wrote them."""
    for event in published().values():
        ours = sample(event)
        message = KafkaMessage({k: v.encode() for k, v in ours["headers"].items()}, ours["headers"]["ce_partitionkey"], b"{}")
        theirs = to_binary(from_kafka(message, JSONFormat()), JSONFormat())
        written = {k: v.decode() for k, v in theirs.headers.items()}
        assert written == {k: v for k, v in ours["headers"].items() if k != "traceparent"}
        assert theirs.key == ours["headers"]["ce_subject"]
