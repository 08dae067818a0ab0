"""`/v1/views`: how somebody looks at a list, kept under a name, for themselves or for their team too."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends

from lead_svc.views import commands
from lead_svc.views.fields import ViewFields
from lead_svc.views.queries import LIST, SEEN, SEEN_VIEWS, ViewItem
from lead_svc.views.record import View, ViewKind
from lead_svc.views.rules import SAVE, VIEW_ACTS
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import Patch
from shared.http.permit import permitted

router = APIRouter(prefix="/v1/views", tags=["views"], route_class=ClinchRoute)


class ViewIn(ViewFields, Body):
    """What the list does not take is refused with the name of the field."""

    kind: ViewKind


class ViewPatch(Patch, ViewFields):
    """All fields of a view, each of which may be left out. Its list stays what it is."""


class ViewOut(ViewItem):
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, view: View, by: Actor) -> Self:
        known = {name: getattr(view, name) for name in ViewItem.model_fields}
        return cls(**known, allowed_actions=shown(VIEW_ACTS, view, by))


@router.post("", status_code=201, dependencies=[permitted(SAVE)])
async def save_view(body: ViewIn, tx: InTx, by: CurrentActor) -> ViewOut:
    """Keep the filters, order and columns of a list under a name. It holds no records: whoever uses it gets those that they see."""
    return ViewOut.of(await commands.save(tx, body.kind, body.only(ViewFields)), by)


@router.get("")
async def list_views(page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor) -> Page[ViewItem]:
    """Your views, and those that are shared with your team, a team above it, or as a manager with one below it."""
    return await LIST.page(db, page, where=SEEN_VIEWS.visible(by), params=SEEN_VIEWS.params(by))


@router.get("/{view_id}")
async def get_view(view_id: UUID, db: Reading, by: CurrentActor) -> ViewOut:
    return ViewOut.of(await SEEN.get(db, by, view_id), by)


@router.patch("/{view_id}")
async def change_view(view_id: UUID, body: ViewPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> ViewOut:
    """Change a view of your own. What is given of filters or columns takes the place of all that it had."""
    return ViewOut.of(await commands.change(tx, view_id, body.given(), expect), by)


@router.delete("/{view_id}")
async def remove_view(view_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> ViewItem:
    """Remove a view of your own. An admin or sales operations may remove any that is shared."""
    return ViewItem.model_validate(await commands.remove(tx, view_id, expect), from_attributes=True)
