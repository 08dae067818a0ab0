"""What people say of a payment, once: the body and the answer take it from here."""

from typing import Annotated

from pydantic import BaseModel, Field

from contract_svc.payments.record import PaymentChannel
from shared.fields import Key


class PaymentFields(BaseModel):
    channel: PaymentChannel = PaymentChannel.BANK_TRANSFER
    reference: Annotated[Key | None, Field(description="What the bank or the provider calls it")] = None
