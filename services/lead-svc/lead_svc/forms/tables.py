from sqlalchemy import CheckConstraint, Index, text

from lead_svc.forms.record import Form, FormVersion, Submission
from lead_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import SILENT, table

FORM = table("form", metadata, Form, Index("ix_form_created", "created_at", "id"))
FORM_VERSION = table("form_version", metadata, FormVersion, key=("form_id", "number"), comment="append-only: what each form was")
SUBMISSION = table(
    "form_submission",
    metadata,
    Submission,
    CheckConstraint("(state = 'taken') = (lead_id IS NOT NULL)", name="taken_for_a_lead"),
    Index("ix_form_submission_form", "form_id", "received_at", "id"),
    Index("ix_form_submission_lead", "lead_id", "received_at", "id", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_form_submission_kept", "received_at", postgresql_where=text("erased_at IS NULL AND state <> 'received'")),
    info=SILENT,
    comment="what people sent; the network address that it came from is not kept",
)

FORMS = Aggregate(FORM, Form, "form")
SUBMISSIONS = Aggregate(SUBMISSION, Submission, "submission")
