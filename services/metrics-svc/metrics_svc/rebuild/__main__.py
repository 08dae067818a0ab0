"""`python -m metrics_svc.rebuild`: project everything again from the log."""

import asyncio
import sys

from pydantic import ValidationError

from metrics_svc.rebuild.log import rebuild
from metrics_svc.settings import MetricsSettings
from shared.company import OtherCompany, settle
from shared.db.database import Database
from shared.log.bus import BusError, open_bus
from shared.process import heap
from shared.process.settings import one_line


async def main() -> None:
    settings = await settle(MetricsSettings())
    heap.settle()
    db, bus = Database(settings), open_bus(settings.bus_url, client="metrics-svc-rebuild")
    await db.start()
    await bus.start()
    try:
        print(f"metrics-svc: projected {await rebuild(db, bus, settings)} events again")
    finally:
        await bus.stop()
        await db.stop()


try:
    asyncio.run(main())
except ValidationError as error:
    print(f"metrics-svc cannot rebuild: {one_line(error)}", file=sys.stderr)
    raise SystemExit(2) from None
except OtherCompany as error:
    print(f"metrics-svc cannot rebuild: {error}", file=sys.stderr)
    raise SystemExit(2) from None
except BusError as error:
    print(f"metrics-svc cannot rebuild: {error}", file=sys.stderr)
    raise SystemExit(1) from None
