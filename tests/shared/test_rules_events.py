"""Every event says whom it belongs to, in words that the table of access knows."""

import pytest

from shared.access.kinds import KINDS
from shared.events.envelope import REGISTRY, Event

TOLD = [event for event in REGISTRY.values() if event.__module__.startswith("shared.events")]


def says_whose(event: type[Event]) -> bool:
    if event.audience is not None:
        return event.seen_as is None and event.owned_by is None and event.part_of is None
    return event.seen_as in KINDS and (event.owned_by is None) != (event.part_of is None)


@pytest.mark.parametrize("event", TOLD, ids=lambda event: event.type)
def test_an_event_says_whose_it_is(event: type[Event]) -> None:
    assert says_whose(event), f"{event.__name__} must say seen_as with owned_by or part_of, or audience"
    if event.part_of is not None:
        assert event.part_of in event.model_fields, f"{event.__name__} has no field {event.part_of}"


def test_one_that_does_not_say_it_is_found() -> None:
    class Silent(Event):
        pass

    class Both(Event):
        seen_as = "lead"
        owned_by = "owner_id"
        part_of = "lead_id"

    assert not says_whose(Silent)
    assert not says_whose(Both)


@pytest.mark.parametrize("aggregate", sorted({event.aggregate for event in TOLD}))
def test_all_events_of_an_aggregate_belong_to_the_same(aggregate: str) -> None:
    said = {(e.seen_as, e.owned_by, e.part_of, e.audience) for e in TOLD if e.aggregate == aggregate}
    assert len(said) == 1
    if next(iter(said))[1]:  # a record that somebody owns: one of its events tells who
        assert any("owner_id" in e.model_fields for e in TOLD if e.aggregate == aggregate)
