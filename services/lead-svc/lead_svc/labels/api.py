"""`GET /v1/labels`: what people read for the names that all services use: states, reasons, roles, acts, events, KPIs."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from shared.auth import CurrentActor
from shared.documents.record import Language
from shared.http.edge import ClinchRoute
from shared.labels import labels

router = APIRouter(prefix="/v1/labels", tags=["labels"], route_class=ClinchRoute)


class LabelsOut(BaseModel):
    lang: Language
    groups: dict[str, dict[str, str]] = Field(
        description="What each group of names is called, for example `lead_state`, `reason`, `stage`, `loss_reason`, `contract_state`, "
        "`role`, `act` (as `allowed_actions` has them), `event` (by type), `kpi`, `flag`, `export`. A value that is not here is newer.",
        examples=[{"lead_state": {"captured": "已录入"}}],
    )


@router.get("")
async def list_labels(_: CurrentActor, lang: Annotated[Language, Query(description="Chinese or English.")] = "en") -> LabelsOut:
    """What to show people for states, reasons, roles, acts, events and KPIs of all services, in their language."""
    return LabelsOut.model_validate({"lang": lang, "groups": labels(lang)})
