"""`/v1/tasks`: what is to be done, over all services; `/v1/approvals`: what of it is somebody's yes."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from metrics_svc.worklist.access import listed
from metrics_svc.worklist.queries import APPROVALS, LIST, approvals_of, params_of
from metrics_svc.worklist.record import TaskOut
from shared.auth import CurrentActor
from shared.http.edge import ClinchRoute, Reading
from shared.http.listing import Page, PageRequest

router = APIRouter(tags=["tasks"], route_class=ClinchRoute)


@router.get("/v1/tasks")
async def list_tasks(page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor) -> Page[TaskOut]:
    """Open work over all services, the most urgent first: follow-ups, first responses, wake-ups and what rules ask for about leads, next
    steps of deals, approvals of quotes and contracts, acceptances and milestones due of contracts. You see what is about records that you
    see.

    It follows the services by the log's moment. The answer to an act names in `Clinch-Settled` what it settled.
    """
    return await LIST.page(db, page, where=listed(by), params=params_of(by, page), each=TaskOut.of)


_For = Annotated[
    Literal["me"] | None,
    Query(alias="for", description="`me`: only those that wait for you, by your role or delegated, and not of your own"),
]


@router.get("/v1/approvals")
async def list_approvals(
    page: Annotated[PageRequest, Depends(APPROVALS.params)], db: Reading, by: CurrentActor, for_whom: _For = None
) -> Page[TaskOut]:
    """What waits for somebody's yes over all services: each open step of the approval of a quote, and each open part of the review of a
    contract, of deals and contracts that you see. They are items of `/v1/tasks`.

    `settled_by` names the operation that decides it: `what` is the step or part, and `content_hash` goes with the decision.
    """
    where, params = approvals_of(by, mine=for_whom is not None)
    return await APPROVALS.page(db, page, where=where, params=params, each=TaskOut.of)
