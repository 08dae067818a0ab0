"""The routes of simulations: ask for a report on a version, see how far it is, list what it found."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, Field
from sqlalchemy import Uuid, bindparam

from shared.db.tables import POLICY_DIFFERENCE
from shared.http.body import Body
from shared.http.edge import InTx, Reading
from shared.http.listing import Listing, Page, PageRequest
from shared.http.permit import permitted
from shared.policy import simulation
from shared.policy.api import Its, Number, router
from shared.policy.rules import SIMULATE
from shared.policy.simulation import Report, SimulationState

__all__ = ["router"]


class PolicySimulationIn(Body):
    days: Annotated[int, Field(ge=1, le=3650, description="How many days back it looks.")] = 90


_USUAL = PolicySimulationIn()


class SimulatedChange(BaseModel):
    change: str = Field(description="What the active document says, and what the draft would: `sql → captured`.")
    records: int


class SimulatedPart(BaseModel):
    name: str
    says: str
    records: int = Field(description="Records that were looked at.")
    differ: int = Field(description="Those for which the draft would decide otherwise.")
    changes: list[SimulatedChange]
    counts: dict[str, int] = Field(default={}, description="What else was counted, by name: `source:seo`.")
    ratios: dict[str, float | None] = Field(default={}, description="Ratios of these counts; null where there is nothing to divide by.")


class PolicySimulationOut(BaseModel):
    """A report on a version. `kept` records are listed; `left_out` would differ too, and are only counted."""

    id: UUID
    number: int
    days: int
    state: SimulationState
    parts: list[SimulatedPart]
    kept: int
    left_out: int
    error: str | None
    created_at: datetime
    finished_at: datetime | None


class PolicyDifference(BaseModel):
    """A record for which the draft would decide otherwise. `before` is what the active document says."""

    id: UUID
    part: str
    kind: str
    record_id: UUID
    before: Any
    after: Any


LIST = Listing(
    POLICY_DIFFERENCE,
    PolicyDifference,
    filters={name: POLICY_DIFFERENCE.c[name] for name in ("part", "kind", "record_id")},
    sorts=("id",),
    default="id",
)
_OF_REPORT = POLICY_DIFFERENCE.c.simulation_id == bindparam("simulation_id", type_=Uuid)


@router.post("/versions/{number}/simulation", status_code=202, response_model=PolicySimulationOut)
async def simulate_policy(its: Its, number: Number, tx: InTx, response: Response, body: PolicySimulationIn = _USUAL) -> Report:
    """Ask for a report: for which real records of the last days would this version decide otherwise than the active one?

    A worker makes it; ask for it to see how far it is. Asked again while one is on its way, that one is the answer.
    """
    report = await simulation.ask(tx, its, number, body.days)
    if tx.kept:
        response.headers["Location"] = f"/v1/policies/{its.name}/versions/{number}/simulation"
    return report


@router.get("/versions/{number}/simulation", response_model=PolicySimulationOut, dependencies=[permitted(SIMULATE)])
async def read_policy_simulation(its: Its, number: Number, db: Reading) -> Report:
    """The last report on this version, finished or on its way."""
    return await simulation.newest(db, its, number)


@router.get("/versions/{number}/simulation/records", dependencies=[permitted(SIMULATE)])
async def list_policy_differences(
    its: Its, number: Number, page: Annotated[PageRequest, Depends(LIST.params)], db: Reading
) -> Page[PolicyDifference]:
    """The records of the last report that would differ."""
    report = await simulation.newest(db, its, number)
    return await LIST.page(db, page, where=_OF_REPORT, params={"simulation_id": report.id})
