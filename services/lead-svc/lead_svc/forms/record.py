"""A form, the versions that it had, and what people sent by it, as their rows hold them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from lead_svc.forms.fields import Definition
from shared.acts import Subject
from shared.errors import Unmet
from shared.ids import external_id
from shared.stored import Stored


class FormState(StrEnum):
    ON = "on"
    OFF = "off"


class SubmissionState(StrEnum):
    """How far what somebody sent has come."""

    RECEIVED = "received"
    """Kept; the worker has not looked at it yet."""
    TAKEN = "taken"
    HELD = "held"
    """Perhaps by a robot: the field that people do not see was filled. Somebody looks at it."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Form:
    id: UUID
    version: int
    key: Annotated[str, Stored(unique=True, comment="what pages post to")]
    state: FormState
    name: str
    source: str | None
    campaign: str | None
    medium: str | None
    definition: Annotated[dict[str, Any], Stored(comment="fields, consents, origins and what else `Definition` has")]
    created_at: datetime
    updated_at: datetime

    @property
    def defined(self) -> Definition:
        return Definition.model_validate(self.definition)


@dataclass(frozen=True, slots=True)
class FormVersion:
    """What a form was from a change on. It stays: consents name the texts of their time."""

    form_id: Annotated[UUID, Stored(refers="form.id")]
    number: Annotated[int, Stored(comment="the form's version from then on")]
    state: FormState
    name: str
    source: str | None
    campaign: str | None
    medium: str | None
    definition: dict[str, Any]
    by: UUID
    at: datetime

    @property
    def defined(self) -> Definition:
        return Definition.model_validate(self.definition)


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody sent. `id` follows from the form and the submission's own id, so that sending it again changes nothing."""

    id: UUID
    version: int
    form_id: Annotated[UUID, Stored(refers="form.id")]
    form_version: int
    state: SubmissionState
    refusal: Annotated[str | None, Stored(comment="why it could not be taken, as a code")]
    lead_id: Annotated[UUID | None, Stored(refers="lead.id")]
    signal_id: UUID | None
    origin: Annotated[str | None, Stored(comment="which site it came from, as the browser says")]
    answers: Annotated[dict[str, str], Stored(comment="personal: field -> what they wrote")]
    consents: Annotated[dict[str, str], Stored(comment="purpose -> version of the text that they agreed to")]
    touch: Annotated[dict[str, str], Stored(comment="what brought them, as the landing address said")]
    visitor: Annotated[str | None, Stored(comment="personal: the visitor's id, until it is taken")]
    received_at: datetime
    updated_at: datetime
    erased_at: Annotated[datetime | None, Stored(comment="since when what they wrote is no more; that they sent it stays")] = None


@lru_cache(maxsize=256)
def form_id(key: str) -> UUID:
    return external_id("form", key)


FORM = Subject[Form, None](
    name="form",
    label="form",
    states=FormState,
    state=lambda form: form.state,
    owner=lambda *_: None,
    not_owner=Unmet("role", "Only marketing, sales operations or an admin keep forms."),
    wrong_state=lambda form, _: Unmet("wrong_state", f"The form is {form.state} already."),
)
SUBMISSION = Subject[Submission, None](
    name="form_submission",
    label="submission",
    states=SubmissionState,
    state=lambda one: one.state,
    owner=lambda *_: None,
    not_owner=Unmet("role", "Only marketing, sales operations or an admin decide on submissions."),
    wrong_state=lambda one, needed: Unmet("wrong_state", f"The submission is {one.state}; this needs {' or '.join(needed)}."),
)
