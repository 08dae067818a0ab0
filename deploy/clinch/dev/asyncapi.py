"""The AsyncAPI 3.1 document of all events, made from the event registry and from what the services listen to."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.events.envelope import EVERY_SERVICE, SPEC_VERSION, Event, topic

_UUID = {"type": "string", "format": "uuid"}
_HEADERS: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0 in Kafka's binary mode: the attributes are headers, the value is the data as plain JSON.",
    "required": [
        *("ce_id", "ce_source", "ce_type", "ce_specversion", "ce_time", "ce_subject"),
        *("ce_dataschema", "ce_partitionkey", "ce_sequence", "content-type"),
    ],
    "properties": {
        "ce_id": {**_UUID, "description": "The event's own id: tells a duplicate."},
        "ce_source": {"type": "string", "format": "uri-reference"},
        "ce_type": {"type": "string"},
        "ce_specversion": {"const": SPEC_VERSION},
        "ce_time": {"type": "string", "format": "date-time", "description": "When it happened in the business; an import tells the past."},
        "ce_subject": {**_UUID, "description": "The aggregate's id."},
        "ce_dataschema": {
            "type": "string",
            "format": "uri-reference",
            "description": "Where the schema of the data is served: an absolute URI, or a path from the origin in old events and where no "
            "public URL is set.",
        },
        "ce_partitionkey": {**_UUID, "description": "The message's key: the aggregate's id."},
        "ce_sequence": {"type": "string", "pattern": r"^\d{19}$", "description": "The aggregate's version, counted from 1 without gaps."},
        "content-type": {"const": "application/json"},
        "traceparent": {"type": "string", "description": "W3C trace context of the request that caused it."},
    },
}


def asyncapi(published: Mapping[str, type[Event]], readers: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """The document of the `published` events by type; `readers` are the types that each service listens to."""
    by_topic: dict[str, list[type[Event]]] = {}
    for event in published.values():
        by_topic.setdefault(topic(event.aggregate), []).append(event)
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Clinch events",
            "version": "1",
            "description": "What the services tell each other and everyone else. All events of an aggregate are in one topic, in the "
            "order of its versions; delivery is at least once. Fields are only ever added, and optional: ignore what you do not know.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "variables": {"bootstrap": {"default": "localhost:9092", "description": "A broker of the installation."}},
            }
        },
        "channels": {name: _channel(name, events) for name, events in by_topic.items()},
        "operations": {
            **{
                f"{publisher}.send.{events[0].aggregate}": _operation("send", events)
                for events in by_topic.values()
                for publisher in (readers if events[0].publisher == EVERY_SERVICE else [events[0].publisher])
            },
            **_receiving({name: [published[t] for t in sorted(types)] for name, types in readers.items()}),
        },
        "components": {
            "messages": {type_: _message(event) for type_, event in published.items()},
            "schemas": {"CloudEventHeaders": _HEADERS},
        },
    }


def _channel(name: str, events: Sequence[type[Event]]) -> dict[str, Any]:
    return {
        "address": name,
        "description": f"Everything that happens to a {events[0].aggregate}, told by {events[0].publisher}.",
        "messages": {e.type: {"$ref": f"#/components/messages/{e.type}"} for e in events},
        "bindings": {"kafka": {"topic": name, "partitions": 8, "bindingVersion": "0.5.0"}},
    }


def _message(event: type[Event]) -> dict[str, Any]:
    schema = f"{event.type}.json"
    source = {} if event.publisher == EVERY_SERVICE else {"ce_source": f"/clinch/{event.publisher}"}
    fixed: dict[str, Any] = {name: {"const": text} for name, text in {"ce_type": event.type, **source}.items()}
    fixed["ce_dataschema"] = {"pattern": f"/schemas/{re.escape(schema)}$"}
    return {
        "name": event.type,
        "title": event.__name__,
        "description": (event.__doc__ or f"{event.__name__}.").strip(),
        "contentType": "application/json",
        "headers": {"allOf": [{"$ref": "#/components/schemas/CloudEventHeaders"}, {"properties": fixed}]},
        "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": {"$ref": f"../schemas/{schema}"}},
        "correlationId": {"location": "$message.payload#/correlation_id"},
        "bindings": {"kafka": {"key": _UUID, "bindingVersion": "0.5.0"}},
    }


def _operation(action: str, events: Sequence[type[Event]]) -> dict[str, Any]:
    channel = f"#/channels/{topic(events[0].aggregate)}"
    return {"action": action, "channel": {"$ref": channel}, "messages": [{"$ref": f"{channel}/messages/{e.type}"} for e in events]}


def _receiving(readers: Mapping[str, Sequence[type[Event]]]) -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for service, heard in sorted(readers.items()):
        for aggregate in dict.fromkeys(e.aggregate for e in heard):
            operations[f"{service}.receive.{aggregate}"] = _operation("receive", [e for e in heard if e.aggregate == aggregate])
    return operations
