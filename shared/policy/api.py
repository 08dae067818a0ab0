"""The routes of policy documents, the same in every service."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement

from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.db.tables import POLICY_VERSION
from shared.db.tx import Reader
from shared.errors import NotFound
from shared.fields import DAY_SAYS, Reason, Text, read_day, read_time
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Listing, Page, PageRequest
from shared.http.patch import Patch
from shared.http.permit import permitted
from shared.policy import commands
from shared.policy.document import Policy
from shared.policy.record import PolicyState, Running, Version
from shared.policy.rules import DRAW_UP, POLICY_ACTS

Document = Annotated[
    dict[str, Any],
    Field(description="The values by name, as the schema says. What is not given stays as it is; a list is given whole."),
]
Run = Annotated[Running, Field(description="Whether what runs keeps the version that it began with, or moves to this one.")]
Note = Annotated[Text | None, Field(description="Why.")]


def _day_or_time(given: Any) -> Any:
    if not isinstance(given, str):
        raise PydanticCustomError("day_format", DAY_SAYS)
    return read_day(given) if len(given) <= 10 else read_time(given)


With = Annotated[int | None, Query(alias="with", ge=1, le=2**31 - 1, description="Another version; by default the active one.")]
Since = Annotated[
    date | datetime | None,
    BeforeValidator(lambda given: given if given is None else _day_or_time(given)),
    Field(alias="from", description="From when on: a time with its zone, or a day, which begins where the company is. Now if left out."),
]


class PolicyDraftIn(Body):
    document: Document
    running: Run = Running.KEEP
    note: Note = None


class PolicyDraftPatch(Patch):
    document: Document
    running: Run
    note: Note


class PolicyActivateIn(Body):
    since: Since = None


_NOW = PolicyActivateIn()


class PolicyWithdrawIn(Body):
    reason: Reason


class ActivePolicyOut(BaseModel):
    """The active document; `number` is its version."""

    policy: str
    service: str
    number: int
    active_from: datetime | None = Field(description="Null while only the defaults count.")
    waiting: int | None = Field(description="The version that will be active next, if one is approved and its time is settled.")
    document: dict[str, Any]


class PolicyVersionItem(BaseModel):
    """`active_from` of an approved version is when it will be active, if that is settled."""

    id: UUID
    number: int
    state: PolicyState
    based_on: int
    running: Running
    note: str | None
    reason: str | None
    author_id: UUID
    approved_by: UUID | None
    approved_at: datetime | None
    activated_by: UUID | None
    active_from: datetime | None
    retired_at: datetime | None
    moved_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int = Field(description="For If-Match.")


class PolicyChange(BaseModel):
    """A value that differs; `pointer` leads to it in the document."""

    pointer: str
    title: str
    title_zh: str
    before: Any
    after: Any


class PolicyVersionOut(PolicyVersionItem):
    version_says_all: ClassVar[bool] = False

    policy: str
    service: str
    document: dict[str, Any]
    changes: list[PolicyChange] = Field(description="What it says otherwise than the version that it is based on.")
    allowed_actions: list[AllowedAction]


class PolicyDiffOut(BaseModel):
    number: int
    compared_with: int
    changes: list[PolicyChange]


LIST = Listing(
    POLICY_VERSION,
    PolicyVersionItem,
    filters={"state": POLICY_VERSION.c.state, "author_id": POLICY_VERSION.c.author_id, "number": POLICY_VERSION.c.number},
    sorts=("number", "created_at"),
    default="-number",
)


router = APIRouter(prefix="/v1/policies/{policy}", tags=["policies"], route_class=ClinchRoute)


async def _named(request: Request, policy: Annotated[str, Path(description="The document: a service's name, or company.")]) -> Policy[Any]:
    known: Mapping[str, Policy[Any]] = request.app.state.policies
    if policy not in known:
        raise NotFound(f"There is no such document here; there are {', '.join(known)}.")
    return known[policy]


Its = Annotated[Policy[Any], Depends(_named)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Of the version: 1, 2, 3 ...")]


@lru_cache
def _of(name: str) -> ColumnElement[bool]:
    """The same object each time: see `Listing.page`."""
    return POLICY_VERSION.c.name == name


async def _out(db: Reader, policy: Policy[Any], version: Version, by: Actor) -> PolicyVersionOut:
    base = await commands.read(db, policy, version.based_on) if version.based_on else version
    return PolicyVersionOut(
        **{name: getattr(version, name) for name in PolicyVersionItem.model_fields},
        policy=policy.name,
        service=policy.service,
        document=version.document,
        changes=_changes(policy, base, version),
        allowed_actions=shown(POLICY_ACTS, version, by, await commands.facts_of(db, policy)),
    )


def _changes(policy: Policy[Any], base: Version, version: Version) -> list[PolicyChange]:
    return [PolicyChange(**asdict(one)) for one in commands.compared(policy, base.document, version.document)]


@router.get("")
async def read_policy(its: Its, db: Reading, _: CurrentActor) -> ActivePolicyOut:
    """The active document: it is how the process works, and everybody may read it."""
    active, document = await commands.active(db, its), db.policy(its)
    return ActivePolicyOut(
        policy=its.name,
        service=its.service,
        number=active.number if active else document.version,
        active_from=active and active.active_from,
        waiting=(await commands.facts_of(db, its)).waiting,
        document=its.model.read(active.document, active.number).stored() if active else document.stored(),
    )


@router.get("/schema")
async def read_policy_schema(its: Its, _: CurrentActor) -> dict[str, Any]:
    """JSON Schema of the document, for editors: names (`title`, and `x-title-zh` in Chinese), limits and defaults."""
    schema: dict[str, Any] = its.model.model_json_schema()
    return schema


@router.get("/versions")
async def list_policy_versions(
    its: Its, page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, _: CurrentActor
) -> Page[PolicyVersionItem]:
    """All versions, newest first: drafts, the active one, and those that were active before."""
    return await LIST.page(db, page, where=_of(its.name))


@router.post("/versions", status_code=201, dependencies=[permitted(DRAW_UP)])
async def draft_policy(its: Its, body: PolicyDraftIn, tx: InTx, by: CurrentActor, response: Response) -> PolicyVersionOut:
    """Draft a version: the active document with what differs. A dry run says whether it may be so."""
    version = await commands.draft(tx, its, body.document, running=body.running, note=body.note)
    if tx.kept:
        response.headers["Location"] = f"/v1/policies/{its.name}/versions/{version.number}"
    return await _out(tx, its, version, by)


@router.get("/versions/{number}")
async def read_policy_version(its: Its, number: Number, db: Reading, by: CurrentActor) -> PolicyVersionOut:
    return await _out(db, its, await commands.read(db, its, number), by)


@router.patch("/versions/{number}")
async def change_policy_draft(
    its: Its, number: Number, body: PolicyDraftPatch, tx: InTx, by: CurrentActor, expect: IfMatch
) -> PolicyVersionOut:
    """Change a draft. It is then based on the version that is active now."""
    return await _out(tx, its, await commands.change(tx, its, number, expect, body.given()), by)


@router.post("/versions/{number}/approve")
async def approve_policy(its: Its, number: Number, tx: InTx, by: CurrentActor, expect: IfMatch) -> PolicyVersionOut:
    """A director says yes to the draft of somebody else. It decides nothing until it is active."""
    return await _out(tx, its, await commands.approve(tx, its, number, expect), by)


@router.post("/versions/{number}/activate")
async def activate_policy(
    its: Its, number: Number, tx: InTx, by: CurrentActor, expect: IfMatch, body: PolicyActivateIn = _NOW
) -> PolicyVersionOut:
    """Make an approved version active, now or from a moment on. Until then it is approved, and `active_from` says when."""
    return await _out(tx, its, await commands.activate(tx, its, number, expect, body.since), by)


@router.post("/versions/{number}/withdraw")
async def withdraw_policy(
    its: Its, number: Number, body: PolicyWithdrawIn, tx: InTx, by: CurrentActor, expect: IfMatch
) -> PolicyVersionOut:
    """Give up a draft, or an approved version before its time."""
    return await _out(tx, its, await commands.withdraw(tx, its, number, expect, body.reason), by)


@router.get("/versions/{number}/diff")
async def compare_policy_versions(
    its: Its,
    number: Number,
    db: Reading,
    _: CurrentActor,
    against: Annotated[
        int | None, Query(alias="with", ge=1, le=2**31 - 1, description="Another version; by default the active one.")
    ] = None,
) -> PolicyDiffOut:
    """What a version says otherwise than another: `before` is that other one."""
    version = await commands.read(db, its, number)
    other = await commands.read(db, its, against or (await commands.facts_of(db, its)).active)
    return PolicyDiffOut(number=number, compared_with=other.number, changes=_changes(its, other, version))
