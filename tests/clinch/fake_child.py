"""Stands in for the API, the worker or the schema step: `python fake_child.py NAME --data ... --port ... --listen FD --ready FD`."""

import json
import os
import signal
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

PEOPLE = {"admin": "a-token"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200 if self.path == "/readyz" else 404, {"pid": os.getpid()})

    def do_POST(self) -> None:
        role = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["role"]
        known = role in PEOPLE
        body = {"access_token": PEOPLE[role], "expires_in": 3600} if known else {"error_description": "there is no such role"}
        self._answer(200 if known else 400, body)

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def serve(fd: int) -> None:
    server = HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket = socket.socket(fileno=fd)
    server.serve_forever()


def say_ready(given: dict[str, str], name: str) -> None:
    os.write(int(given["--ready"]), f"{name}\n".encode())


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests in the background has it ignored
    name, arguments = sys.argv[1], sys.argv[2:]
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    if Path(given["--data"], f"{name}-is-broken").exists():
        sys.exit("no such module")
    if name == "schema":
        print("Bringing the lead database to its newest revision", flush=True)
    elif name == "api":
        say_ready(given, name)
        serve(int(given["--listen"]))
    elif name == "bad-settings":
        print("CLINCH_TIME_ZONE: not an IANA time zone", file=sys.stderr)
        sys.exit(2)
    elif name == "broken":
        sys.exit("no such module")
    else:
        Path(given["--data"], "worked").write_text(str(os.getpid()))
        say_ready(given, name)
        time.sleep(600)


if __name__ == "__main__":
    main()
