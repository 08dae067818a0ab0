"""What lead-svc tells of web forms and of what comes in by them. What people wrote is in no event: ids, versions and codes only."""

from uuid import UUID

from pydantic import BaseModel

from shared.events.lead import LeadSvcEvent


class FormTold(BaseModel):
    """What a form is now. `form_id` is its own id, `form` the key that pages post to.

    `text_versions`: for each purpose the version of the consent text that it shows.
    """

    form_id: UUID
    form: str
    source: str | None = None
    campaign: str | None = None
    medium: str | None = None
    text_versions: dict[str, str] = {}


class FormEvent(LeadSvcEvent):
    """About the definition of a form. Nobody owns one: it belongs to whoever sees all leads."""

    seen_as = "lead"
    part_of = "form_id"


class FormDefined(FormEvent, FormTold, type="form.defined"):
    """A web form is defined, and takes submissions."""


class FormChanged(FormEvent, FormTold, type="form.changed"):
    """Its definition changed; `changed` names the fields. Earlier versions stay, for the consents that were given by them."""

    changed: list[str]


class FormSwitchedOff(FormEvent, type="form.switched_off"):
    """The form takes no submissions any more."""

    form_id: UUID
    form: str


class FormSwitchedOn(FormEvent, type="form.switched_on"):
    """The form takes submissions again."""

    form_id: UUID
    form: str


class FormSubmissionEvent(LeadSvcEvent):
    """About a submission, which belongs to whoever sees the lead that it became; before that, to whoever sees all leads."""

    seen_as = "lead"
    part_of = "lead_id"


class FormSubmissionAccepted(FormSubmissionEvent, type="form.submission_accepted", aggregate="form_submission"):
    """A submission that looked like a robot's is a person's after all. The subject is the submission; its lead comes later."""

    form_id: UUID
    form: str
    lead_id: UUID | None = None


class LeadFormSubmitted(FormSubmissionEvent, type="lead.form_submitted", aggregate="form_submission"):
    """Somebody sent a form, at the time of the event, and is this lead. The subject is the submission, and the lead's version stays."""

    lead_id: UUID
    signal_id: UUID
    form_id: UUID
    form: str
    form_version: int
