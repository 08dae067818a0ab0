"""Refer to what is there, and keep scores and counts within their limits."""

from shared.migrations.constraints import add_check, add_reference

revision = "c4a7d20b91e6"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_reference("team", "parent_id", to="team")
    add_reference("person", "team_id", to="team")
    add_reference("contact", "account_id", to="account")
    add_reference("interaction", "lead_id", to="lead")
    add_check("lead", "bant_score", "bant_score >= 0 AND bant_score <= 100")
    add_check("lead", "counts", "responses >= 0 AND no_response_count >= 0 AND reactivations >= 0")
