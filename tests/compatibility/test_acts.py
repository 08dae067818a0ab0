"""Every change that the API offers is an act, and every act that people may do is an operation of the API."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from clinch.dev.acts import acts_of, by_record
from clinch.dev.documents import ROOT
from clinch.run.services import load
from clinch.run.settings import SERVICES
from shared.acts import Act

SAME_ACT = {
    "capture_leads": "capture_lead",
    "record_signals": "record_signal",
    "set_rates": "set_rate",
    "redeliver_webhook_delivery": "redeliver_webhook",
    "redeliver_notification_delivery": "redeliver_notification_channel",
    "accept_quote_link": "accept_quote",
    "decline_quote_link": "reject_quote",
}
"""Operations that do what another one does, with many records, with one, or by a customer's link: the act names that other one."""
NO_ACT = {"view_quote_link", "price_quote", "propose_quote"}
"""What a page tells of itself, which the act of Clinch's own stands for; and questions that are asked by POST, and change nothing."""


def acts(short: str) -> list[Act[Any, Any]]:
    return acts_of(f"{short}_svc")


def operations(short: str) -> Iterator[tuple[str, str]]:
    """Operation ids with their methods. Letters, timers, imports and policies are the platform's, the same in each service."""
    document = orjson.loads((ROOT / "docs" / "openapi" / f"{short}-svc.json").read_bytes())
    for path, methods in document["paths"].items():
        if not path.startswith(("/v1/operations/", "/v1/imports/", "/v1/policies/")):
            yield from ((operation["operationId"], method) for method, operation in methods.items())


@pytest.mark.parametrize("short", SERVICES)
def test_every_change_is_an_act(short: str) -> None:
    performed = NO_ACT | {act.operation for act in acts(short)} | {f"bulk_{act.name}_{act.of.name}s" for act in acts(short) if act.bulk}
    changes = {id for id, method in operations(short) if method != "get"}
    assert {SAME_ACT.get(id, id) for id in changes} - performed == set()


@pytest.mark.parametrize("short", SERVICES)
def test_every_act_is_performed_by_an_operation(short: str) -> None:
    known = {id for id, _ in operations(short)}
    of_others = {id for other in SERVICES if other != short for id, _ in operations(other)}
    assert {act.operation for act in acts(short) if act.operation and not act.elsewhere} - known == set()
    assert {act.operation for act in acts(short) if act.elsewhere} - of_others == set()


@pytest.mark.parametrize("short", SERVICES)
def test_acts_of_a_record_have_names_of_their_own_and_say_what_they_do(short: str) -> None:
    for record, of_record in by_record(acts(short)).items():
        names = [act.name for act in of_record]
        assert sorted(set(names)) == sorted(names), record
        assert [act.name for act in of_record if not act.says] == [], record


@pytest.mark.parametrize("short", SERVICES)
def test_what_an_act_tells_is_told_by_its_service(short: str) -> None:
    service = load(short).name
    assert [(act.name, e.type) for act in acts(short) for e in act.tells if e.publisher != service] == []
