import ssl

import pytest

from shared.log.bus import open_bus
from shared.log.bus.kafkaurl import connection_options


def test_a_kafka_url_tells_how_to_connect() -> None:
    plain = connection_options("kafka://a:9092,b:9093")
    assert plain["bootstrap_servers"] == ["a:9092", "b:9093"]
    assert plain["security_protocol"] == "PLAINTEXT"
    safe = connection_options("kafkas://clinch:p%40ss:word@a:9093?sasl_mechanism=SCRAM-SHA-512")
    assert (safe["security_protocol"], safe["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (safe["sasl_plain_username"], safe["sasl_plain_password"]) == ("clinch", "p@ss:word")
    assert isinstance(safe["ssl_context"], ssl.SSLContext)
    assert connection_options("kafka://u:p@a:1")["security_protocol"] == "SASL_PLAINTEXT"


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "",
        "kafka://",
        "kafka://a:1?acks=0",
        "kafka://a:1?ca_file=x",
        "kafkas://a:1?ca_file=/no/such.pem",
        "kafka://u:p@a:1?sasl_mechanism=GSSAPI",
    ],
)
def test_a_bad_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="URL") as refused:
        open_bus(url)
    assert "localhost" not in str(refused.value)  # it may hold a password
