"""What lead-svc told of accounts and people by name, from the beginning of the log on.

They have their own reader, because the first names were told before names were kept.
"""

from collections.abc import Sequence
from typing import Any

from shared import names
from shared.db.tx import Tx
from shared.events.envelope import Envelope
from shared.events.lead import AccountCreated, PersonAdded
from shared.log.readers import folding
from shared.names import Known


async def _hear(tx: Tx, events: Sequence[Envelope[Any]]) -> None:
    await names.learn(tx, "account", [_known(e) for e in events if isinstance(e.data, AccountCreated) and e.data.external_id])
    await names.learn(tx, "person", [_known(e) for e in events if isinstance(e.data, PersonAdded) and e.data.external_id])


def _known(e: Envelope[Any]) -> Known:
    return Known(e.data.external_id, e.subject, e.time, e.data.imported)


READER = folding("names", _hear, [AccountCreated, PersonAdded], split_from=("deal-names",))
