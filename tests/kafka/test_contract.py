"""What every log behind the relay keeps, on a real broker: the same tests as of the other two logs."""

import pytest

from tests.kafka.brokerlog import BrokerLog

pytest.register_assert_rewrite("tests.shared.bus.test_contract")

from tests.shared.bus.conftest import bus, topic  # noqa: E402, F401
from tests.shared.bus.test_contract import *  # noqa: E402, F403


@pytest.fixture
def log(broker: str) -> BrokerLog:
    return BrokerLog(broker)
