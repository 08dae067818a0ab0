"""What a Kafka URL says. Apart from the driver, so that a setting can be checked without loading that."""

import ssl
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SASL_OPTIONS = {"sasl_mechanism"}  # where the URL names a user
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
TLS_OPTIONS = {"ca_file", "cert_file", "key_file"}  # of kafkas://


def connection_options(url: str) -> dict[str, Any]:
    """aiokafka's connection arguments for `kafka://[user:password@]host:port[,host:port][?option=...]`.

    A user means SASL: PLAIN, or what the option `sasl_mechanism` names. `kafkas://` speaks TLS; it trusts the system's
    authorities, or those in the PEM file `ca_file`, and shows the certificate in `cert_file` (its key in `key_file`) to
    brokers that ask for one. Raises ValueError for any other option or mechanism, and for files that cannot be used.
    """
    parts = urlsplit(url)
    account, _, hosts = parts.netloc.rpartition("@")
    if not hosts:
        raise ValueError("a Kafka URL names at least one host:port")
    secure = parts.scheme == "kafkas"
    given = dict(parse_qsl(parts.query))
    if unknown := given.keys() - (SASL_OPTIONS if account else set()) - (TLS_OPTIONS if secure else set()):
        raise ValueError(f"this Kafka URL does not take the option {min(unknown)}")
    options: dict[str, Any] = {"bootstrap_servers": hosts.split(",")}
    options["security_protocol"] = ("SASL_" if account else "") + ("SSL" if secure else "PLAINTEXT")
    if secure:
        options["ssl_context"] = _tls(**{name: given[name] for name in given.keys() & TLS_OPTIONS})
    if account:
        user, _, password = account.partition(":")
        mechanism = given.get("sasl_mechanism", MECHANISMS[0])
        if mechanism not in MECHANISMS:
            raise ValueError(f"a Kafka URL's sasl_mechanism is one of {', '.join(MECHANISMS)}")
        options |= {"sasl_plain_username": unquote(user), "sasl_plain_password": unquote(password), "sasl_mechanism": mechanism}
    return options


def _tls(ca_file: str | None = None, cert_file: str | None = None, key_file: str | None = None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if cert_file:
            context.load_cert_chain(cert_file, key_file)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"the files that the Kafka URL names cannot be used: {error}") from error
    return context
