"""The plumbing tables that every service's database has a copy of. No business rule and no table of one service."""

from shared.db.tables.approvals import APPROVAL, APPROVAL_STEP
from shared.db.tables.base import NAMING, PLUMBING, At, service_metadata
from shared.db.tables.bulk import BULK_JOB, BULK_RECORD
from shared.db.tables.deadlines import DEADLINE
from shared.db.tables.documents import DOCUMENT, LINK
from shared.db.tables.imports import IMPORT_CHUNK, IMPORT_JOB, IMPORT_PROBLEM
from shared.db.tables.log import CONSUMER_OFFSET, CONSUMER_SEEN, DEAD_LETTER, EVENT, OUTBOX, OUTBOX_LETTER
from shared.db.tables.people import ACCESS_LOG, MEMBERSHIP, PARTY_ACCOUNT, PARTY_MERGE, ROSTER
from shared.db.tables.policy import COMPANY, POLICY_COPY, POLICY_DIFFERENCE, POLICY_SIMULATION, POLICY_VERSION, RATE
from shared.db.tables.tasks import TASK
from shared.db.tables.work import BLOCKED_TASK, HAND_OVER, IDEMPOTENCY, LEASE, RATE_LIMIT, TIMER

__all__ = [
    "ACCESS_LOG",
    "APPROVAL",
    "APPROVAL_STEP",
    "BLOCKED_TASK",
    "BULK_JOB",
    "BULK_RECORD",
    "COMPANY",
    "CONSUMER_OFFSET",
    "CONSUMER_SEEN",
    "DEADLINE",
    "DEAD_LETTER",
    "DOCUMENT",
    "EVENT",
    "HAND_OVER",
    "IDEMPOTENCY",
    "IMPORT_CHUNK",
    "IMPORT_JOB",
    "IMPORT_PROBLEM",
    "LEASE",
    "LINK",
    "MEMBERSHIP",
    "NAMING",
    "OUTBOX",
    "OUTBOX_LETTER",
    "PARTY_ACCOUNT",
    "PARTY_MERGE",
    "PLUMBING",
    "POLICY_COPY",
    "POLICY_DIFFERENCE",
    "POLICY_SIMULATION",
    "POLICY_VERSION",
    "RATE",
    "RATE_LIMIT",
    "ROSTER",
    "TASK",
    "TIMER",
    "At",
    "service_metadata",
]
