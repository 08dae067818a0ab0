"""Webhooks without I/O: messages, patterns, rotations."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from standardwebhooks import Webhook as Oracle

from metrics_svc.following import patterns
from metrics_svc.webhooks.message import PING, Message
from metrics_svc.webhooks.record import Progress, Webhook, WebhookState
from metrics_svc.webhooks.rules import ROTATE_SECRET
from shared.auth.actor import Actor, Role
from shared.events.envelope import REGISTRY
from shared.ids import new_id
from shared.outbound import signature

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ID = UUID("0198c0de-0000-7000-8000-000000000001")


def won(at: datetime, sequence: int, position: int) -> bytes:
    return Message(position, new_id(), "clinch.deal.won.v1", ID, sequence, at).body


def test_the_standard_s_own_library_accepts_our_signature() -> None:
    secret, now = signature.new_secret(), datetime.now(UTC)
    body = won(NOW, 7, 12)
    read = Oracle(secret).verify(body, signature.headers([secret], new_id(), now, body))
    assert read == {
        "type": "clinch.deal.won.v1",
        "timestamp": "2026-03-02T09:00:00Z",
        "data": {"id": str(ID), "version": 7, "position": 12},
    }


def test_the_same_event_has_the_same_body_in_any_zone() -> None:
    shanghai = NOW.astimezone(tz=datetime.fromisoformat("2026-01-01T00:00:00+08:00").tzinfo)
    bodies = {won(at, 1, 1) for at in (NOW, shanghai)}
    assert len(bodies) == 1
    assert json.loads(bodies.pop())["timestamp"] == "2026-03-02T09:00:00Z"


# -- Types -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "type_", "yes"),
    [
        ("*", "clinch.deal.won.v1", True),
        ("clinch.*", "clinch.deal.won.v1", True),
        ("clinch.deal.*", "clinch.deal.won.v1", True),
        ("clinch.deal.won.*", "clinch.deal.won.v2", True),
        ("clinch.deal.won.v1", "clinch.deal.won.v1", True),
        ("clinch.deal.*", "clinch.dealer.won.v1", False),
        ("clinch.deal.won.v1", "clinch.deal.won.v10", False),
        ("clinch.deal.*", "clinch.deal", False),
        ("clinch.deal", "clinch.deal.won.v1", False),
    ],
)
def test_patterns(pattern: str, type_: str, yes: bool) -> None:
    assert patterns.matches(pattern, type_) is yes


def test_a_pattern_that_no_event_has_is_found_out() -> None:
    known = ["clinch.deal.won.v1", "clinch.lead.captured.v1"]
    assert patterns.unknown(["clinch.deal.*", "clinch.lead.catpured.v1", "*", "clinch.contract.*"], known) == [1, 3]


def test_a_ping_is_no_event() -> None:
    assert PING not in REGISTRY


def test_a_second_rotation_waits_for_the_first() -> None:
    webhook = Webhook(
        id=ID,
        version=1,
        url="https://8.8.8.8/",
        description="",
        types=["*"],
        state=WebhookState.ACTIVE,
        reason=None,
        disabled_at=None,
        created_at=NOW,
        updated_at=NOW,
    )

    def unmet(old_until: datetime | None) -> list[str]:
        progress = Progress(webhook_id=ID, now=NOW, position=0, failing_since=None, delivered_at=None, old_until=old_until)
        return [u.code for u in ROTATE_SECRET.unmet(webhook, progress, Actor.of(ID, {Role.ops}))]

    assert unmet(NOW + timedelta(hours=1)) == ["rotating"]
    assert unmet(NOW) == []
    assert unmet(None) == []
