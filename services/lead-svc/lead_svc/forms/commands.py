"""Defining forms, changing them, and switching them off and on."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from pydantic import ValidationError

from lead_svc.forms import rules
from lead_svc.forms.fields import Definition, Whole
from lead_svc.forms.queries import definitions
from lead_svc.forms.record import Form, FormState, FormVersion, form_id
from lead_svc.forms.rules import CHANGE, DEFINE, SWITCH_OFF, SWITCH_ON
from lead_svc.forms.tables import FORM_VERSION, FORMS
from shared.db.query import Query
from shared.db.tx import Tx
from shared.errors import Invalid, Rejected
from shared.events.form import FormChanged, FormDefined, FormSwitchedOff, FormSwitchedOn
from shared.policy.company import sources_of
from shared.sentences import sentence
from shared.spelling import with_source

_NAMES = tuple(f.name for f in fields(FormVersion))
_ADD_VERSION = Query(FORM_VERSION.insert(), FormVersion)
_DEFINED = frozenset(Definition.model_fields)


async def define(tx: Tx, key: str, said: Mapping[str, Any]) -> Form:
    """Define a form. `Rejected` when there is one of this key."""
    DEFINE.permit(tx.actor)
    given = _stored(tx, said)
    form = Form(id=form_id(key), version=1, key=key, state=FormState.ON, created_at=tx.now, updated_at=tx.now, **given)
    if not await tx.add_new(FORMS, [(form, [(FormDefined.of(form, **_told(form)), tx.now)])]):
        raise Rejected("There is a form of this key already.", code="key_taken")
    await _keep(tx, form)
    return form


async def change(tx: Tx, key: str, given: Mapping[str, Any], expect: int | None) -> Form:
    form = await tx.load(FORMS, form_id(key), expect)
    CHANGE.check(form, tx.actor)
    before = {**form.definition, **{name: getattr(form, name) for name in ("name", "source", "campaign", "medium")}}
    after = _stored(tx, before | dict(given))
    if refused := rules.text_changed(Definition.model_validate(after["definition"]), await definitions(tx, form)):
        raise refused
    changed = sorted(name for name in given if _value(form, name) != _value(replace(form, **after), name))
    if not changed:
        return form
    told = FormChanged.of(replace(form, **after), **_told(replace(form, **after)), changed=changed)
    return await _keep(tx, await tx.save(FORMS, form, told, **after))


async def switch(tx: Tx, key: str, to: FormState, expect: int | None) -> Form:
    form = await tx.load(FORMS, form_id(key), expect)
    act, kind = (SWITCH_ON, FormSwitchedOn) if to is FormState.ON else (SWITCH_OFF, FormSwitchedOff)
    act.check(form, tx.actor)
    return await _keep(tx, await tx.save(FORMS, form, kind(form_id=form.id, form=form.key), state=to))


async def _keep(tx: Tx, form: Form) -> Form:
    """Keep the form as it is now among its versions."""
    known = FormVersion(
        form.id, form.version, form.state, form.name, form.source, form.campaign, form.medium, form.definition, tx.actor.id, tx.now
    )
    await tx.run(_ADD_VERSION, **{name: getattr(known, name) for name in _NAMES})
    return form


def _stored(tx: Tx, said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a form, as its row holds it. `Invalid` where it makes no sense as a whole."""
    given = with_source(said, sources_of(tx))
    try:
        whole = Whole.model_validate({name: given[name] for name in _DEFINED if name in given})
    except ValidationError as error:
        (first, *_) = error.errors()
        raise Invalid(sentence(first), pointer="".join(f"/{part}" for part in first["loc"]), code=first["type"]) from None
    return {name: given.get(name) for name in ("name", "source", "campaign", "medium")} | {"definition": whole.model_dump(mode="json")}


def _value(form: Form, name: str) -> Any:
    return form.definition[name] if name in _DEFINED else getattr(form, name)


def _told(form: Form) -> dict[str, Any]:
    return {"form_id": form.id, "form": form.key, "text_versions": form.defined.texts()}
