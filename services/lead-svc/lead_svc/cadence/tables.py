from lead_svc.cadence.record import Stop
from lead_svc.metadata import metadata
from shared.db.record import table

STOP = table(
    "lead_stop",
    metadata,
    Stop,
    key=("lead_id",),
    comment="why an open lead with an owner has no follow-up, where neither its state nor its import says so",
)
