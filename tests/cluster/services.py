"""What the network of a cluster does for HTTP: a Service's name leads to one of its ready pods. And a pod's log, for the API server."""

import itertools
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.cluster.client import Client
from tests.cluster.container import address
from tests.cluster.node import Node

NEWS_SECONDS = 0.3
"""How old what we know of a Service's pods may be, as a node learns of them with a delay."""
OF_THE_HOP = {"host", "connection", "proxy-connection", "keep-alive", "content-length"}


class Services:
    """Where a Service's ready pods are, one after the other."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client, self._namespace = client, namespace
        self._known: dict[tuple[str, int], list[str]] = {}
        self._asked = float("-inf")
        self._turn = itertools.count()
        self._lock = threading.Lock()

    def place(self, service: str, port: int) -> str:
        """host:port of one pod. KeyError where there is none."""
        with self._lock:
            if time.monotonic() - self._asked > NEWS_SECONDS:
                self._known, self._asked = self._find(), time.monotonic()
            ready = self._known[service, port]
            return ready[next(self._turn) % len(ready)]

    def _find(self) -> dict[tuple[str, int], list[str]]:
        ports = {
            (one["metadata"]["name"], port["name"]): port["port"]
            for one in self._client.list("services", self._namespace)
            for port in one["spec"]["ports"]
        }
        found: dict[tuple[str, int], list[str]] = {}
        for part in self._client.list("endpointslices", self._namespace):
            name = part["metadata"]["labels"]["kubernetes.io/service-name"]
            for port, endpoint in itertools.product(part.get("ports") or [], part.get("endpoints") or []):
                if endpoint["conditions"]["ready"] and (name, port["name"]) in ports:
                    place = f"{address(endpoint['addresses'][0])}:{port['port']}"
                    found.setdefault((name, ports[name, port["name"]]), []).append(place)
        return found


@contextmanager
def gateway(services: Services) -> Iterator[str]:
    """An HTTP proxy that knows the names of Services; the pods and the tests use it. Gives its URL."""

    class Handler(_Quiet):
        def do_GET(self) -> None:
            target = urlsplit(self.path)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in OF_THE_HOP}
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            try:
                place = services.place(target.hostname or "", target.port or 80)
                url = target._replace(scheme="http", netloc=place).geturl()
                answer = httpx.request(self.command, url, headers=headers, content=body, timeout=30, trust_env=False)
            except (KeyError, httpx.TransportError) as error:
                self.answer(502, repr(error).encode())
            else:
                self.answer(answer.status_code, answer.content, answer.headers.get("content-type", ""))

        do_POST = do_GET

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def logs(node: Node, certificate: Path) -> Iterator[int]:
    """As a kubelet: GET /containerLogs/<namespace>/<pod>/<container>, for `kubectl logs` and Helm. Gives its port."""

    class Handler(_Quiet):
        def do_GET(self) -> None:
            _, _, namespace, pod, _ = urlsplit(self.path).path.split("/")
            self.answer(200, node.log(namespace, pod))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with _serving(server) as port:
        yield port


class _Quiet(BaseHTTPRequestHandler):
    def answer(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
