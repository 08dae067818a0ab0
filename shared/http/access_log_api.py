"""`/v1/operations/{service}/access-log`: who has read personal data, for auditors."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from shared.acts import Act, who
from shared.auth import CurrentActor, Role
from shared.db.tables import ACCESS_LOG
from shared.http.access_log import logged
from shared.http.edge import ClinchRoute, Reading
from shared.http.listing import Listing, Page, PageRequest
from shared.http.operators import OPERATIONS
from shared.http.permit import permitted
from shared.known import RoleName

AUDIT = Act(
    of=OPERATIONS,
    name="audit",
    operation="list_accesses",
    who=who(Role.admin, Role.director, Role.auditor),
    says="See who has read personal data.",
)


class AccessOut(BaseModel):
    """One read of personal data, or an export of it."""

    id: UUID
    at: datetime
    actor_id: UUID
    actor_role: RoleName
    operation: str = Field(description="The operation's id in the OpenAPI document.", examples=["get_lead"])
    record_id: UUID | None = Field(description="The record that was read; null for a list.")
    records: int | None = Field(description="How many records a list showed.")
    query: str | None = Field(description="What a list was asked for, without the values of personal data.")
    request_id: str = Field(description="The trace of the request, as in its logs.")
    reason: str | None = Field(description="Why, as the header Access-Reason said.")


ACCESSES = Listing(
    ACCESS_LOG,
    AccessOut,
    filters={name: ACCESS_LOG.c[name] for name in ("actor_id", "record_id", "operation", "at")},
    sorts=("at",),
    default="-at",
)


def access_log_router(service: str) -> APIRouter:
    router = APIRouter(prefix=f"/v1/operations/{service}", tags=["operations"], route_class=ClinchRoute, dependencies=[permitted(AUDIT)])

    @router.get("/access-log")
    @logged
    async def list_accesses(page: Annotated[PageRequest, Depends(ACCESSES.params)], db: Reading, by: CurrentActor) -> Page[AccessOut]:
        """Who has read personal data of this service, and exported it, the latest first. Reading this is logged too.

        For admins, directors and auditors.
        """
        return await ACCESSES.page(db, page)

    return router
