"""`/v1/signals`: what leads and visitors do. `/v1/leads/{id}/signals` and `/touches`: what is known of a lead."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from lead_svc.leads.queries import SEEN as LEADS_SEEN
from lead_svc.signals import commands
from lead_svc.signals.fields import SignalFields, WhoFields
from lead_svc.signals.queries import ENDS, LIST, OF_LEAD, SEEN, SEEN_ROWS, TOUCHES, TOUCHES_OF_LEAD, SignalOut, TouchOut, of_known
from lead_svc.signals.rules import RECORD, NewSignal
from lead_svc.signals.tables import SIGNALS
from shared.access.kinds import LEADS, reach
from shared.auth import CurrentActor
from shared.db.tx import Tx
from shared.errors import Problem
from shared.fields import Key, When
from shared.http.body import Body
from shared.http.bulk import Bulk, BulkResult, Done
from shared.http.edge import ClinchRoute, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.openapi import or_known
from shared.http.permit import permitted
from shared.ids import external_id

router = APIRouter(
    prefix="/v1/signals",
    tags=["signals"],
    route_class=ClinchRoute,
)
of_lead = APIRouter(prefix="/v1/leads", tags=["signals"], route_class=ClinchRoute)

_SAID = tuple(SignalFields.model_fields)
_WHO = tuple(WhoFields.model_fields)


class SignalIn(SignalFields, WhoFields, Body):
    """Somebody did something that shows interest. The same `signal_id` again changes nothing."""

    signal_id: Annotated[Key, Field(description="Your id of the signal. Begin it with the name of your system: it is unique among all.")]
    at: When = None

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        if not any(getattr(self, name) for name in _WHO):
            raise PydanticCustomError("nobody", "Say whose signal it is: lead_id, external_id, email, phone or visitor_id.")
        return self

    def new(self) -> NewSignal:
        said = {name: getattr(self, name) for name in _SAID}
        return NewSignal(external_id("signal", self.signal_id), self.at, said, **{name: getattr(self, name) for name in _WHO})


@router.post("", status_code=201, responses=or_known(SignalOut), dependencies=[permitted(RECORD)])
async def record_signal(body: SignalIn, tx: InTx, by: CurrentActor, response: Response) -> SignalOut:
    """Record a signal of a lead, or of a visitor whose name is not known yet. One that was sent before changes nothing (200).

    A signal with a visitor's id and a name joins the two: what the visitor did before is that lead's from then on.
    """
    new = body.new()
    (answer,) = await commands.record(tx, [new])
    if isinstance(answer, Problem):
        raise answer
    response.status_code = 201 if answer else 200
    signal = SignalOut.model_validate(await tx.get(SIGNALS, new.id), from_attributes=True)
    # Nor does the version say whether it waits.
    return signal if reach(LEADS, by).everything else signal.model_copy(update={"lead_id": None, "version": 0})


@router.post("/bulk", status_code=207, dependencies=[permitted(RECORD)])
async def record_signals(body: Bulk[SignalIn], tx: InTx) -> BulkResult:
    """Record up to 500 signals, each answered on its own. Doing the same again changes nothing."""
    return await body.run(lambda signals: _record(tx, signals))


async def _record(tx: Tx, signals: list[SignalIn]) -> list[Done | Problem]:
    new = [signal.new() for signal in signals]
    answers = await commands.record(tx, new)
    return [
        answer if isinstance(answer, Problem) else Done(signal.id, 201 if answer else 200)
        for signal, answer in zip(new, answers, strict=True)
    ]


@router.get("", response_model=LIST.page_of(SignalOut))
async def list_signals(page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor) -> Page[SignalOut]:
    """The signals of all leads that you may see, newest first."""
    found = await LIST.page(db, page, where=of_known(SEEN_ROWS.listed(by)), params=SEEN_ROWS.params(by))
    return await LIST.embedding(db, by, page, found)


@router.get("/{signal_id}")
async def get_signal(signal_id: UUID, db: Reading, by: CurrentActor) -> SignalOut:
    return SignalOut.model_validate(await SEEN.get(db, by, signal_id), from_attributes=True)


@of_lead.get("/{lead_id}/signals", response_model=LIST.page_of(SignalOut))
async def list_signals_of_lead(
    lead_id: UUID, page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor
) -> Page[SignalOut]:
    """What the lead has done that shows interest, newest first."""
    lead = await LEADS_SEEN.get(db, by, lead_id)
    return await LIST.embedding(db, by, page, await LIST.page(db, page, where=OF_LEAD, params={"lead_id": lead.id}))


@of_lead.get("/{lead_id}/touches")
async def list_touches_of_lead(
    lead_id: UUID, page: Annotated[PageRequest, Depends(TOUCHES.params)], db: Reading, by: CurrentActor
) -> Page[TouchOut]:
    """What brought the lead to us: the first touch, the last one and all between, the first one first."""
    lead = await LEADS_SEEN.get(db, by, lead_id)
    found = await TOUCHES.page(db, page, where=TOUCHES_OF_LEAD, params={"lead_id": lead.id})
    ends = await db.one(ENDS, lead_id=lead.id)
    items = [TouchOut.of(touch, ends) for touch in found.items]
    return Page[TouchOut].model_construct(items=items, next_cursor=found.next_cursor, count=found.count)
