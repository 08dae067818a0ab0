"""Callers that never pause, while somebody changes the installation under them."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

CALLERS = 4


@contextmanager
def load(url: str, gateway: str, token: str) -> Iterator[Counter[str]]:
    """Requests to `url` through the cluster's Services, until the block ends: how many, by what came back."""
    seen: Counter[str] = Counter()
    end = threading.Event()
    lock = threading.Lock()

    def call() -> None:
        with httpx.Client(proxy=gateway, headers={"authorization": f"Bearer {token}"}, timeout=40) as client:
            while not end.wait(0.02):
                try:
                    came = str(client.get(url).status_code)
                except httpx.TransportError as error:
                    came = repr(error)
                with lock:
                    seen[came] += 1

    threads = [threading.Thread(target=call) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        end.set()
        for thread in threads:
            thread.join()
