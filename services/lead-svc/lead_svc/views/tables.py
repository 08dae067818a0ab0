from sqlalchemy import Index, UniqueConstraint

from lead_svc.metadata import metadata
from lead_svc.views.record import View
from shared.db.query import Aggregate
from shared.db.record import table

VIEW = table("saved_view", metadata, View, UniqueConstraint("owner_id", "kind", "name"), Index("ix_saved_view_team", "team_id"))
VIEWS = Aggregate(VIEW, View, "view")
