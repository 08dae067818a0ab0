"""The registry of event types."""

import pytest

from shared.events.envelope import REGISTRY, Event
from shared.events.lead import LeadCaptured


def test_a_type_that_is_declared_twice_is_refused() -> None:
    with pytest.raises(TypeError, match=r"clinch\.lead\.captured\.v1 is declared twice: by LeadCaptured and Again"):

        class Again(Event, type="lead.captured"):
            pass

    assert REGISTRY["clinch.lead.captured.v1"] is LeadCaptured


def test_a_second_version_of_a_type_is_another_type() -> None:
    class RegistryTried(Event, type="registry.tried"):
        pass

    class RegistryTriedAgain(Event, type="registry.tried", version=2):
        pass

    try:
        assert (REGISTRY.pop("clinch.registry.tried.v1"), REGISTRY.pop("clinch.registry.tried.v2")) == (RegistryTried, RegistryTriedAgain)
    finally:
        REGISTRY.pop("clinch.registry.tried.v1", None)
        REGISTRY.pop("clinch.registry.tried.v2", None)
