"""`/v1/tasks`: what is to be done, over all services."""

from typing import Annotated

from fastapi import APIRouter, Depends

from metrics_svc.worklist.access import listed
from metrics_svc.worklist.queries import LIST, params_of
from metrics_svc.worklist.record import TaskOut
from shared.auth import CurrentActor
from shared.http.edge import ClinchRoute, Reading
from shared.http.listing import Page, PageRequest

router = APIRouter(tags=["tasks"], route_class=ClinchRoute)


@router.get("/v1/tasks")
async def list_tasks(page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor) -> Page[TaskOut]:
    """Open work over all services, the most urgent first: follow-ups, first responses, wake-ups and what rules ask for about leads, next
    steps of deals, approvals, acceptances and milestones due of contracts. You see what is about records that you see.

    It follows the services by the log's moment. The answer to an act names in `Clinch-Settled` what it settled.
    """
    return await LIST.page(db, page, where=listed(by), params=params_of(by, page), each=TaskOut.of)
