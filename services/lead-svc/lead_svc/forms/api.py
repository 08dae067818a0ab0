"""`/v1/forms`: definitions of web forms, the versions they had, and what was sent. `/v1/leads/{id}/submissions`: what a lead sent."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from lead_svc.forms import commands, submissions
from lead_svc.forms.fields import Definition, FormFields, FormKey
from lead_svc.forms.queries import LIST, OF_FORM, OF_LEAD, SUBMISSIONS_LIST, VERSIONS_LIST, VERSIONS_OF_FORM
from lead_svc.forms.record import Form, FormState, FormVersion, Submission, SubmissionState, form_id
from lead_svc.forms.rules import ACCEPT, DEFINE, FORM_ACTS, SUBMISSION_ACTS, may_read
from lead_svc.forms.tables import FORMS
from lead_svc.leads.queries import SEEN
from shared.access.kinds import LEADS, unmasked
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.db.tx import Reader
from shared.errors import Forbidden
from shared.fields import PERSONAL
from shared.http.answer import Answer
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import Patch
from shared.http.permit import permitted


async def _reads(by: CurrentActor) -> None:
    if not may_read(by):
        raise Forbidden("Forms are for marketing, sales operations, and those who see all leads.")


router = APIRouter(prefix="/v1/forms", tags=["forms"], route_class=ClinchRoute, dependencies=[Depends(_reads)])
of_lead = APIRouter(prefix="/v1/leads", tags=["forms"], route_class=ClinchRoute)
Key = Annotated[str, Path(description="The key of the form.")]


class FormIn(FormFields, Body):
    key: FormKey


class FormPatch(Patch, FormFields):
    """The definition; the key stays. Lists are given whole."""


class FormItem(FormFields, Answer):
    id: UUID
    key: str
    state: FormState
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, form: Form) -> "FormItem":
        return FormItem.model_construct(**_shown(form, FormItem))


class FormOut(FormItem):
    allowed_actions: list[AllowedAction]

    @classmethod
    def by(cls, form: Form, by: Actor) -> "FormOut":
        return FormOut.model_construct(**_shown(form, FormItem), allowed_actions=shown(FORM_ACTS, form, by))


class FormVersionOut(FormFields, Answer):
    """What the form was from then on."""

    number: int
    state: FormState
    by: UUID
    at: datetime

    @classmethod
    def of(cls, version: FormVersion) -> "FormVersionOut":
        return FormVersionOut.model_construct(**_shown(version, FormVersionOut))


def _shown(row: Form | FormVersion, of: type[FormFields]) -> dict[str, Any]:
    defined = row.defined
    return {name: getattr(defined if name in Definition.model_fields else row, name) for name in of.model_fields}


class SubmissionOut(Answer):
    """What somebody sent. `answers` is null for roles that see leads masked. `refusal`: why it could not be taken, as a code."""

    version_says_all: ClassVar[bool] = False  # what the worker does with it has no version of its own

    id: UUID
    form_id: UUID
    form_version: int
    state: SubmissionState
    refusal: str | None
    lead_id: UUID | None
    origin: Annotated[str | None, Field(description="The site it came from, as the browser said.")]
    answers: Annotated[dict[str, str] | None, PERSONAL]
    consents: Annotated[dict[str, str], Field(description="By purpose, the version of the text that they agreed to.")]
    touch: dict[str, str]
    received_at: datetime
    erased_at: datetime | None = Field(description="Since when what they wrote is no more.")
    version: int
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, row: Submission, by: Actor) -> "SubmissionOut":
        known: dict[str, Any] = {name: getattr(row, name) for name in cls.model_fields if name != "allowed_actions"}
        known |= {} if unmasked(LEADS, by) else {"answers": None}
        return SubmissionOut.model_construct(**known, allowed_actions=shown(SUBMISSION_ACTS, row, by))


@router.post("", status_code=201, dependencies=[permitted(DEFINE)])
async def define_form(body: FormIn, tx: InTx, by: CurrentActor, response: Response) -> FormOut:
    """Define a web form. 409 when there is one of this key. For marketing and sales operations."""
    form = await commands.define(tx, body.key, body.only(FormFields))
    response.headers["Location"] = f"/v1/forms/{form.key}"
    return FormOut.by(form, by)


@router.get("")
async def list_forms(page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor) -> Page[FormItem]:
    """The forms. For marketing, sales operations, and those who see all leads."""
    return await LIST.page(db, page, each=FormItem.of)


@router.get("/{key}")
async def get_form(key: Key, db: Reading, by: CurrentActor) -> FormOut:
    return FormOut.by(await _form(db, key), by)


async def _form(db: Reader, key: str) -> Form:
    return await db.get(FORMS, form_id(key))


@router.patch("/{key}")
async def change_form(key: Key, body: FormPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> FormOut:
    """Change the definition, as a new version. Pages that show an earlier text are still taken, with the version that they show."""
    return FormOut.by(await commands.change(tx, key, body.given(), expect), by)


@router.post("/{key}/switch-off")
async def switch_form_off(key: Key, tx: InTx, by: CurrentActor, expect: IfMatch) -> FormOut:
    """Take no submissions any more: pages that still send them are told so (409 `form_off`)."""
    return FormOut.by(await commands.switch(tx, key, FormState.OFF, expect), by)


@router.post("/{key}/switch-on")
async def switch_form_on(key: Key, tx: InTx, by: CurrentActor, expect: IfMatch) -> FormOut:
    """Take submissions again."""
    return FormOut.by(await commands.switch(tx, key, FormState.ON, expect), by)


@router.get("/{key}/versions")
async def list_form_versions(
    key: Key, page: Annotated[PageRequest, Depends(VERSIONS_LIST.params)], db: Reading, by: CurrentActor
) -> Page[FormVersionOut]:
    """All that the form ever was, the oldest first: consents name the texts of their time."""
    form = await _form(db, key)
    return await VERSIONS_LIST.page(db, page, where=VERSIONS_OF_FORM, params={"form_id": form.id}, each=FormVersionOut.of)


@router.get("/{key}/submissions")
async def list_submissions(
    key: Key, page: Annotated[PageRequest, Depends(SUBMISSIONS_LIST.params)], db: Reading, by: CurrentActor
) -> Page[SubmissionOut]:
    """What was sent by the form, the newest first; `state=held` is what looks like a robot's."""
    form = await _form(db, key)
    return await SUBMISSIONS_LIST.page(db, page, where=OF_FORM, params={"form_id": form.id}, each=lambda row: SubmissionOut.of(row, by))


@router.post("/{key}/submissions/{submission_id}/accept", dependencies=[permitted(ACCEPT)])
async def accept_submission(key: Key, submission_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> SubmissionOut:
    """Say that a person has sent what looked like a robot's: it is taken like others then."""
    return SubmissionOut.of(await submissions.accept(tx, await _form(tx, key), submission_id, expect), by)


@of_lead.get("/{lead_id}/submissions")
async def list_submissions_of_lead(
    lead_id: UUID, page: Annotated[PageRequest, Depends(SUBMISSIONS_LIST.params)], db: Reading, by: CurrentActor
) -> Page[SubmissionOut]:
    """What the lead sent by forms, with all that they wrote, the newest first."""
    lead = await SEEN.get(db, by, lead_id)
    return await SUBMISSIONS_LIST.page(db, page, where=OF_LEAD, params={"lead_id": lead.id}, each=lambda row: SubmissionOut.of(row, by))
