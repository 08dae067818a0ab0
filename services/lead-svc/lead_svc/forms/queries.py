"""Reads of forms, of the versions that they had, and of what was sent by them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import fields
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, bindparam, select

from lead_svc.forms.fields import Definition
from lead_svc.forms.record import Form, FormVersion, Submission
from lead_svc.forms.tables import FORM, FORM_VERSION, SUBMISSION
from shared.db.query import Query
from shared.db.tx import Reader
from shared.http.listing import Listing

LIST = Listing(
    FORM,
    Form,
    filters={name: FORM.c[name] for name in ("key", "state", "campaign", "source", "created_at")},
    sorts=("created_at", "name"),
    default="-created_at",
    search=(FORM.c.name, FORM.c.key),
)
SUBMISSIONS_LIST = Listing(
    SUBMISSION,
    Submission,
    filters={name: SUBMISSION.c[name] for name in ("state", "lead_id", "received_at")},
    sorts=("received_at",),
    default="-received_at",
)
OF_FORM: ColumnElement[bool] = SUBMISSION.c.form_id == bindparam("form_id", type_=Uuid)
OF_LEAD: ColumnElement[bool] = SUBMISSION.c.lead_id == bindparam("lead_id", type_=Uuid)
IDS_OF_LEAD = Query(select(SUBMISSION.c.id).where(OF_LEAD).order_by(SUBMISSION.c.received_at.desc()).limit(200), UUID)
"""Of the newest: the timeline shows that they were sent."""

VERSIONS_LIST = Listing(FORM_VERSION, FormVersion, filters={}, sorts=("number",), default="number", key="number")
VERSIONS_OF_FORM: ColumnElement[bool] = FORM_VERSION.c.form_id == bindparam("form_id", type_=Uuid)
_versions = select(*[FORM_VERSION.c[f.name] for f in fields(FormVersion)]).where(VERSIONS_OF_FORM)
_VERSIONS = Query(_versions.order_by(FORM_VERSION.c.number), FormVersion)
AT_VERSION = Query(_versions.where(FORM_VERSION.c.number == bindparam("number", type_=Integer)), FormVersion)


async def definitions(db: Reader, form: Form) -> list[Definition]:
    """All that the form ever was, the oldest first."""
    return [one.defined for one in await db.all(_VERSIONS, form_id=form.id)]


async def texts(db: Reader, form: Form, named: Collection[str]) -> Mapping[str, Collection[str]]:
    """The versions of consent texts that the form has shown, by purpose.

    The past is read only where a page `named` a version that is not shown now.
    """
    now = form.defined.texts()
    if set(named) <= set(now.values()):
        return {purpose: {version} for purpose, version in now.items()}
    found = defaultdict(set)
    for one in await definitions(db, form):
        for purpose, version in one.texts().items():
            found[purpose].add(version)
    return found
