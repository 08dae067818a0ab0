"""Sending without I/O: signatures, waits, the end of a target."""

import base64
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from standardwebhooks import Webhook as Oracle
from standardwebhooks import WebhookVerificationError

from shared.ids import new_id
from shared.outbound import rules, signature
from shared.outbound.numbers import Sending
from shared.outbound.record import DeliveryState, DisableReason
from shared.outbound.rules import Answer

BY = Sending()
BACK_OFF = tuple(timedelta(seconds=s) for s in BY.back_off_seconds)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ID = UUID("0198c0de-0000-7000-8000-000000000001")
TAKEN, FAILED, GONE = Answer(204, None, 0.1), Answer(500, None, 0.1), Answer(410, None, 0.1)
BODY = b'{"type":"test"}'


# -- The signature ---------------------------------------------------------------------------------------------------------


def test_a_secret_has_32_random_bytes_and_the_standard_s_prefix() -> None:
    secret = signature.new_secret()
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert signature.new_secret() != secret


def test_while_secrets_change_either_of_them_verifies_and_no_other() -> None:
    new, old, now = signature.new_secret(), signature.new_secret(), datetime.now(UTC)
    body = BODY
    headers = signature.headers([new, old], ID, now, body)
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (new, old):
        Oracle(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Oracle(signature.new_secret()).verify(body, headers)


@pytest.mark.parametrize("changed", ["body", "webhook-id", "webhook-timestamp"])
def test_what_is_changed_on_the_way_does_not_verify(changed: str) -> None:
    secret, now = signature.new_secret(), datetime.now(UTC)
    body = BODY
    headers = signature.headers([secret], ID, now, body)
    if changed == "body":
        body += b" "
    else:
        headers[changed] = {"webhook-id": str(new_id()), "webhook-timestamp": str(int(now.timestamp()) + 1)}[changed]
    with pytest.raises(WebhookVerificationError):
        Oracle(secret).verify(body, headers)


# -- Waits -----------------------------------------------------------------------------------------------------------------


@given(tries=st.integers(1, len(BACK_OFF)), jitter=st.floats(-1, 1), status=st.sampled_from([None, 301, 400, 404, 500, 503]))
def test_a_failure_is_tried_again_after_its_wait_give_or_take_a_fifth(tries: int, jitter: float, status: int | None) -> None:
    then = rules.after(tries, Answer(status, None, 0.1), NOW, jitter, BY)
    assert then.state is DeliveryState.PENDING
    assert then.due_at is not None
    assert 0.8 <= (then.due_at - NOW) / BACK_OFF[tries - 1] <= 1.2


def test_it_is_tried_for_three_days_and_then_no_more() -> None:
    assert timedelta(days=3) < sum(BACK_OFF, timedelta()) < timedelta(days=4)
    assert rules.after(len(BACK_OFF) + 1, FAILED, NOW, 0, BY) == rules.Next(DeliveryState.FAILED, None)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(status: int) -> None:
    assert rules.after(1, Answer(status, None, 0.1), NOW, 0, BY) == rules.Next(DeliveryState.DELIVERED, None)


@pytest.mark.parametrize(
    ("status", "asked", "wait"),
    [
        (429, timedelta(hours=1), timedelta(hours=1)),
        (503, timedelta(hours=1), timedelta(hours=1)),
        (503, timedelta(days=400), timedelta(hours=24)),
        (503, timedelta(seconds=1), timedelta(seconds=5)),
        (503, timedelta(days=-3), timedelta(seconds=5)),
        (500, timedelta(hours=1), timedelta(seconds=5)),
        (503, None, timedelta(seconds=5)),
    ],
)
def test_retry_after_is_honoured_within_bounds(status: int, asked: timedelta | None, wait: timedelta) -> None:
    assert rules.after(1, Answer(status, None, 0.1, asked), NOW, 0, BY).due_at == NOW + wait


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("120", timedelta(seconds=120)),
        (format_datetime(NOW + timedelta(hours=2), usegmt=True), timedelta(hours=2)),
        ("999999999999999999999", timedelta(seconds=9_999_999_999)),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_reading_retry_after(header: str | None, read: timedelta | None) -> None:
    assert rules.retry_after(header, NOW) == read


@given(st.text(max_size=60))
def test_no_retry_after_can_break_us(header: str) -> None:
    answer = Answer(503, None, 0.1, rules.retry_after(header, NOW))
    due = rules.after(1, answer, NOW, 1, BY).due_at
    assert due is not None
    assert NOW + timedelta(seconds=4) <= due <= NOW + timedelta(hours=24)


# -- The end of a target ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "failing", "reason"),
    [
        (GONE, None, DisableReason.GONE),
        (FAILED, timedelta(days=5), DisableReason.FAILING),
        (FAILED, timedelta(days=4, hours=23), None),
        (FAILED, None, None),
        (TAKEN, timedelta(days=30), None),
    ],
)
def test_who_is_disabled(answer: Answer, failing: timedelta | None, reason: DisableReason | None) -> None:
    assert rules.to_disable(answer, NOW - failing if failing else None, NOW, BY) is reason


class OneDelivery(RuleBasedStateMachine):
    """A delivery and its target, as the worker moves them: whatever receivers answer, it ends, and says how."""

    @initialize()
    def begin(self) -> None:
        self.now, self.tries = NOW, 0
        self.next = rules.Next(DeliveryState.PENDING, NOW)
        self.failing_since: datetime | None = None
        self.disabled: DisableReason | None = None
        self.answers: list[Answer] = []

    @precondition(lambda self: self.next.state is DeliveryState.PENDING and self.disabled is None)
    @rule(
        status=st.sampled_from([None, 200, 302, 404, 410, 429, 500, 503]),
        later=st.none() | st.timedeltas(timedelta(0), timedelta(days=9)),
        jitter=st.floats(-1, 1),
    )
    def attempt(self, status: int | None, later: timedelta | None, jitter: float) -> None:
        assert self.next.due_at is not None
        self.now = max(self.now, self.next.due_at)
        answer = Answer(status, None, 0.1, later)
        self.answers.append(answer)
        self.tries += 1
        self.next = rules.after(self.tries, answer, self.now, jitter, BY)
        self.failing_since = None if answer.is_taken else self.failing_since or self.now
        self.disabled = rules.to_disable(answer, self.failing_since, self.now, BY)

    @precondition(lambda self: self.disabled is not None)
    @rule()
    def enable(self) -> None:
        self.disabled = self.failing_since = None

    @precondition(lambda self: self.next.state is not DeliveryState.PENDING and self.disabled is None)
    @rule()
    def redeliver(self) -> None:
        self.tries, self.next, self.answers = 0, rules.Next(DeliveryState.PENDING, self.now), []

    @invariant()
    def it_is_where_its_answers_say(self) -> None:
        taken = any(a.is_taken for a in self.answers)
        assert (self.next.state is DeliveryState.DELIVERED) == taken
        assert (self.next.due_at is not None) == (self.next.state is DeliveryState.PENDING)
        assert self.tries <= len(BACK_OFF) + 1
        if self.failing_since is not None and self.disabled is None:
            assert self.now - self.failing_since < timedelta(days=BY.disable_after_days)
        if self.next.state is DeliveryState.FAILED:
            assert self.answers[-1].is_gone or self.tries == len(BACK_OFF) + 1
        if self.next.due_at is not None:
            assert self.next.due_at - self.now <= max(*BACK_OFF, timedelta(hours=BY.longest_wait_hours)) * 1.2


TestOneDelivery = OneDelivery.TestCase
