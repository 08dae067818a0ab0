"""`Clinch-Settled`: which open work the request has settled. The list of it over all services lags by the log's moment."""

from starlette.responses import Response

from shared.db.tx import Tx
from shared.worklist.kinds import settled_by

NAME = "Clinch-Settled"
MOST = 50
"""Items that an answer names; one that settles more ends in `...`."""

DOCUMENTED = {
    "description": 'The open work that this request settled, as `GET /v1/tasks` had it: `follow_up;id="0198...", approval;id="5c1e..."`. '
    f"Up to {MOST}, then `...`; none where nothing was",
    "schema": {"type": "string"},
}


async def name_settled(tx: Tx, response: Response) -> None:
    """Add the header to a successful answer, before it is kept for its Idempotency-Key."""
    found = settled_by([(one.event, one.subject) for one in await tx.all_told()])
    if found:
        named = [f'{kind};id="{id}"' for kind, id in found[:MOST]]
        response.headers[NAME] = ", ".join([*named, *(["..."] if len(found) > MOST else [])])
