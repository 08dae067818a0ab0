"""contract-svc: contracts from the accepted quote to the last payment."""

from dataclasses import replace
from pathlib import Path

from contract_svc.attachments.api import delete_objects, sweep_uploads
from contract_svc.attachments.api import router as attachments
from contract_svc.checks import CHECKS, TOTALS
from contract_svc.contracts.api import router as contracts
from contract_svc.contracts.reviews import CONTRACT_APPROVALS
from contract_svc.delivery import deadlines
from contract_svc.delivery.api import router as delivery
from contract_svc.delivery.timers import TIMERS as DELIVERY_TIMERS
from contract_svc.drafting.reactions import READER as DRAFTING
from contract_svc.handover.commands import hand_over
from contract_svc.merging.commands import sweep
from contract_svc.merging.reactions import READER as MERGING
from contract_svc.metadata import metadata
from contract_svc.milestones.api import router as milestones
from contract_svc.payments.api import router as payments
from contract_svc.payments.timers import TIMERS as PAYMENT_TIMERS
from contract_svc.policy import POLICY
from contract_svc.redrafting.api import router as redrafting
from contract_svc.redrafting.reactions import READER as ACCEPTED_QUOTES
from contract_svc.rezone import follow
from contract_svc.signing.api import approvals
from contract_svc.signing.api import router as signing
from shared.access import members
from shared.approvals.timers import timers_of
from shared.deadlines.commands import following
from shared.deadlines.timers import deadline_timers
from shared.events.deal import DealMemberAdded, DealMemberRemoved
from shared.events.party import AccountCreated, AccountMemberAdded, AccountMemberRemoved, AccountUpdated
from shared.handover import store
from shared.parties import directory
from shared.process.service import Service

MEMBERS = (AccountCreated, AccountUpdated, AccountMemberAdded, AccountMemberRemoved, DealMemberAdded, DealMemberRemoved)
"""Who owns the accounts of contracts, and who is in the teams of their deals."""

service = Service(
    name="contract-svc",
    prefixes=["/v1/contracts", "/v1/payments"],
    metadata=metadata,
    policies=[replace(POLICY, simulations=[deadlines.SIMULATION], move=deadlines.move)],
    migrations=Path(__file__).parent / "migrations",
    routers=[contracts, redrafting, attachments, approvals, signing, delivery, milestones, payments],
    readers=[directory.reader(), store.READER, DRAFTING, ACCEPTED_QUOTES, MERGING, members.hearing(MEMBERS)],
    timers={**DELIVERY_TIMERS, **PAYMENT_TIMERS, **deadline_timers(deadlines.DEADLINES), **timers_of(CONTRACT_APPROVALS)},
    follows=[following(deadlines.DEADLINES)],
    jobs=[hand_over, sweep, sweep_uploads, delete_objects],
    checks=CHECKS,
    totals=TOTALS,
    rezone=follow,
    description=__doc__,
)
