"""Says in the log which contracts of its accounts were signed."""

import structlog

from shared.db.tx import Tx
from shared.events.contract import ContractSigned
from shared.events.envelope import Envelope
from shared.log.reactions import on
from shared.log.readers import reacting

log = structlog.get_logger()


@on(ContractSigned)
async def signed(_tx: Tx, e: Envelope[ContractSigned]) -> None:
    """Says in the log of the service which contract was signed."""
    log.info("contract_signed", contract=str(e.subject))


READER = reacting("signed", signed)
