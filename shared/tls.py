"""Whom this process trusts when it calls others by TLS: certifi's authorities, or those in `SSL_CERT_FILE`."""

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """One for all clients of the process: to read the authorities takes 25 ms and 1 MB each time."""
    return httpx.create_ssl_context()
