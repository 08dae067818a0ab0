"""What people say of a payment, once: the body and the answer take it from here."""

from typing import Annotated

from pydantic import BaseModel, Field

from contract_svc.payments.record import Channel
from shared.fields import Key


class PaymentFields(BaseModel):
    channel: Channel = Channel.BANK_TRANSFER
    reference: Annotated[Key | None, Field(description="What the bank or the provider calls it")] = None
