"""lead-svc: leads from capture to conversion, and the companies and people they are about."""

from pathlib import Path

from lead_svc.metadata import metadata
from lead_svc.team.api import router as team
from shared.service import Service

service = Service(
    name="lead-svc",
    prefixes=["/v1/leads", "/v1/accounts", "/v1/contacts", "/v1/team", "/v1/imports/leads"],
    metadata=metadata,
    migrations=Path(__file__).parent / "migrations",
    routers=[team],
    description=__doc__,
)
