"""Exports about contracts: what is due, what came in, and deadlines."""

from metrics_svc.exports.declared.deals import AMOUNT
from metrics_svc.exports.declared.leads import NUMBER
from metrics_svc.exports.export import Export
from metrics_svc.facts.allocation import AllocationFact
from metrics_svc.facts.deadline import DeadlineFact
from metrics_svc.facts.milestone import MilestoneFact
from metrics_svc.facts.payment import PaymentFact

MILESTONES = Export(
    "milestones",
    version=1,
    of=MilestoneFact,
    says="Every payment milestone as it is now",
    day="due_at",
    columns={
        "id": "The milestone",
        "contract_id": "Its contract",
        "deal_id": "The contract's deal",
        "amount": AMOUNT,
        "paid": f"What of it was paid, if only a part was. {AMOUNT}",
        "due_at": "When its due day begins; empty until it is triggered",
        "waived_at": "When its rest was waived",
        "excused_at": "From when on a waived rest is not owed",
        "excused": f"How much that is. {AMOUNT}",
        "owner_id": "Who has the contract, as the milestone's last event tells",
        "team_id": "The team that they are in",
        "due_owner_id": "Who had the contract on the due day",
        "due_team_id": "The team that they were in then",
    },
)

PAYMENTS = Export(
    "payments",
    version=1,
    of=PaymentFact,
    says="Cash that came in",
    day="received_at",
    there="received_at",
    columns={
        "id": "The payment",
        "contract_id": "The contract that it is for",
        "deal_id": "The contract's deal",
        "amount": AMOUNT,
        "received_at": "When it came",
        "signed_at": "When the contract was signed",
        "reversed_at": "When it was taken back",
        "owner_id": "Who had the contract when it came",
        "team_id": "The team that they were in then",
    },
    left_out=frozenset({"waited", "allocations"}),
)

ALLOCATIONS = Export(
    "allocations",
    version=1,
    of=AllocationFact,
    says="What a payment settles of which milestone",
    day="settles_at",
    columns={
        "payment_id": "The payment",
        "n": NUMBER,
        "deal_id": "The contract's deal",
        "milestone_id": "The milestone",
        "amount": AMOUNT,
        "due_at": "When the milestone's due day begins",
        "settles_at": "From when on it settles: the due day, or the receipt if that was later",
        "taken_back_at": "When the payment was taken back",
        "owner_id": "Who had the contract on the due day",
        "team_id": "The team that they were in then",
    },
)

DEADLINES = Export(
    "deadlines",
    version=1,
    of=DeadlineFact,
    says="A deadline ended: it was met in time, or missed",
    day="at",
    columns={
        "record_id": "The record that had it",
        "n": NUMBER,
        "record": "Its kind",
        "deal_id": "The deal that it belongs to",
        "name": "Which deadline",
        "at": "When it was met in time; else when it was due",
        "in_time": "Whether it was met in time",
    },
)
