"""W1: create a lead with token, validation, idempotency key and event, against a row and an event row written by hand."""

from collections.abc import Iterator

import orjson

from lead_svc.service import service
from shared.ids import new_id
from tests.bench.compare import Progress, Side, compare, throughput
from tests.bench.load import request
from tests.bench.report import Result
from tests.bench.stage import Stage

BODY = orjson.dumps(
    {
        "source": "trade_show",
        "title": "Two lines, 40 seats",
        "company": "Hanse Logistik",
        "contact_name": "Ina Petersen",
        "email": "ina.petersen@hanse.example",
        "region": "north",
    }
)


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    token = stage.token("marketing")

    def keyed(_: int) -> Iterator[bytes]:
        while True:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(new_id())}
            yield request("POST", "/v1/leads", headers, BODY)

    def plain(_: int) -> Iterator[bytes]:
        while True:
            yield request("POST", "/v1/leads", {}, BODY)

    ours, by_hand = await stage.database(service), await stage.database(service)
    async with stage.service(service, ours) as server, stage.yardstick(by_hand) as other:
        measured = await compare(Side("lead-svc", server, keyed), Side("by hand", other, plain), rounds, progress)
    return [
        throughput(
            "W1", "create a lead (token, validation, idempotency key, event)", "FastAPI + asyncpg: the row and an event row", measured
        )
    ]
