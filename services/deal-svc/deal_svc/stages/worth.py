"""What a deal is worth when its contract is signed."""

from typing import Any

from deal_svc.quotes.tables import QUOTES
from shared.db.tx import Reader
from shared.events.contract import ContractSigned
from shared.events.envelope import Money


async def what_was_signed(db: Reader, contract: ContractSigned) -> tuple[dict[str, Any], Money | None]:
    """The deal's amount, currency and rate by this contract, and the tax that comes on top.

    A contract that an earlier release told of does not say what of it is net: then its quote does. Where neither is known the deal's own
    amount stays.
    """
    if contract.net is not None:
        return {"amount": contract.net.amount, "currency": contract.net.currency, "fx": contract.fx}, contract.tax
    quote = await db.first(QUOTES.get, id=contract.quote_id)
    if quote is None:
        return {}, None
    return {"amount": quote.net, "currency": quote.currency, "fx": contract.fx}, Money(amount=quote.tax, currency=quote.currency)
