"""What becomes of a submission: kept at once, then taken by the worker, so that no answer tells whether somebody is known."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from lead_svc.consent.commands import granted, keep
from lead_svc.consent.fields import ConsentChannel, Purpose
from lead_svc.forms import rules
from lead_svc.forms.queries import AT_VERSION
from lead_svc.forms.record import Form, FormVersion, Submission, SubmissionState
from lead_svc.forms.rules import ACCEPT, Sent
from lead_svc.forms.tables import FORMS, SUBMISSIONS
from lead_svc.leads.record import OPEN, Lead
from lead_svc.leads.tables import LEADS
from lead_svc.signals.commands import record
from lead_svc.signals.fields import SignalKind
from lead_svc.signals.rules import NewSignal
from lead_svc.signals.tables import SIGNALS
from shared.calendar import day_of
from shared.db.tx import Tx
from shared.errors import Problem
from shared.events.form import FormSubmissionAccepted, LeadFormSubmitted
from shared.events.lead import LeadUpdated
from shared.ids import external_id
from shared.timers import Timer, set_timer

TAKE = "form_submission"
"""The kind of the timer that takes a submission."""


async def receive(tx: Tx, form: Form, sent: Sent, origin: str | None) -> None:
    """Keep what somebody sent, and have the worker take it. The same again changes nothing."""
    state = SubmissionState.HELD if sent.trapped else SubmissionState.RECEIVED
    row = Submission(
        id=external_id("form_submission", f"{form.key} {sent.submission_id or _of_today(tx, sent)}"),
        version=0,
        form_id=form.id,
        form_version=form.version,
        state=state,
        refusal=None,
        lead_id=None,
        signal_id=None,
        origin=origin,
        answers=dict(sent.answers),
        consents=dict(sent.consents),
        touch=dict(sent.touch),
        visitor=sent.visitor_id,
        received_at=tx.now,
        updated_at=tx.now,
    )
    if await tx.add_new(SUBMISSIONS, [(row, [])]) and state is SubmissionState.RECEIVED:
        await set_timer(tx, TAKE, row.id, tx.now)


def _of_today(tx: Tx, sent: Sent) -> str:
    """Stands for the id that a page without a script cannot make: the same answers on the same day are one submission."""
    said = orjson.dumps([sent.answers, sent.consents, day_of(tx.now, tx.settings.zone)], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said).hexdigest()


async def accept(tx: Tx, form: Form, id: UUID, expect: int | None) -> Submission:
    """Take what was held back."""
    row = await tx.load(SUBMISSIONS, id, expect)
    if row.form_id != form.id:
        raise SUBMISSIONS.missing()
    ACCEPT.check(row, tx.actor)
    await set_timer(tx, TAKE, row.id, tx.now)
    told = FormSubmissionAccepted(form_id=form.id, form=form.key)
    return await tx.save(SUBMISSIONS, row, told, state=SubmissionState.RECEIVED)


async def take(tx: Tx, timer: Timer) -> None:
    """Make a signal of a submission, for a lead that is found or made; fill what is not known of it, and keep the consents.

    It is read by the version of the form that it was sent by, whatever the form asks for by now.
    """
    row = await tx.load(SUBMISSIONS, timer.subject)
    if row.state is not SubmissionState.RECEIVED:
        return
    form = await tx.get(FORMS, row.form_id)
    asked = await tx.one(AT_VERSION, form_id=form.id, number=row.form_version)
    said = rules.of_lead(asked.defined, row.answers)
    signal = _signal(asked, row, said)
    (answer,) = await record(tx, [signal])
    lead_id = None if isinstance(answer, Problem) else (await tx.get(SIGNALS, signal.id)).lead_id
    if lead_id is None:
        code = answer.code if isinstance(answer, Problem) else "nobody"
        await tx.save(SUBMISSIONS, row, state=SubmissionState.REFUSED, refusal=code, visitor=None)
        return
    lead = await _fill(tx, lead_id, said)
    await _consent(tx, form, row, lead)
    told = LeadFormSubmitted(lead_id=lead.id, signal_id=signal.id, form_id=form.id, form=form.key, form_version=row.form_version)
    changes = {"state": SubmissionState.TAKEN, "lead_id": lead.id, "signal_id": signal.id, "visitor": None}
    await tx.save(SUBMISSIONS, row, told, at=row.received_at, **changes)


def _signal(form: FormVersion, row: Submission, said: Mapping[str, str]) -> NewSignal:
    touch = {name: row.touch.get(name) for name in ("term", "content")}
    touch |= {name: row.touch.get(name) or getattr(form, name) for name in ("source", "campaign", "medium")}
    return NewSignal(
        id=external_id("signal", f"form {row.id}"),
        at=row.received_at,
        said={"kind": SignalKind.FORM.value, "value": None, **touch},
        email=said.get("email"),
        phone=said.get("phone"),
        visitor_id=row.visitor,
        knows=said,
    )


async def _fill(tx: Tx, id: UUID, said: Mapping[str, Any]) -> Lead:
    """Fill what is not known yet: whoever wrote it has not shown who they are, so nothing that is known changes."""
    lead = await tx.load(LEADS, id)
    missing = {name: value for name, value in said.items() if getattr(lead, name) is None} if lead.state in OPEN else {}
    if not missing:
        return lead
    return await tx.save(LEADS, lead, LeadUpdated.of(replace(lead, **missing), changed=sorted(missing)), **missing)


async def _consent(tx: Tx, form: Form, row: Submission, lead: Lead) -> None:
    proof = f"form {form.key}, version {row.form_version}, submission {row.id}"
    made = [
        granted(tx, lead, Purpose(purpose), channel=ConsentChannel.FORM, text_version=version, proof=proof, at=row.received_at)
        for purpose, version in row.consents.items()
    ]
    await keep(tx, made)
